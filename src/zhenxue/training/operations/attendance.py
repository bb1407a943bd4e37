"""Attendance at offline lessons: recorded in one transaction; changes are in ``attendance_corrections``."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound
from zhenxue.training import policies, signals
from zhenxue.training.data import AttendanceState, Mark, credited_minutes
from zhenxue.training.models import Attendance, Enrolment, PlanLine, days_late
from zhenxue.training.operations.common import account_of, field_error
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
        line = locked_lesson(actor, line_id)
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
        minutes=minutes_of(line, enrolment, state),
        reason=reason,
        recorded_by_id=account_of(actor),
        recorded_at=now,
    )
    announce("attendance_recorded", actor, line, attendance, enrolment, None, now)
    return attendance


def minutes_of(line: PlanLine, enrolment: Enrolment, state: AttendanceState) -> int:
    """Minutes of the lesson that count for such a mark; of a make-up lesson no more than was missed."""
    late = rules_of(line.cohort)["late_minutes"]
    minutes = credited_minutes(state, lesson_minutes=line.minutes, late_minutes=late)
    if line.makes_up_id is None:
        return minutes
    return min(minutes, missed_minutes(line.makes_up_id, enrolment.pk))


def announce(
    kind: str,
    actor: Actor,
    line: PlanLine,
    attendance: Attendance,
    enrolment: Enrolment,
    before: int | None,
    now: dt.datetime,
    more: Mapping[str, object] | None = None,
) -> None:
    """The entry and the signal of a mark that now stands; ``before`` are the minutes that a correction replaces."""
    state = AttendanceState(attendance.state)
    body = {
        "lesson": line.pk,
        "title": line.title,
        "state": state.label,
        "minutes": attendance.minutes,
        "reason": attendance.reason,
        "days_late": days_late(line, now),
    }
    if before is not None:
        body |= {
            "from": AttendanceState(attendance.corrected_from).label,
            "from_minutes": before,
            **(more or {}),
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


def locked_lesson(actor: Actor, line_id: int) -> PlanLine:
    """The lesson, visible to the actor and held until the transaction ends; raises ``NotFound``."""
    line = visible_lessons(actor).select_for_update(of=("self",)).filter(pk=line_id).first()
    if line is None:
        raise NotFound("training.lesson_not_found", "没有找到这节线下课，或您无权查看。")
    return line
