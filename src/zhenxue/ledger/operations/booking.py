"""Books what a correction or a ruling changes: takes credited time back, or makes refused time good.

Both are new spans beside the old ones, with their own log entries; nothing is overwritten. Callers decide whether they
may (``operations.corrections``, ``integrity``); here only the sums are kept right.
"""

from datetime import date, datetime

from django.db import transaction

from zhenxue.catalogue.data import UnitKind
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel import clock
from zhenxue.ledger import coverage as arithmetic
from zhenxue.ledger import queries
from zhenxue.ledger.data import Reason, SpanKind, SpanState, Withdrawn
from zhenxue.ledger.models import Coverage, Span
from zhenxue.ledger.operations.crediting import add_to_days, finish_if_done, lock_clock, lock_coverage, refs_of
from zhenxue.ledger.policies import required_seconds
from zhenxue.ledger.signals import coverage_corrected
from zhenxue.training import api as training


def withdraw_range(
    *,
    enrolment_id: int,
    unit_id: int,
    since: datetime,
    until: datetime,
    reason: Reason = Reason.NONE,
    source: str,
    now: datetime,
    actor: Actor = SYSTEM,
) -> Withdrawn:
    """Takes back what counts of a unit between two moments of the server's clock; again changes nothing more.

    Each credited (or made up) stretch gets a negative span for its part inside ``[since, until)``, on its own civil
    day, with ``reason`` and ``source`` (``correction:7``, ``incident:3``). Content shrinks by as much, so that it can
    be learnt again; a unit that is no longer covered far enough is opened again, with its log entry.

    Raises ``Refused`` when the unit is not in the plan. Nothing to take back gives 0 seconds and writes nothing.
    """
    with transaction.atomic():
        row = lock_coverage(enrolment_id=enrolment_id, unit_id=unit_id, now=now)
        lock_clock(row.enrolment.person_id)
        parts = queries.counted_parts(enrolment_id, unit_id, since, until)
        spans = [
            Span(
                enrolment_id=enrolment_id,
                kind=SpanKind.ONLINE,
                unit_id=unit_id,
                state=SpanState.WITHDRAWN,
                reason=reason,
                from_ms=part.from_ms,
                to_ms=part.to_ms,
                seconds=-part.seconds,
                claimed_seconds=part.seconds,
                began_at=part.began_at,
                ended_at=part.ended_at,
                day=part.day,
                source=source,
                created_at=now,
            )
            for part in parts
        ]
        total = sum(part.seconds for part in parts)
        if not total:
            return Withdrawn(0, {}, reopened=False)
        kept = queries.kept_content(row, since, until)
        Span.objects.bulk_create(spans)
        by_day = add_to_days(row, spans)
        stretch = {"reason": str(reason), "since": _text(since), "until": _text(until)}
        for day in sorted({span.day for span in spans}):
            facts = _of_day(day, [span for span in spans if span.day == day])
            _record("ledger.unit_withdrawn", row, actor, source, now, facts | stretch)
        _shrink(row, total, [(span.from_ms, span.to_ms) for span in spans], kept, now)
        reopened = _reopen_if_short(row, actor=actor, source=source, now=now)
        coverage_corrected.send(sender=Coverage, enrolment_id=enrolment_id, unit_id=unit_id, now=now)
        return Withdrawn(total, {day: -seconds for day, seconds in by_day.items()}, reopened=reopened)


def make_up(
    *,
    enrolment_id: int,
    unit_id: int,
    since: datetime,
    until: datetime,
    seconds: int,
    reason: Reason,
    source: str,
    now: datetime,
    actor: Actor = SYSTEM,
) -> Span:
    """Books seconds of a stretch of one civil day that did not count before, with ``reason`` as why it had not.

    The content is what the learner has not covered yet, from where the refused stretch stood. The caller has checked
    ``queries.make_up_limits`` in this transaction. Finishes the unit when that is enough.
    """
    with transaction.atomic():
        row = lock_coverage(enrolment_id=enrolment_id, unit_id=unit_id, now=now)
        lock_clock(row.enrolment.person_id)
        start = queries.refused_in(enrolment_id, unit_id, since, until).from_ms
        span = book_anew(
            row,
            seconds=seconds,
            start_ms=start,
            claimed_seconds=seconds,
            began_at=since,
            ended_at=until,
            reason=reason,
            source=source,
            actor=actor,
            now=now,
        )
        finish_if_done(row, rules=training.rules_of(row.enrolment.cohort), now=now)
        coverage_corrected.send(sender=Coverage, enrolment_id=enrolment_id, unit_id=unit_id, now=now)
        return span


