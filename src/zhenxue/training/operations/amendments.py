"""Amendments of an approved plan: asked for with a reason, and in force only when the county approves (N12)."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Max

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid, NotFound
from zhenxue.training import policies
from zhenxue.training.data import AmendmentKind, AmendmentState, LessonPlan, LineMode
from zhenxue.training.models import Amendment, Attendance, Cohort, Enrolment, PlanLine
from zhenxue.training.operations.cohorts import check_lesson
from zhenxue.training.operations.common import account_of, check_teacher, field_error, locked_cohort, required_reason
from zhenxue.training.queries.checks import clashes, overlapping_enrolments
from zhenxue.training.queries.plan import plan_digest
from zhenxue.training.queries.scope import visible_amendments


def file_lesson_change(*, actor: Actor, cohort_id: int, lesson: LessonPlan, reason: str, now: dt.datetime) -> Amendment:
    """Ask for another time, place or teacher of a lesson that has no attendance yet."""
    with transaction.atomic():
        cohort = _amendable(actor, cohort_id)
        line = _lesson(cohort, lesson.line_id)
        changes = _lesson_changes(line, lesson)
        if not changes:
            raise Invalid("training.nothing_changed", "时间、地点、教师都没有变化，不用申请变更。")
        _check_lesson(cohort, line, lesson)
        return _file(actor, cohort, AmendmentKind.LESSON, line, changes, reason, now)


def file_end_date_change(*, actor: Actor, cohort_id: int, ends_on: dt.date, reason: str, now: dt.datetime) -> Amendment:
    """Ask for another last day."""
    with transaction.atomic():
        cohort = _amendable(actor, cohort_id)
        if ends_on == cohort.ends_on:
            raise field_error("ends_on", "结班日期没有变化，不用申请变更。", code="nothing_changed")
        _check_end_date(cohort, ends_on, clock.civil_day(now))
        changes = {"ends_on": {"from": cohort.ends_on.isoformat(), "to": ends_on.isoformat()}}
        return _file(actor, cohort, AmendmentKind.END_DATE, None, changes, reason, now)


def file_make_up_lesson(
    *, actor: Actor, cohort_id: int, lesson: LessonPlan, reason: str, now: dt.datetime
) -> Amendment:
    """Ask for a lesson that repeats ``lesson.line_id`` for those who missed some of it."""
    with transaction.atomic():
        cohort = _amendable(actor, cohort_id)
        line = _lesson(cohort, lesson.line_id)
        if line.makes_up_id is not None:
            raise Invalid("training.make_up_of_make_up", "请选择原来的课，不能给补课再排补课。")
        _check_lesson(cohort, None, lesson, title=line.title, minutes=lesson.minutes or line.minutes)
        changes = {
            name: {"from": None, "to": value}
            for name, value in _lesson_values(
                lesson.starts_at, lesson.ends_at, lesson.place.strip(), lesson.teacher_id
            ).items()
        }
        changes["minutes"] = {"from": None, "to": min(lesson.minutes or line.minutes, line.minutes)}
        return _file(actor, cohort, AmendmentKind.MAKE_UP, line, changes, reason, now)


def approve_amendment(*, actor: Actor, amendment_id: int, now: dt.datetime, note: str = "") -> Amendment:
    """Put an amendment in force: the plan changes, its digest is computed anew, both digests go into the log.

    Raises ``Conflict`` when the plan has moved on since it was filed (attendance recorded, another amendment approved).
    """
    with transaction.atomic():
        amendment, cohort = _deciding(actor, amendment_id)
        policies.check_can_decide_amendment(actor, amendment, AmendmentState.APPROVED)
        amendment.digest_before = cohort.plan_digest
        amendment.state, amendment.applying = AmendmentState.APPROVED, True
        amendment.decided_by_id, amendment.decided_at, amendment.decision_note = actor.account_id, now, note.strip()
        amendment.save()
        _apply(cohort, amendment, now)
        cohort.plan_digest = plan_digest(cohort)
        cohort.save()
        amendment.digest_after, amendment.applying = cohort.plan_digest, False
        amendment.save()
        body = {"digest_before": amendment.digest_before, "digest_after": amendment.digest_after, "note": note.strip()}
        _record("amendment_approved", actor, amendment, body, now)
    return amendment


def return_amendment(*, actor: Actor, amendment_id: int, reason: str, now: dt.datetime) -> Amendment:
    """Refuse an amendment with the reason; the plan stays as it is."""
    with transaction.atomic():
        amendment, _ = _deciding(actor, amendment_id)
        policies.check_can_decide_amendment(actor, amendment, AmendmentState.RETURNED)
        amendment.decision_note = required_reason(reason, what="不予批准的原因")
        amendment.state, amendment.decided_by_id, amendment.decided_at = AmendmentState.RETURNED, actor.account_id, now
        amendment.save()
        _record("amendment_returned", actor, amendment, {"reason": amendment.decision_note}, now)
    return amendment


def _amendable(actor: Actor, cohort_id: int) -> Cohort:
    cohort = locked_cohort(actor, cohort_id)
    policies.check_can_amend(actor, cohort)
    return cohort


def _lesson(cohort: Cohort, line_id: int) -> PlanLine:
    line = (
        PlanLine.objects.filter(cohort=cohort, mode=LineMode.OFFLINE, pk=line_id)
        .select_related("teacher", "stage")
        .first()
    )
    if line is None:
        raise NotFound("training.lesson_not_found", "没有找到这节线下课，请刷新页面。")
    return line


def _deciding(actor: Actor, amendment_id: int) -> tuple[Amendment, Cohort]:
    amendment = visible_amendments(actor).select_for_update(of=("self",)).filter(pk=amendment_id).first()
    if amendment is None:
        raise NotFound("training.amendment_not_found", "没有找到这条变更，或您无权查看。")
    cohort = locked_cohort(actor, amendment.cohort_id)
    amendment.cohort = cohort
    return amendment, cohort


def _file(
    actor: Actor,
    cohort: Cohort,
    kind: AmendmentKind,
    line: PlanLine | None,
    changes: dict[str, Any],
    reason: str,
    now: dt.datetime,
) -> Amendment:
    reason = required_reason(reason, what="变更理由")
    if Amendment.objects.filter(cohort=cohort, kind=kind, line=line, state=AmendmentState.FILED).exists():
        raise Conflict("training.amendment_waiting", "同样的变更已在等待审批，请等审批后再提。")
    amendment = Amendment.objects.create(
        cohort=cohort,
        line=line,
        kind=kind,
        changes=changes,
        reason=reason,
        filed_by_id=account_of(actor),
        filed_at=now,
        digest_before=cohort.plan_digest,
    )
    _record("amendment_filed", actor, amendment, {"reason": reason}, now)
    return amendment


def _apply(cohort: Cohort, amendment: Amendment, now: dt.datetime) -> None:
    kind = AmendmentKind(amendment.kind)
    wanted = {name: change["to"] for name, change in amendment.changes.items()}
    if kind is AmendmentKind.END_DATE:
        if cohort.ends_on.isoformat() != amendment.changes["ends_on"]["from"]:
            raise _moved_on()
        ends_on = dt.date.fromisoformat(wanted["ends_on"])
        _check_end_date(cohort, ends_on, clock.civil_day(now))
        cohort.ends_on = ends_on
        return
    line = _lesson(cohort, amendment.line_id or 0)
    if kind is AmendmentKind.LESSON:
        current = _lesson_values(line.starts_at, line.ends_at, line.place, line.teacher_id)
        if any(current[name] != change["from"] for name, change in amendment.changes.items()):
            raise _moved_on()
        lesson = _as_lesson(line.pk, {**current, **wanted}, None)
        _check_lesson(cohort, line, lesson)
        line.starts_at, line.ends_at = lesson.starts_at, lesson.ends_at
        line.place, line.teacher_id = lesson.place, lesson.teacher_id
        line.save(update_fields=["starts_at", "ends_at", "place", "teacher"])
        return
    lesson = _as_lesson(line.pk, wanted, wanted["minutes"])
    _check_lesson(cohort, None, lesson, title=line.title, minutes=wanted["minutes"])
    last: int | None = PlanLine.objects.filter(cohort=cohort).aggregate(last=Max("position"))["last"]
    PlanLine.objects.create(
        cohort=cohort,
        stage_id=line.stage_id,
        source_id=line.source_id,
        makes_up=line,
        position=(last or 0) + 1,
        mode=LineMode.OFFLINE,
        title=f"补课：{line.title}"[:120],
        minutes=wanted["minutes"],
        starts_at=lesson.starts_at,
        ends_at=lesson.ends_at,
        place=lesson.place,
        teacher_id=lesson.teacher_id,
    )
    cohort.lesson_count += 1


def _check_lesson(
    cohort: Cohort, line: PlanLine | None, lesson: LessonPlan, *, title: str = "", minutes: int = 0
) -> None:
    """What holds for every lesson of an approved plan, at filing and again at approval."""
    title, minutes = (line.title, line.minutes) if line is not None else (title, minutes)
    check_lesson(lesson, title=title)
    if lesson.ends_at - lesson.starts_at < dt.timedelta(minutes=minutes):
        raise field_error("ends_at", f"“{title}”要计 {minutes} 分钟，上下课时间不够长。", code="lesson_short")
    days = clock.civil_day(lesson.starts_at), clock.civil_day(lesson.ends_at)
    if days[0] < cohort.starts_on or days[1] > cohort.ends_on:
        raise field_error(
            "starts_at", f"上课时间要在班期 {cohort.starts_on} 至 {cohort.ends_on} 之内。", code="lesson_outside"
        )
    check_teacher(cohort.organisation_id, lesson.teacher_id)
    if line is not None and Attendance.objects.filter(line=line).exists():
        raise Conflict("training.lesson_held", "这节课已经登记了考勤，不能再变更。需要时请申请补课。")
    planned = PlanLine(
        cohort=cohort,
        title=title,
        starts_at=lesson.starts_at,
        ends_at=lesson.ends_at,
        teacher_id=lesson.teacher_id,
    )
    same_time = PlanLine.objects.filter(cohort=cohort, starts_at__lt=lesson.ends_at, ends_at__gt=lesson.starts_at)
    for one in same_time.exclude(pk=line.pk if line else 0)[:1]:
        raise field_error("starts_at", f"这个时间与本班的“{one.title}”重叠。", code="lesson_clash")
    for _, other in clashes(cohort.pk, [planned]):
        raise field_error(
            "teacher",
            f"这位教师同时在班期“{other.cohort.title}”上“{other.title}”，请换时间或教师。",
            code="teacher_clash",
        )


def _check_end_date(cohort: Cohort, ends_on: dt.date, today: dt.date) -> None:
    if ends_on < cohort.starts_on or ends_on < today:
        raise field_error("ends_on", "结班日期不能早于开班日期，也不能早于今天。", code="end_date")
    last = PlanLine.objects.filter(cohort=cohort).aggregate(last=Max("ends_at"))["last"]
    if last is not None and clock.civil_day(last) > ends_on:
        raise field_error(
            "ends_on", f"最后一节线下课在 {clock.civil_day(last)}，结班日期不能早于它。", code="end_date_lessons"
        )
    if ends_on > cohort.ends_on:
        people = Enrolment.objects.filter(cohort=cohort, state="active").values("person_id")
        others = overlapping_enrolments(cohort, ends_on=ends_on).filter(person_id__in=people)
        names = [f"{one.person.name}（{one.cohort.title}）" for one in others[:6]]
        if names:
            raise field_error(
                "ends_on", f"延期后这些学员与其他班时间重叠：{'、'.join(names)}。", code="end_date_overlap"
            )


def _lesson_values(
    starts_at: dt.datetime | None, ends_at: dt.datetime | None, place: str, teacher_id: int | None
) -> dict[str, Any]:
    return {"starts_at": _iso(starts_at), "ends_at": _iso(ends_at), "place": place, "teacher": teacher_id}


def _lesson_changes(line: PlanLine, lesson: LessonPlan) -> dict[str, Any]:
    before = _lesson_values(line.starts_at, line.ends_at, line.place, line.teacher_id)
    after = _lesson_values(lesson.starts_at, lesson.ends_at, lesson.place.strip(), lesson.teacher_id)
    return {name: {"from": before[name], "to": after[name]} for name in after if before[name] != after[name]}


def _as_lesson(line_id: int, values: dict[str, Any], minutes: int | None) -> LessonPlan:
    return LessonPlan(
        line_id=line_id,
        starts_at=dt.datetime.fromisoformat(values["starts_at"]),
        ends_at=dt.datetime.fromisoformat(values["ends_at"]),
        place=values["place"],
        teacher_id=values["teacher"],
        minutes=minutes,
    )


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat() if moment is not None else None


def _moved_on() -> Conflict:
    return Conflict("training.amendment_stale", "申请之后方案已有别的变更，这条申请不再适用，请退回并让机构重新提交。")


def _record(kind: str, actor: Actor, amendment: Amendment, body: dict[str, Any], now: dt.datetime) -> None:
    evidence.record(
        kind=f"training.{kind}",
        actor=actor,
        subject=f"cohort:{amendment.cohort_id}",
        about=[f"amendment:{amendment.pk}", f"organisation:{amendment.cohort.organisation_id}"],
        body={
            "amendment": amendment.pk,
            "kind": AmendmentKind(amendment.kind).label,
            "line": amendment.line_id,
            "changes": amendment.changes,
            **body,
        },
        now=now,
    )
