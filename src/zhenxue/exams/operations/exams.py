"""Exams of a cohort's stage: plan, publish, cancel, close."""

import datetime as dt
from dataclasses import asdict, fields
from typing import Any

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import EXAM_TRANSITIONS, AttemptState, ExamFacts, ExamKind, ExamState, PaperState
from zhenxue.exams.models import Attempt, Blueprint, Exam, Paper
from zhenxue.exams.operations.marking import points
from zhenxue.exams.policies import OPEN_COHORTS, check_can_schedule
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid, Refused
from zhenxue.training import api as training


def create_exam(*, actor: Actor, cohort: training.Cohort, facts: ExamFacts, now: dt.datetime) -> Exam:
    """A draft exam; learners do not see it before ``schedule_exam``. Raises ``Invalid`` by field."""
    check_can_schedule(actor, cohort.organisation_id)
    values = _checked(cohort, facts)
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
            for name, value in _checked(exam.cohort, facts).items():
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
        _checked(exam.cohort, facts_of(exam))
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
            },
            now,
        )
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
    """Closes exams whose time is over and whose attempts are all handed in; results then show right answers."""
    closed = 0
    due = Exam.objects.filter(state=ExamState.SCHEDULED, closes_at__lte=now).values_list("pk", flat=True)
    for pk in list(due):
        with transaction.atomic():
            exam = Exam.objects.select_for_update(of=("self",)).select_related("cohort").get(pk=pk)
            open_left = exam.attempts.filter(state__in=[AttemptState.OPEN, AttemptState.SUBMITTED]).exists()
            if exam.state != ExamState.SCHEDULED or open_left:
                continue
            _move(exam, ExamState.CLOSED)
            exam.closed_at = now
            exam.save(update_fields=["state", "closed_at"])
            sat = exam.attempts.values("enrolment").distinct().count()
            passed = exam.attempts.filter(passed=True).values("enrolment").distinct().count()
            _record(SYSTEM, exam, "exams.exam_closed", {"sat": sat, "passed": passed}, now)
            closed += 1
    return closed


def _checked(cohort: training.Cohort, facts: ExamFacts) -> dict[str, Any]:
    """Cohort approved or running, stage of its plan, a final paper or blueprint of its organisation, times inside its
    dates; raises ``Invalid`` by field."""
    wrong: dict[str, str] = {}
    if cohort.state not in OPEN_COHORTS:
        wrong["cohort"] = "只有已备案或培训中的班期可以安排考试。"
    if facts.stage_number is None:
        if facts.kind == ExamKind.STAGE:
            wrong["stage_number"] = "请选择考核哪个阶段。"
    elif facts.stage_number not in {stage.number for stage in training.list_stages(cohort.pk)}:
        wrong["stage_number"] = "备案的方案里没有这个阶段。"
    wrong |= _wrong_plan(cohort, facts)
    if not facts.title.strip():
        wrong["title"] = "请填写考试名称。"
    if facts.closes_at <= facts.opens_at:
        wrong["closes_at"] = "结束时间要晚于开始时间。"
    elif clock.civil_day(facts.opens_at) < cohort.starts_on or clock.civil_day(facts.closes_at) > cohort.ends_on:
        wrong["opens_at"] = f"考试要安排在班期日期内（{cohort.starts_on} 至 {cohort.ends_on}）。"
    lasting = facts.closes_at - facts.opens_at
    if not 1 <= facts.duration_minutes <= 600:
        wrong["duration_minutes"] = "答题时长应在 1 到 600 分钟之间。"
    elif facts.closes_at > facts.opens_at and dt.timedelta(minutes=facts.duration_minutes) > lasting:
        wrong["duration_minutes"] = "答题时长比考试开放的时间还长，请调整。"
    if not 1 <= facts.attempts_allowed <= 10:
        wrong["attempts_allowed"] = "可考次数应在 1 到 10 之间。"
    if wrong:
        raise Invalid("exams.exam", "考试安排还不完整：" + "".join(wrong.values()), fields=wrong)
    return {**asdict(facts), "title": facts.title.strip()}


def _wrong_plan(cohort: training.Cohort, facts: ExamFacts) -> dict[str, str]:
    """What is wrong with the paper or blueprint of a plan."""
    if (facts.paper_id is None) == (facts.blueprint_id is None):
        return {"paper": "请选择一份试卷，或一个组卷方案（只选一种）。"}
    fits = {"state": PaperState.FINAL, "organisation": cohort.organisation_id}
    is_there = (
        Blueprint.objects.filter(pk=facts.blueprint_id, **fits).exists()
        if facts.blueprint_id is not None
        else Paper.objects.filter(pk=facts.paper_id or 0, **fits).exists()
    )
    return {} if is_there else {"paper": "请选择本机构已定稿的试卷或组卷方案。"}


def _title_taken() -> Invalid:
    message = "这个班已有同名考试，请换一个名称（例如加上“补考”）。"
    return Invalid("exams.exam_taken", message, fields={"title": message})


def _locked(exam: Exam) -> Exam:
    return Exam.objects.select_for_update(of=("self",)).select_related("cohort", "paper", "blueprint").get(pk=exam.pk)


def _move(exam: Exam, state: ExamState) -> None:
    if state not in EXAM_TRANSITIONS[ExamState(exam.state)]:
        label = ExamState(exam.state).label
        raise Conflict("exams.exam_state", f"考试当前是“{label}”，不能做这项操作。请刷新页面查看。")
    exam.state = state


def _record(actor: Actor, exam: Exam, kind: str, body: dict[str, object], now: dt.datetime) -> None:
    about = [f"cohort:{exam.cohort_id}", f"organisation:{exam.cohort.organisation_id}"]
    evidence.record(kind=kind, actor=actor, subject=f"exam:{exam.pk}", about=about, body=body, now=now)
