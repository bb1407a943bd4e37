"""Books offline lessons; a correction never edits: it withdraws what was booked and books anew."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import clock
from zhenxue.ledger.data import Reason, SpanKind, SpanState
from zhenxue.ledger.models import Day, Span
from zhenxue.ledger.queries import facts_of
from zhenxue.training.data import AttendanceState

REASONS = {AttendanceState.ABSENT: Reason.ABSENT, AttendanceState.LATE: Reason.LATE}


def book_attendance(
    *,
    enrolment_id: int,
    person_id: int,
    cohort_id: int,
    line_id: int,
    title: str,
    attendance_id: int,
    state: AttendanceState,
    seconds: int,
    began_at: datetime,
    ended_at: datetime,
    now: datetime,
) -> int:
    """Books ``seconds`` of one lesson for one learner; returns by how much the total changed.

    Booking the same again changes nothing. Another number withdraws the earlier one (a span with negative seconds,
    reason ``corrected``) and books the new one beside it; both stay readable, each with its log entry. The lesson
    counts on the civil day on which it began, whenever it is recorded; ``created_at`` shows a late record.
    """
    with transaction.atomic():
        day = clock.civil_day(began_at)
        total, _ = Day.objects.select_for_update().get_or_create(
            enrolment_id=enrolment_id, day=day, defaults={"person_id": person_id}
        )
        spans = Span.objects.filter(enrolment_id=enrolment_id, line_id=line_id)
        booked = spans.aggregate(total=Sum("seconds"))["total"] or 0
        latest = spans.exclude(state=SpanState.WITHDRAWN).order_by("-pk").first()
        if latest is not None and booked == seconds and latest.seconds == seconds:
            return 0
        lesson = {
            "enrolment_id": enrolment_id,
            "kind": SpanKind.OFFLINE,
            "line_id": line_id,
            "began_at": began_at,
            "ended_at": ended_at,
            "day": day,
            "source": f"attendance:{attendance_id}",
            "created_at": now,
        }
        if booked:
            back = Span.objects.create(
                **lesson, state=SpanState.WITHDRAWN, reason=Reason.CORRECTED, seconds=-booked, claimed_seconds=booked
            )
        lasted = int((ended_at - began_at).total_seconds())
        anew = Span.objects.create(
            **lesson,
            state=SpanState.CREDITED if seconds else SpanState.REFUSED,
            reason=REASONS.get(state, Reason.NONE),
            seconds=seconds,
            claimed_seconds=max(lasted, seconds),
        )
        total.offline_seconds += seconds - booked
        total.save(update_fields=["offline_seconds"])
        refs = [f"cohort:{cohort_id}", f"person:{person_id}"]
        subject = f"enrolment:{enrolment_id}"
        body = {
            "enrolment": enrolment_id,
            "line": line_id,
            "title": title,
            "day": day.isoformat(),
            "source": lesson["source"],
            "days_late": max(0, (clock.civil_day(now) - clock.civil_day(ended_at)).days),
        }
        if booked:
            evidence.record(
                kind="ledger.withdrawn",
                actor=SYSTEM,
                subject=subject,
                about=refs,
                body=body | {"seconds": -booked, "reason": str(Reason.CORRECTED), "spans": facts_of([back])},
                now=now,
            )
        evidence.record(
            kind="ledger.attendance_booked",
            actor=SYSTEM,
            subject=subject,
            about=refs,
            body=body | {"seconds": seconds, "state": str(state), "spans": facts_of([anew])},
            now=now,
        )
        return seconds - booked
