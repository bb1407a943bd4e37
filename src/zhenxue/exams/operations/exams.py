"""Exams of a cohort's stage: plan, publish, cancel, close."""

import datetime as dt
from dataclasses import fields

from django.db import IntegrityError, transaction
from django.urls import reverse

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import EXAM_TRANSITIONS, AttemptState, ExamFacts, ExamKind, ExamState
from zhenxue.exams.models import Attempt, Exam
from zhenxue.exams.operations.checking import checked
from zhenxue.exams.operations.marking import points
from zhenxue.exams.operations.unscored import waits_for_scores
from zhenxue.exams.policies import check_can_schedule
from zhenxue.exams.queries import entitled_to
from zhenxue.exams.queries.practical import unscored
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel.clock import CIVIL_ZONE
from zhenxue.kernel.errors import Conflict, Invalid, Refused
from zhenxue.notices import api as notices
from zhenxue.training import api as training

#: What of a plan is said in the log only where it is not the usual.
RULES = (
    *("part_rules", "shuffles_questions", "shuffles_options", "late_minutes", "stay_minutes"),
    *("breaks_allowed", "break_minutes", "double_marking"),
)
NOTICE = "exam"


def create_exam(*, actor: Actor, cohort: training.Cohort, facts: ExamFacts, now: dt.datetime) -> Exam:
    """A draft exam; learners do not see it before ``schedule_exam``. Raises ``Invalid`` by field."""
    check_can_schedule(actor, cohort.organisation_id)
    values = checked(cohort, facts)
    try:
        with transaction.atomic():
            return Exam.objects.create(cohort=cohort, pass_percent=cohort.pass_percent, created_at=now, **values)
    except IntegrityError as error:
        raise _title_taken() from error


def change_exam(*, actor: Actor, exam: Exam, facts: ExamFacts) -> Exam:
    """Changes a draft; a published exam stands as its learners saw it. Raises ``Conflict`` and ``Invalid`` by field."""
    check_can_schedule(actor, exam.cohort.organisation_id)
    try:
        with transaction.atomic():
            exam = _locked(exam)
            if exam.state != ExamState.DRAFT:
                raise Conflict("exams.exam_published", "考试已发布，不能再改。需要调整时，请取消后重新安排。")
            for name, value in checked(exam.cohort, facts).items():
                setattr(exam, name, value)
            exam.save()
    except IntegrityError as error:
        raise _title_taken() from error
    return exam


def facts_of(exam: Exam) -> ExamFacts:
    """An exam as it was planned."""
    return ExamFacts(**{one.name: getattr(exam, one.name) for one in fields(ExamFacts)})


def schedule_exam(*, actor: Actor, exam: Exam, now: dt.datetime) -> Exam:
    """Publishes an exam: it can be seen, and sat inside its times. A second click changes nothing."""
    check_can_schedule(actor, exam.cohort.organisation_id)
    with transaction.atomic():
        exam = _locked(exam)
        if exam.state == ExamState.SCHEDULED:
            return exam
        _move(exam, ExamState.SCHEDULED)
        checked(exam.cohort, facts_of(exam))
        if exam.closes_at <= now:
            raise Invalid("exams.times_past", "考试的结束时间已经过去，请先修改时间。")
        exam.scheduled_at = now
        exam.save(update_fields=["state", "scheduled_at"])
        _record(
            actor,
            exam,
            "exams.exam_scheduled",
            {
                "stage": exam.stage_number,
                "kind": exam.kind,
                "paper": exam.paper_id,
                "blueprint": exam.blueprint_id,
                "paper_sha256": exam.plan.digest,
                "total": points(exam.plan.total),
                "pass_percent": exam.pass_percent,
                "opens_at": exam.opens_at.astimezone(dt.UTC).isoformat(),
                "closes_at": exam.closes_at.astimezone(dt.UTC).isoformat(),
                "duration_minutes": exam.duration_minutes,
                "attempts_allowed": exam.attempts_allowed,
                "rules": {name: getattr(exam, name) for name in RULES if getattr(exam, name)},
            },
            now,
        )
        _tell(exam, now)
    return exam


