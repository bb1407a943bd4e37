"""Puts back what was withdrawn, when what it was withdrawn for no longer stands (a make-up, an appeal)."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.ledger import coverage as arithmetic
from zhenxue.ledger.data import Reason, SpanKind, SpanState
from zhenxue.ledger.models import Coverage, Day, Span
from zhenxue.ledger.operations.booking import book_anew
from zhenxue.ledger.operations.crediting import finish_if_done, lock_clock, lock_coverage
from zhenxue.ledger.policies import daily_cap_ms
from zhenxue.ledger.signals import coverage_corrected
from zhenxue.training import api as training


def put_back(*, enrolment_id: int, withdrawn_by: str, now: datetime, actor: Actor = SYSTEM) -> int:
    """Books again the online time that ``withdraw_range`` took back with this source; returns the seconds that count.

    Each stretch comes back on its own day and at its own moments, as a ``MADE_UP`` span (``restored_check:12``). What
    was learnt again meanwhile stands in its way: never more than the unit lasts, and never above the day's cap. The
    learner goes on behind it: the withdrawal had set them back to its beginning. A second call changes nothing.
    """
    source = f"restored_{withdrawn_by}"
    with transaction.atomic():
        spans = Span.objects.filter(enrolment_id=enrolment_id, kind=SpanKind.ONLINE)
        taken = list(spans.filter(source=withdrawn_by, state=SpanState.WITHDRAWN).order_by("pk"))
        units = sorted({span.unit_id for span in taken if span.unit_id is not None})
        rows = {unit: lock_coverage(enrolment_id=enrolment_id, unit_id=unit, now=now) for unit in units}
        if not taken or spans.filter(source=source).exists():
            return 0
        total = sum(
            _put_back(rows[span.unit_id], span, source=source, actor=actor, now=now)
            for span in taken
            if span.unit_id is not None
        )
        for unit_id, row in rows.items():
            _go_on(row, min(span.from_ms for span in taken if span.unit_id == unit_id))
            finish_if_done(row, rules=training.rules_of(row.enrolment.cohort), now=now)
            coverage_corrected.send(sender=Coverage, enrolment_id=enrolment_id, unit_id=unit_id, now=now)
        return total


def _go_on(row: Coverage, taken_from_ms: int) -> None:
    """The position to resume at leaves what came back; one before it was the learner's own choice and stays."""
    onward = arithmetic.onward(row.covered, row.position_ms)
    if row.position_ms >= taken_from_ms and onward > row.position_ms:
        row.position_ms = onward
        row.save(update_fields=["position_ms"])


def _put_back(row: Coverage, gone: Span, *, source: str, actor: Actor, now: datetime) -> int:
    person_id = row.enrolment.person_id
    lock_clock(person_id)
    used = Day.objects.filter(person_id=person_id, day=gone.day).aggregate(total=Sum("online_seconds"))["total"] or 0
    cap = daily_cap_ms(training.rules_of(row.enrolment.cohort)) // 1000
    seconds = min(-gone.seconds, row.unit.seconds - row.seconds, cap - used)
    if seconds <= 0:
        return 0
    book_anew(
        row,
        seconds=seconds,
        start_ms=gone.from_ms,
        claimed_seconds=-gone.seconds,
        began_at=gone.began_at,
        ended_at=gone.ended_at,
        reason=Reason(gone.reason),
        source=source,
        actor=actor,
        now=now,
    )
    return seconds
