"""Books online study: only new coverage, never more than the clock, within the unit's seconds and the day's cap."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Sum

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitKind
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Refused
from zhenxue.kernel.prepared import Prepared
from zhenxue.ledger import coverage as arithmetic
from zhenxue.ledger import queries
from zhenxue.ledger.data import Claim, Credited, Reason, SpanKind, SpanState
from zhenxue.ledger.models import Coverage, Day, PersonClock, Span
from zhenxue.ledger.operations.book import Book, Draft, split_at_midnight
from zhenxue.ledger.policies import daily_cap_ms, required_seconds, why_not_countable
from zhenxue.ledger.signals import unit_finished, unit_tested
from zhenxue.training import api as training


def credit(
    *,
    enrolment_id: int,
    unit_id: int,
    claims: Sequence[Claim],
    source: str,
    now: datetime,
    position_ms: int | None = None,
    axis_ms: int | None = None,
) -> Credited:
    """Books claims in order, in one transaction; what is refused is written down with its reason.

    Content that was covered before earns nothing; a claim earns no more than it lasted by the server's clock, nor a
    second that the same person has used already in whatever cohort; the unit's seconds and the daily cap of the
    cohort's rules (per person and civil day in Asia/Shanghai, over all cohorts) are ceilings. ``source`` names the
    caller's record, e.g. ``study:12``; ``position_ms`` is where to resume, by default the end of the last claim that
    counted. ``axis_ms`` is how long the content is on which positions lie, by default the unit's seconds; a reading
    unit's pages together are longer than what may be credited for it, and only the unit's seconds are the ceiling.

    Raises ``Refused`` when the unit is not in the plan of the enrolment's cohort.
    """
    with transaction.atomic():
        row = lock_coverage(enrolment_id=enrolment_id, unit_id=unit_id, now=now)
        enrolment, unit = row.enrolment, row.unit
        rules = training.rules_of(enrolment.cohort)
        person_clock = lock_clock(enrolment.person_id)
        axis_ms = unit.seconds * 1000 if axis_ms is None else axis_ms
        pieces = [piece for claim in claims for piece in split_at_midnight(claim)]
        book = Book(
            covered=[(start, end) for start, end in row.covered],
            credited_ms=row.credited_ms,
            unit_ms=unit.seconds * 1000,
            axis_ms=axis_ms,
            used_until=person_clock.used_until,
            cap_ms=daily_cap_ms(rules),
            day_used_ms=_used_on(enrolment.person_id, {day for _, day in pieces} | {clock.civil_day(now)}),
        )
        for claim, day in pieces:
            reason = claim.reason or why_not_countable(enrolment, claim.began_at, claim.ended_at)
            if reason:
                book.refuse(claim, reason, day)
            else:
                book.enter(claim, day)
        spans = _write_spans(book.drafts, row, source=source, now=now)
        row.covered = book.covered
        row.credited_ms = book.credited_ms
        row.seconds = book.credited_ms // 1000
        if position_ms is None:
            position_ms = max((claim.to_ms for claim in claims if not claim.reason), default=row.position_ms)
        row.position_ms = min(position_ms, axis_ms)
        row.updated_at = now
        row.save()
        if book.used_until != person_clock.used_until:
            person_clock.used_until = book.used_until
            person_clock.save(update_fields=["used_until"])
        add_to_days(row, spans)
        _record(spans, row, source=source, now=now)
        finish_if_done(row, rules=rules, now=now)
        refused: dict[Reason, int] = {}
        for draft in book.drafts:
            if draft.state == SpanState.REFUSED:
                refused[draft.reason] = refused.get(draft.reason, 0) + draft.claimed_ms // 1000
        return Credited(
            seconds=sum(span.seconds for span in spans),
            refused=refused,
            unit_seconds=row.seconds,
            unit_ms=row.credited_ms,
            covered=tuple(book.covered),
            finished_at=row.finished_at,
            day_left_ms=max(0, book.cap_ms - book.day_used_ms[clock.civil_day(now)]),
        )


def mark_tested(*, enrolment_id: int, unit_id: int, now: datetime) -> datetime | None:
    """Notes that the unit's self-test was passed; returns when the unit was finished, if it is. Idempotent.

    A self-test unit also finishes the reading units before it that waited for it.
    """
    with transaction.atomic():
        row = lock_coverage(enrolment_id=enrolment_id, unit_id=unit_id, now=now)
        if row.tested_at is None:
            row.tested_at = now
            row.updated_at = now
            row.save(update_fields=["tested_at", "updated_at"])
        rules = training.rules_of(row.enrolment.cohort)
        finish_if_done(row, rules=rules, now=now)
        for read in lock_units(enrolment_id, [one.pk for one in catalogue.units_tested_by(row.unit)]):
            finish_if_done(read, rules=rules, now=now)
        return row.finished_at


def note_test(
    *, enrolment_id: int, unit_id: int, judged: Mapping[int, bool], passed: bool, now: datetime
) -> datetime | None:
    """A self-test was handed in: says so (``signals.unit_tested``), and marks the unit where it was passed
    (``mark_tested``); returns when the unit was finished by it, if it is."""
    with transaction.atomic():
        finished_at = mark_tested(enrolment_id=enrolment_id, unit_id=unit_id, now=now) if passed else None
        unit_tested.send(sender=Coverage, enrolment_id=enrolment_id, unit_id=unit_id, judged=judged, now=now)
    return finished_at


def lock_units(enrolment_id: int, unit_ids: Sequence[int]) -> list[Coverage]:
    """The coverage of those of the units that were begun, locked for this transaction."""
    rows = Coverage.objects.select_related("enrolment__cohort", "unit").select_for_update(of=("self",))
    return list(rows.filter(enrolment_id=enrolment_id, unit_id__in=unit_ids).order_by("pk"))


def lock_coverage(*, enrolment_id: int, unit_id: int, now: datetime) -> Coverage:
    """The coverage row, locked for this transaction, made at first use."""
    for found in _coverage(enrolment_id, unit_id):
        return found
    Coverage.objects.bulk_create(
        [Coverage(enrolment_id=enrolment_id, unit_id=unit_id, updated_at=now)], ignore_conflicts=True
    )
    [row] = _coverage(enrolment_id, unit_id)
    if unit_id not in {planned.unit.pk for planned in training.plan_units_of(row.enrolment.cohort)}:
        raise Refused("ledger.unit_not_planned", "这个单元不在本班期的培训方案里，不能计学时。")
    return row


_coverage = Prepared(
    lambda enrolment_id, unit_id: (
        Coverage.objects.select_related("enrolment__cohort", "unit")
        .select_for_update(of=("self",))
        .filter(enrolment_id=enrolment_id, unit_id=unit_id)
    )
)


def finish_if_done(row: Coverage, *, rules: dict[str, int], now: datetime) -> None:
    """Marks a unit finished once it ``is_done``, and announces it."""
    if row.finished_at is not None or not is_done(row, rules=rules):
        return
    row.finished_at = now
    row.save(update_fields=["finished_at"])
    evidence.record(
        kind="ledger.unit_finished",
        actor=SYSTEM,
        subject=f"enrolment:{row.enrolment_id}",
        about=refs_of(row),
        body={"enrolment": row.enrolment_id, "unit": row.unit_id, "title": row.unit.title, "seconds": row.seconds},
        now=now,
    )
    unit_finished.send(sender=Coverage, enrolment_id=row.enrolment_id, unit_id=row.unit_id, now=now)


def is_done(row: Coverage, *, rules: dict[str, int]) -> bool:
    """Whether enough is covered and, of a reading unit, its self-test is passed (a self-test unit: only this)."""
    if row.unit.kind == UnitKind.SELF_TEST:
        return row.tested_at is not None
    enough = arithmetic.length(row.covered) >= required_seconds(row.unit.seconds, rules) * 1000
    return enough and queries.missing_self_test(enrolment_id=row.enrolment_id, unit=row.unit, rules=rules) is None


def lock_clock(person_id: int) -> PersonClock:
    """The person's clock, locked for this transaction: booking for one person happens one at a time, in all cohorts."""
    PersonClock.objects.bulk_create([PersonClock(person_id=person_id)], ignore_conflicts=True)
    return PersonClock.objects.select_for_update().get(person_id=person_id)


