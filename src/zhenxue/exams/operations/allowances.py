"""More time, or another try, for one learner in one exam; with a reason, in the log."""

import datetime as dt

from django.db import transaction
from django.urls import reverse

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import AttemptState, ExamState
from zhenxue.exams.models import Allowance, Attempt, Exam
from zhenxue.exams.operations.exams import NOTICE
from zhenxue.exams.policies import check_can_schedule
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid
from zhenxue.notices import api as notices
from zhenxue.training import api as training

MOST_MINUTES, MOST_ATTEMPTS = 600, 10


def give_allowance(
    *,
    actor: Actor,
    exam: Exam,
    enrolment_id: int,
    extra_minutes: int,
    extra_attempts: int,
    reason: str,
    now: dt.datetime,
) -> Allowance:
    """What this learner has beyond the others from now on; it takes the place of what was given before.

    More time counts for an attempt that is open too. Raises ``Invalid`` by field, ``Conflict`` when the exam is over.
    """
    check_can_schedule(actor, exam.cohort.organisation_id)
    _check(extra_minutes, extra_attempts, reason)
    with transaction.atomic():
        exam = _locked(exam)
        enrolment = training.visible_enrolments(actor).filter(pk=enrolment_id, cohort=exam.cohort_id).first()
        if enrolment is None:
            raise Invalid("exams.not_in_cohort", "请选择这个班的学员。", fields={"enrolment": "请选择这个班的学员。"})
        before = Allowance.objects.filter(exam=exam, enrolment=enrolment).first()
        gives = {"extra_minutes": extra_minutes, "extra_attempts": extra_attempts, "reason": reason.strip()}
        Exam.objects.filter(pk=exam.pk).update(allows_more=True)
        allowance, _ = Allowance.objects.update_or_create(
            exam=exam, enrolment=enrolment, defaults={**gives, "created_at": now}
        )
        _put_off(exam, enrolment, extra_minutes - (before.extra_minutes if before else 0))
        _record(actor, exam, enrolment, "exams.allowance_given", dict(gives), now)
        notices.notify(
            person_id=enrolment.person_id,
            kind=NOTICE,
            title=f"考试安排有调整：{exam.title}",
            text=f"机构给你单独安排：{words_of(allowance)}。",
            link=reverse("exams:entry", args=[exam.pk]),
            now=now,
        )
    return allowance


def end_allowance(*, actor: Actor, exam: Exam, enrolment_id: int, now: dt.datetime) -> None:
    """Takes it back; time that an open attempt has stays with it. Nothing happens where there is none."""
    check_can_schedule(actor, exam.cohort.organisation_id)
    with transaction.atomic():
        exam = _locked(exam)
        allowance = Allowance.objects.filter(exam=exam, enrolment=enrolment_id).select_related("enrolment").first()
        if allowance is None:
            return
        enrolment = allowance.enrolment
        allowance.delete()
        _record(actor, exam, enrolment, "exams.allowance_ended", {}, now)


def words_of(allowance: Allowance) -> str:
    """What is given, in words."""
    minutes = f"答题时间延长 {allowance.extra_minutes} 分钟" if allowance.extra_minutes else ""
    attempts = f"多考 {allowance.extra_attempts} 次" if allowance.extra_attempts else ""
    return "，".join(filter(None, (minutes, attempts)))


def _check(minutes: int, attempts: int, reason: str) -> None:
    wrong: dict[str, str] = {}
    if not 0 <= minutes <= MOST_MINUTES:
        wrong["extra_minutes"] = f"延长的分钟数应在 0 到 {MOST_MINUTES} 之间。"
    if not 0 <= attempts <= MOST_ATTEMPTS:
        wrong["extra_attempts"] = f"增加的次数应在 0 到 {MOST_ATTEMPTS} 之间。"
    if not wrong and not minutes and not attempts:
        wrong["extra_minutes"] = "请填写延长多少分钟，或增加几次。"
    if not 1 <= len(reason.strip()) <= 200:
        wrong["reason"] = "请写明原因，最多 200 个字。"
    if wrong:
        raise Invalid("exams.allowance", "".join(wrong.values()), fields=wrong)


def _put_off(exam: Exam, enrolment: training.Enrolment, minutes: int) -> None:
    """An open attempt gets the time at once; it never loses any that it was given."""
    if minutes <= 0:
        return
    rows = Attempt.objects.select_for_update().filter(exam=exam, enrolment=enrolment, state=AttemptState.OPEN)
    for attempt in rows:
        attempt.deadline_at += dt.timedelta(minutes=minutes)
        attempt.save(update_fields=["deadline_at"])


def _locked(exam: Exam) -> Exam:
    exam = Exam.objects.select_for_update(of=("self",)).select_related("cohort").get(pk=exam.pk)
    if exam.state not in {ExamState.DRAFT, ExamState.SCHEDULED}:
        raise Conflict("exams.exam_over", "考试已结束或已取消，不能再单独安排。")
    return exam


def _record(
    actor: Actor, exam: Exam, enrolment: training.Enrolment, kind: str, body: dict[str, object], now: dt.datetime
) -> None:
    about = [f"enrolment:{enrolment.pk}", f"cohort:{exam.cohort_id}", f"person:{enrolment.person_id}"]
    evidence.record(kind=kind, actor=actor, subject=f"exam:{exam.pk}", about=about, body=body, now=now)
