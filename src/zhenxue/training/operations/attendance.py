"""Attendance at offline lessons: recorded in one transaction, changed later only as a correction with its reason."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound
from zhenxue.training import policies, signals
from zhenxue.training.data import AttendanceState, Mark, credited_minutes
from zhenxue.training.models import Attendance, Enrolment, PlanLine
from zhenxue.training.operations.common import account_of, field_error, required_reason
from zhenxue.training.queries.attendance import expected_enrolments, missed_minutes
from zhenxue.training.queries.plan import rules_of
from zhenxue.training.queries.scope import visible_lessons

REASON_LENGTH = 2


def record_attendance(*, actor: Actor, line_id: int, marks: Sequence[Mark], now: dt.datetime) -> list[Attendance]:
    """Record who was there. Every expected learner without a record must be named.

    The same marks a second time change nothing; other marks for somebody already recorded raise ``Conflict`` (that is a
    correction). ``Invalid`` names learners without a mark, or without a reason although late or absent.
    """
    with transaction.atomic():
        line = _locked_lesson(actor, line_id)
        policies.check_can_record_attendance(actor, line, now)
        expected = {enrolment.pk: enrolment for enrolment in expected_enrolments(line)}
        recorded = {one.enrolment_id: one for one in Attendance.objects.filter(line=line)}
        given = {mark.enrolment_id: mark for mark in marks}
        if unknown := set(given) - set(expected) - set(recorded):
            raise Conflict(
                "training.roster_moved_on", f"名册有变动（{len(unknown)} 人已不在本课名单中），请刷新页面后再登记。"
            )
        for enrolment_id, mark in given.items():
            known = recorded.get(enrolment_id)
            if known is not None and known.state != mark.state:
                raise Conflict(
                    "training.attendance_recorded",
                    "这节课的考勤已经登记过，不能直接改。如登记有误，请点“更正”，并写明原因。",
                )
        fresh = [enrolment for key, enrolment in expected.items() if key not in recorded]
        missing = [enrolment.person.name for enrolment in fresh if enrolment.pk not in given]
        if missing:
            raise Invalid(
                "training.attendance_incomplete",
                f"还有 {len(missing)} 人没有登记：{'、'.join(missing[:6])}。每个人都要选出勤、迟到或缺勤。",
            )
        return [_record(actor, line, enrolment, given[enrolment.pk], now) for enrolment in fresh]


def correct_attendance(
    *, actor: Actor, attendance_id: int, state: AttendanceState | str, reason: str, now: dt.datetime, note: str = ""
) -> Attendance:
    """Change a record: the reason stays with it, and the earlier entry stays in the log.

    ``note`` is the reason of lateness or absence (the correction's reason by default). Raises ``Conflict`` when nothing
    would change.
    """
    with transaction.atomic():
        attendance = Attendance.objects.select_for_update().filter(pk=attendance_id).first()
        if attendance is None:
            raise NotFound("training.attendance_not_found", "没有找到这条考勤记录，请刷新页面。")
        line = _locked_lesson(actor, attendance.line_id)
        policies.check_can_record_attendance(actor, line, now)
        new, old = AttendanceState(state), AttendanceState(attendance.state)
        if new is old:
            raise Conflict("training.attendance_same", f"这名学员已经登记为“{old.label}”，没有变化。")
        enrolment = Enrolment.objects.select_related("person").get(pk=attendance.enrolment_id)
        before = attendance.minutes
        attendance.corrected_from, attendance.state = old, new
        attendance.correction_reason = required_reason(reason, what="更正原因", longest=200)
        attendance.reason = "" if new is AttendanceState.PRESENT else (note.strip() or attendance.correction_reason)
        attendance.minutes = _minutes(line, enrolment, new)
        attendance.corrected_by_id, attendance.corrected_at = account_of(actor), now
        attendance.save()
        _announce("attendance_corrected", actor, line, attendance, enrolment, before, now)
    return attendance


def _record(actor: Actor, line: PlanLine, enrolment: Enrolment, mark: Mark, now: dt.datetime) -> Attendance:
    state, reason = AttendanceState(mark.state), mark.reason.strip()
    if state is AttendanceState.PRESENT:
        reason = ""
    elif not REASON_LENGTH <= len(reason) <= 200:
        raise field_error(
            f"reason-{enrolment.pk}",
            f"{enrolment.person.name}：{state.label}请写明原因（2 至 200 个字）。",
            code="mark_reason",
        )
    attendance = Attendance.objects.create(
        line=line,
        enrolment=enrolment,
        state=state,
        minutes=_minutes(line, enrolment, state),
        reason=reason,
        recorded_by_id=account_of(actor),
        recorded_at=now,
    )
    _announce("attendance_recorded", actor, line, attendance, enrolment, None, now)
    return attendance


def _minutes(line: PlanLine, enrolment: Enrolment, state: AttendanceState) -> int:
    late = rules_of(line.cohort)["late_minutes"]
    minutes = credited_minutes(state, lesson_minutes=line.minutes, late_minutes=late)
    if line.makes_up_id is None:
        return minutes
    return min(minutes, missed_minutes(line.makes_up_id, enrolment.pk))


def _announce(
    kind: str,
    actor: Actor,
    line: PlanLine,
    attendance: Attendance,
    enrolment: Enrolment,
    before: int | None,
    now: dt.datetime,
) -> None:
    state = AttendanceState(attendance.state)
    body = {
        "lesson": line.pk,
        "title": line.title,
        "state": state.label,
        "minutes": attendance.minutes,
        "reason": attendance.reason,
    }
    if before is not None:
        body |= {
            "from": AttendanceState(attendance.corrected_from).label,
            "from_minutes": before,
            "correction": attendance.correction_reason,
        }
    evidence.record(
        kind=f"training.{kind}",
        actor=actor,
        subject=f"enrolment:{enrolment.pk}",
        about=[f"cohort:{line.cohort_id}", f"lesson:{line.pk}", f"person:{enrolment.person_id}"],
        body=body,
        now=now,
    )
    signals.attendance_recorded.send(
        sender=Attendance,
        attendance_id=attendance.pk,
        enrolment_id=enrolment.pk,
        person_id=enrolment.person_id,
        line_id=line.pk,
        title=line.title,
        cohort_id=line.cohort_id,
        state=state,
        seconds=attendance.minutes * 60,
        previous_seconds=(before or 0) * 60,
        began_at=line.starts_at,
        ended_at=line.ends_at,
        is_correction=before is not None,
        now=now,
    )


def _locked_lesson(actor: Actor, line_id: int) -> PlanLine:
    line = visible_lessons(actor).select_for_update(of=("self",)).filter(pk=line_id).first()
    if line is None:
        raise NotFound("training.lesson_not_found", "没有找到这节线下课，或您无权查看。")
    return line