def book_anew(
    row: Coverage,
    *,
    seconds: int,
    start_ms: int,
    claimed_seconds: int,
    began_at: datetime,
    ended_at: datetime,
    reason: Reason,
    source: str,
    actor: Actor,
    now: datetime,
) -> Span:
    """A ``MADE_UP`` span on a coverage row that is held, over content not covered yet, with its day and log entry."""
    taken = _uncovered(row, start_ms, seconds * 1000)
    for piece in taken:
        row.covered = arithmetic.add(row.covered, *piece)
    row.credited_ms += seconds * 1000
    row.seconds = row.credited_ms // 1000
    row.updated_at = now
    row.save(update_fields=["covered", "credited_ms", "seconds", "updated_at"])
    span = Span.objects.create(
        enrolment_id=row.enrolment_id,
        kind=SpanKind.ONLINE,
        unit_id=row.unit_id,
        state=SpanState.MADE_UP,
        reason=reason,
        from_ms=min(piece[0] for piece in taken),
        to_ms=max(piece[1] for piece in taken),
        seconds=seconds,
        claimed_seconds=claimed_seconds,
        began_at=began_at,
        ended_at=ended_at,
        day=clock.civil_day(began_at),
        source=source,
        created_at=now,
    )
    add_to_days(row, [span])
    stretch = {"reason": str(reason), "since": _text(began_at), "until": _text(ended_at)}
    _record("ledger.made_up", row, actor, source, now, _of_day(span.day, [span]) | stretch)
    return span


def _uncovered(row: Coverage, start: int, length: int) -> list[tuple[int, int]]:
    """The first uncovered content from ``start`` on, then from the beginning, then past the end."""
    end = max(row.unit.seconds * 1000, arithmetic.reach(row.covered))
    free = [*arithmetic.new_parts(row.covered, start, end), *arithmetic.new_parts(row.covered, 0, min(start, end))]
    missing = length - arithmetic.length(free)
    return arithmetic.take(free, length) + ([(end, end + missing)] if missing > 0 else [])


def _shrink(
    row: Coverage, seconds: int, gone: list[tuple[int, int]], kept: list[tuple[int, int]], now: datetime
) -> None:
    """Takes content away for so many credited seconds: of the withdrawn stretches, sparing first what other stretches
    earned (``kept``), and at last from the end."""
    covered = arithmetic.normal(row.covered)
    total = arithmetic.length(covered)
    wanted = min(total, seconds * 1000 * total // max(row.credited_ms, 1))
    for spare in (kept, []):
        for start, end in arithmetic.normal(gone):
            for piece in arithmetic.new_parts(arithmetic.normal(spare), start, end):
                for held in arithmetic.take(arithmetic.common(covered, *piece), wanted):
                    covered = arithmetic.remove(covered, *held)
                    wanted -= held[1] - held[0]
    while wanted > 0 and covered:
        start, end = covered[-1]
        cut = max(start, end - wanted)
        covered = arithmetic.remove(covered, cut, end)
        wanted -= end - cut
    row.covered = covered
    row.credited_ms -= seconds * 1000
    row.seconds = row.credited_ms // 1000
    row.position_ms = min(row.position_ms, min(start for start, _ in gone))
    row.updated_at = now
    row.save(update_fields=["covered", "credited_ms", "seconds", "position_ms", "updated_at"])


def _reopen_if_short(row: Coverage, *, actor: Actor, source: str, now: datetime) -> bool:
    """A unit is finished by what is covered; a self-test is finished by its answers, which stay."""
    if row.finished_at is None or row.unit.kind == UnitKind.SELF_TEST:
        return False
    needed = required_seconds(row.unit.seconds, training.rules_of(row.enrolment.cohort))
    if arithmetic.length(row.covered) >= needed * 1000:
        return False
    row.finished_at = None
    row.save(update_fields=["finished_at"])
    _record("ledger.unit_reopened", row, actor, source, now, {"seconds": row.seconds})
    return True


def _record(kind: str, row: Coverage, actor: Actor, source: str, now: datetime, facts: dict[str, object]) -> None:
    evidence.record(
        kind=kind,
        actor=actor,
        subject=f"enrolment:{row.enrolment_id}",
        about=[*refs_of(row), source],
        body={"enrolment": row.enrolment_id, "unit": row.unit_id, "title": row.unit.title, "source": source, **facts},
        now=now,
    )


def _of_day(day: date, spans: list[Span]) -> dict[str, object]:
    return {
        "day": day.isoformat(),
        "seconds": sum(span.seconds for span in spans),
        "spans": queries.facts_of(spans),
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
