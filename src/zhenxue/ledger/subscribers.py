"""What the ledger listens to."""

from datetime import datetime
from typing import Any

from zhenxue.ledger import operations
from zhenxue.training.data import AttendanceState


def on_attendance_recorded(
    *,
    attendance_id: int,
    enrolment_id: int,
    person_id: int,
    line_id: int,
    title: str,
    cohort_id: int,
    state: AttendanceState,
    seconds: int,
    began_at: datetime,
    ended_at: datetime,
    now: datetime,
    **_: Any,
) -> None:
    """Books the lesson in the transaction of the record itself."""
    operations.book_attendance(
        attendance_id=attendance_id,
        enrolment_id=enrolment_id,
        person_id=person_id,
        line_id=line_id,
        title=title,
        cohort_id=cohort_id,
        state=AttendanceState(state),
        seconds=seconds,
        began_at=began_at,
        ended_at=ended_at,
        now=now,
    )
