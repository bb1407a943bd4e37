"""Corrections of attendance: proposed with a reason, booked only when a second person approves.

The record and the ledger stay as they are until then. Every step is an entry of the log, with how many days after the
lesson it was made.
"""

import datetime as dt

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, NotFound
from zhenxue.training import policies
from zhenxue.training.data import AttendanceCorrectionState, AttendanceState
from zhenxue.training.models import Attendance, AttendanceCorrection, Enrolment, days_late
from zhenxue.training.operations.attendance import announce, locked_lesson, minutes_of
from zhenxue.training.operations.common import account_of, required_reason
from zhenxue.training.queries.attendance import visible_attendance_corrections

STATE = AttendanceCorrectionState


def propose_attendance_correction(
    *, actor: Actor, attendance_id: int, state: AttendanceState | str, reason: str, now: dt.datetime, note: str = ""
) -> AttendanceCorrection:
    """Ask for another mark, with the reason; the record keeps its mark until somebody else approves.

    ``note`` is the reason of lateness or absence (the correction's reason by default). Raises ``Conflict`` when nothing
    would change or a correction of this record waits already.
    """
    with transaction.atomic():
        attendance = Attendance.objects.select_for_update().filter(pk=attendance_id).first()
        if attendance is None:
            raise NotFound("training.attendance_not_found", "没有找到这条考勤记录，请刷新页面。")
        line = locked_lesson(actor, attendance.line_id)
        policies.check_can_propose_attendance_correction(actor, line, now)
        new, old = AttendanceState(state), AttendanceState(attendance.state)
        if new is old:
            raise Conflict("training.attendance_same", f"这名学员已经登记为“{old.label}”，没有变化。")
        if AttendanceCorrection.objects.filter(attendance=attendance, state=STATE.PROPOSED).exists():
            raise Conflict(
                "training.attendance_correction_waiting", "这条考勤已有更正在等待复核，请等它办完，或由提出的人撤回。"
            )
        correction = AttendanceCorrection.objects.create(
            attendance=attendance,
            from_state=old,
            to_state=new,
            note=note.strip()[:200],
            reason=required_reason(reason, what="更正原因", longest=200),
            proposed_by_id=account_of(actor),
            proposed_at=now,
        )
        attendance.line = line
        _record("attendance_correction_proposed", actor, correction, attendance, now)
    return correction


def approve_attendance_correction(
    *, actor: Actor, correction_id: int, now: dt.datetime, note: str = ""
) -> AttendanceCorrection:
    """A second person approves: the record gets its new mark and the hours are booked anew, in this transaction."""
    with transaction.atomic():
        correction, attendance = _held(actor, correction_id)
        line = attendance.line
        policies.check_can_decide_attendance_correction(actor, correction, STATE.APPROVED)
        if attendance.state != correction.from_state:
            raise Conflict(
                "training.attendance_moved_on", "提出之后这条考勤已经变了，这条更正不再适用，请退回并重新提出。"
            )
        correction.decision_note = note.strip()[:200]
        _decide(correction, STATE.APPROVED, actor, now)
        enrolment = Enrolment.objects.select_related("person").get(pk=attendance.enrolment_id)
        new, before = AttendanceState(correction.to_state), attendance.minutes
        attendance.corrected_from, attendance.state = attendance.state, new
        attendance.correction_reason = correction.reason
        attendance.reason = "" if new is AttendanceState.PRESENT else (correction.note or correction.reason)
        attendance.minutes = minutes_of(line, enrolment, new)
        attendance.corrected_by_id, attendance.corrected_at = correction.proposed_by_id, now
        attendance.save()
        announce("attendance_corrected", actor, line, attendance, enrolment, before, now, _facts(correction))
    return correction


def reject_attendance_correction(
    *, actor: Actor, correction_id: int, reason: str, now: dt.datetime
) -> AttendanceCorrection:
    """Say no, with the reason; the record stays."""
    with transaction.atomic():
        correction, attendance = _held(actor, correction_id)
        policies.check_can_decide_attendance_correction(actor, correction, STATE.REJECTED)
        correction.decision_note = required_reason(reason, what="不予同意的理由", longest=200)
        _decide(correction, STATE.REJECTED, actor, now)
        _record("attendance_correction_rejected", actor, correction, attendance, now)
    return correction


def cancel_attendance_correction(*, actor: Actor, correction_id: int, now: dt.datetime) -> AttendanceCorrection:
    """The proposer takes it back before it is decided."""
    with transaction.atomic():
        correction, attendance = _held(actor, correction_id)
        policies.check_can_cancel_attendance_correction(actor, correction)
        _decide(correction, STATE.CANCELLED, actor, now)
        _record("attendance_correction_cancelled", actor, correction, attendance, now)
    return correction


def _held(actor: Actor, correction_id: int) -> tuple[AttendanceCorrection, Attendance]:
    correction = visible_attendance_corrections(actor).select_for_update(of=("self",)).filter(pk=correction_id).first()
    if correction is None:
        raise NotFound("training.attendance_correction_not_found", "没有找到这条考勤更正，或您无权查看。")
    attendance = (
        Attendance.objects.select_for_update(of=("self",))
        .select_related("line__cohort__organisation", "line__stage")
        .get(pk=correction.attendance_id)
    )
    correction.attendance = attendance
    return correction, attendance


def _decide(correction: AttendanceCorrection, state: AttendanceCorrectionState, actor: Actor, now: dt.datetime) -> None:
    correction.state = state
    correction.decided_by_id, correction.decided_at = account_of(actor), now
    correction.save()


def _facts(correction: AttendanceCorrection) -> dict[str, object]:
    return {
        "attendance_correction": correction.pk,
        "proposed_by": correction.proposed_by_id,
        "correction": correction.reason,
        "note": correction.decision_note,
    }


def _record(
    kind: str, actor: Actor, correction: AttendanceCorrection, attendance: Attendance, now: dt.datetime
) -> None:
    line, enrolment_id = attendance.line, attendance.enrolment_id
    evidence.record(
        kind=f"training.{kind}",
        actor=actor,
        subject=f"enrolment:{enrolment_id}",
        about=[f"cohort:{line.cohort_id}", f"lesson:{line.pk}"],
        body={
            "lesson": line.pk,
            "title": line.title,
            "from": AttendanceState(correction.from_state).label,
            "to": AttendanceState(correction.to_state).label,
            "days_late": days_late(line, now),
            **_facts(correction),
        },
        now=now,
    )