def _used_on(person_id: int, days: set[date]) -> dict[date, int]:
    rows = Day.objects.filter(person_id=person_id, day__in=days).values_list("day").annotate(Sum("online_seconds"))
    return dict.fromkeys(days, 0) | {day: seconds * 1000 for day, seconds in rows}


def _write_spans(drafts: list[Draft], row: Coverage, *, source: str, now: datetime) -> list[Span]:
    running_ms, spans = row.credited_ms, []
    for draft in drafts:
        seconds = (running_ms + draft.credit_ms) // 1000 - running_ms // 1000
        running_ms += draft.credit_ms
        if draft.state == SpanState.REFUSED and draft.claimed_ms < 1000:
            continue
        spans.append(
            Span(
                enrolment_id=row.enrolment_id,
                kind=SpanKind.ONLINE,
                unit_id=row.unit_id,
                state=draft.state,
                reason=draft.reason,
                from_ms=draft.from_ms,
                to_ms=draft.to_ms,
                seconds=seconds,
                claimed_seconds=max(seconds, draft.claimed_ms // 1000),
                began_at=draft.began_at,
                ended_at=draft.ended_at,
                day=draft.day,
                source=source,
                created_at=now,
            )
        )
    return Span.objects.bulk_create(spans)


def add_to_days(row: Coverage, spans: Iterable[Span]) -> dict[date, int]:
    """Moves the online seconds of the days of these spans; by how much, in the order of the days."""
    moved: dict[date, int] = defaultdict(int)
    for span in spans:
        if span.seconds:
            moved[span.day] += span.seconds
    for day, seconds in sorted(moved.items()):
        total, _ = Day.objects.select_for_update().get_or_create(
            enrolment_id=row.enrolment_id, day=day, defaults={"person_id": row.enrolment.person_id}
        )
        total.online_seconds += seconds
        total.save(update_fields=["online_seconds"])
    return dict(sorted(moved.items()))


def _record(spans: list[Span], row: Coverage, *, source: str, now: datetime) -> None:
    """One log entry for each civil day, whether it gained something or was refused."""
    for day in sorted({span.day for span in spans}):
        written = [span for span in spans if span.day == day]
        seconds = sum(span.seconds for span in written)
        evidence.record(
            kind="ledger.credited" if seconds else "ledger.refused",
            actor=SYSTEM,
            subject=f"enrolment:{row.enrolment_id}",
            about=refs_of(row),
            body={
                "enrolment": row.enrolment_id,
                "unit": row.unit_id,
                "title": row.unit.title,
                "day": day.isoformat(),
                "seconds": seconds,
                "from_ms": min(span.from_ms for span in written),
                "to_ms": max(span.to_ms for span in written),
                "began_at": written[0].began_at.isoformat(timespec="seconds"),
                "ended_at": written[-1].ended_at.isoformat(timespec="seconds"),
                "source": source,
                "spans": queries.facts_of(written),
            },
            now=now,
        )


def refs_of(row: Coverage) -> list[str]:
    return [f"cohort:{row.enrolment.cohort_id}", f"person:{row.enrolment.person_id}"]