def cancel_exam(*, actor: Actor, exam: Exam, reason: str, now: dt.datetime) -> None:
    """Withdraws an exam nobody has begun; a reason is required. A second click changes nothing."""
    check_can_schedule(actor, exam.cohort.organisation_id)
    if not reason.strip():
        raise Invalid("exams.cancel_reason", "请写明取消的原因。", fields={"reason": "请写明取消的原因。"})
    with transaction.atomic():
        exam = _locked(exam)
        if exam.state == ExamState.CANCELLED:
            return
        if Attempt.objects.filter(exam=exam).exists():
            raise Refused("exams.cancel_begun", "已有学员开始考试，不能取消。")
        _move(exam, ExamState.CANCELLED)
        exam.save(update_fields=["state"])
        _record(actor, exam, "exams.exam_cancelled", {"reason": reason.strip()}, now)


def close_due_exams(*, now: dt.datetime) -> int:
    """Closes exams whose time is over and whose attempts are all handed in and marked; results then show right answers.
    A practical one waits some days for those without a result (``unscored``)."""
    closed = 0
    due = Exam.objects.filter(state=ExamState.SCHEDULED, closes_at__lte=now).values_list("pk", flat=True)
    for pk in list(due):
        with transaction.atomic():
            exam = Exam.objects.select_for_update(of=("self",)).select_related("cohort", "original").get(pk=pk)
            open_left = exam.attempts.filter(state__in=[AttemptState.OPEN, AttemptState.SUBMITTED]).exists()
            if exam.state != ExamState.SCHEDULED or waits_for_scores(exam, now) or open_left:
                continue
            _move(exam, ExamState.CLOSED)
            exam.closed_at = now
            exam.save(update_fields=["state", "closed_at"])
            sat = exam.attempts.values("enrolment").distinct().count()
            passed = exam.attempts.filter(passed=True).values("enrolment").distinct().count()
            body: dict[str, object] = {"sat": sat, "passed": passed}
            if exam.is_practical:
                body["unscored"] = len(unscored(exam, now))
            _record(SYSTEM, exam, "exams.exam_closed", body, now)
            closed += 1
    return closed


def _tell(exam: Exam, now: dt.datetime) -> None:
    """Those who may sit a published exam hear of it; of a make-up only those who did not pass."""
    begins = f"{exam.opens_at.astimezone(CIVIL_ZONE):%m-%d %H:%M}"
    words = "没有通过原考试的可以参加" if exam.original_id else ExamKind(exam.kind).label
    notices.notify_many(
        person_ids=[enrolment.person_id for enrolment in entitled_to(exam, now)],
        kind=NOTICE,
        title=f"新安排：{exam.title}",
        text=f"{exam.cohort.title}：{words}，{begins} 开始。时间和要求请点开查看。",
        link=reverse("exams:entry", args=[exam.pk]),
        now=now,
    )


def _title_taken() -> Invalid:
    message = "这个班已有同名考试，请换一个名称（例如加上“补考”）。"
    return Invalid("exams.exam_taken", message, fields={"title": message})


def _locked(exam: Exam) -> Exam:
    return (
        Exam.objects.select_for_update(of=("self",))
        .select_related("cohort", "paper", "blueprint", "original")
        .get(pk=exam.pk)
    )


def _move(exam: Exam, state: ExamState) -> None:
    if state not in EXAM_TRANSITIONS[ExamState(exam.state)]:
        label = ExamState(exam.state).label
        raise Conflict("exams.exam_state", f"考试当前是“{label}”，不能做这项操作。请刷新页面查看。")
    exam.state = state


def _record(actor: Actor, exam: Exam, kind: str, body: dict[str, object], now: dt.datetime) -> None:
    about = [f"cohort:{exam.cohort_id}", f"organisation:{exam.cohort.organisation_id}"]
    evidence.record(kind=kind, actor=actor, subject=f"exam:{exam.pk}", about=about, body=body, now=now)
