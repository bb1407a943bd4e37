"""Results come out: at a set time, or earlier by the manager; each learner is told once."""

import datetime as dt

from django.db import transaction
from django.urls import reverse

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import AttemptState, ExamState
from zhenxue.exams.models import Attempt, Exam
from zhenxue.exams.operations.common import record
from zhenxue.exams.operations.scoring import result_of
from zhenxue.exams.policies import check_can_schedule
from zhenxue.exams.queries.publication import OUT
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel.errors import Conflict
from zhenxue.notices import api as notices

NOTICE = "exams.result"
#: Learners told in one transaction.
BATCH = 100


def publish(*, actor: Actor, exam: Exam, now: dt.datetime) -> Exam:
    """Lets learners read the results before the set time. A second click changes nothing."""
    check_can_schedule(actor, exam.cohort.organisation_id)
    with transaction.atomic():
        exam = _locked(exam.pk)
        if exam.state not in {ExamState.SCHEDULED, ExamState.CLOSED}:
            raise Conflict("exams.exam_state", "这场考试还没有发布或已取消，没有成绩可以公布。")
        if not exam.is_out:
            _publish(actor, exam, now)
    return exam


def publish_due(*, now: dt.datetime) -> int:
    """Publishes every exam whose time has come; how many."""
    due = Exam.objects.filter(
        publish_at__lte=now, published_at__isnull=True, state__in=[ExamState.SCHEDULED, ExamState.CLOSED]
    )
    count = 0
    for pk in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            exam = _locked(pk)
            if not exam.is_out:
                _publish(SYSTEM, exam, now)
                count += 1
    return count


def tell_results(*, now: dt.datetime) -> int:
    """Tells every learner whose result is out and who has not seen it yet; how many. Safe to stop and run again."""
    count = 0
    while True:
        with transaction.atomic():
            rows = Attempt.objects.select_for_update(of=("self",)).select_related("exam__cohort", "enrolment")
            waiting = rows.filter(OUT, state=AttemptState.MARKED, told_at__isnull=True).order_by("pk")
            batch = list(waiting[:BATCH])
            for attempt in batch:
                _tell(attempt, now)
            Attempt.objects.filter(pk__in=[one.pk for one in batch]).update(told_at=now)
        count += len(batch)
        if len(batch) < BATCH:
            return count


def _tell(attempt: Attempt, now: dt.datetime) -> None:
    exam = attempt.exam
    if exam.published_at is not None and attempt.marked_at is not None and attempt.marked_at <= exam.published_at:
        # the entry of its marking does not name the learner (``scoring.log``)
        record(SYSTEM, attempt, "exams.result_published", result_of(attempt), now)
    notices.notify(
        person_id=attempt.enrolment.person_id,
        kind=NOTICE,
        title="考试成绩已公布",
        text=f"“{exam.title}”第 {attempt.number} 次的成绩出来了，点开查看。",
        link=reverse("exams:result", args=[attempt.pk]),
        now=now,
    )


def _publish(actor: Actor, exam: Exam, now: dt.datetime) -> None:
    exam.published_at = now
    exam.save(update_fields=["published_at"])
    marked = exam.attempts.filter(state=AttemptState.MARKED)
    body = {
        "marked": marked.count(),
        "passed": marked.filter(passed=True).count(),
        "waiting": exam.attempts.filter(state=AttemptState.SUBMITTED).count(),
    }
    about = [f"cohort:{exam.cohort_id}", f"organisation:{exam.cohort.organisation_id}"]
    evidence.record(
        kind="exams.results_published", actor=actor, subject=f"exam:{exam.pk}", about=about, body=body, now=now
    )


def _locked(pk: int) -> Exam:
    return Exam.objects.select_for_update(of=("self",)).select_related("cohort").get(pk=pk)
