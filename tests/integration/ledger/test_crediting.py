"""What the ledger books, through its api."""

import datetime as dt
from collections.abc import Sequence

import pytest

from tests.factories.identity import NOW
from tests.factories.study import BEGIN, make_studying, pass_self_test, units_of
from tests.factories.training import Running
from zhenxue.evidence import api as evidence
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Refused
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim, Credited, Reason
from zhenxue.ledger.models import Coverage, Day, Span
from zhenxue.ledger.queries import check_against_log
from zhenxue.training import api as training

pytestmark = pytest.mark.django_db


def claim(start: int, end: int, *, at: dt.datetime = BEGIN, lasted: float | None = None, **changes: object) -> Claim:
    """Content from second to second, learnt from ``at`` on, by default in real time."""
    seconds = end - start if lasted is None else lasted
    return Claim(start * 1000, end * 1000, at, at + dt.timedelta(seconds=seconds), **changes)  # type: ignore[arg-type]  # reason or rate


def credit(
    running: Running, claims: Sequence[Claim], *, unit: int = 0, learner: int = 0, now: dt.datetime | None = None
) -> Credited:
    return ledger.credit(
        enrolment_id=running.enrolments[learner].pk,
        unit_id=units_of(running)[unit].pk,
        claims=claims,
        source="study:1",
        now=now or claims[-1].ended_at,
    )


def test_new_coverage_counts_once_and_the_repeat_says_why_not() -> None:
    running = make_studying()
    assert credit(running, [claim(0, 60)]).seconds == 60
    again = credit(running, [claim(30, 90, at=BEGIN + dt.timedelta(minutes=5))])
    assert again.seconds == 30
    assert again.refused == {Reason.ALREADY_COUNTED: 30}
    row = Coverage.objects.get()
    assert (row.covered, row.seconds, row.position_ms) == ([[0, 90_000]], 90, 90_000)
    assert Day.objects.get().online_seconds == 90
    assert {span.reason for span in Span.objects.all()} == {"", "already_counted"}


def test_a_claim_earns_no_more_than_it_lasted() -> None:
    running = make_studying()
    credited = credit(running, [claim(0, 300, lasted=20)])
    assert credited.seconds == 20
    assert credited.covered == ((0, 20_000),)


def test_seconds_add_up_over_many_small_claims() -> None:
    running = make_studying()
    for number in range(10):
        at = BEGIN + dt.timedelta(milliseconds=1700 * number)
        ledger.credit(
            enrolment_id=running.enrolments[0].pk,
            unit_id=units_of(running)[0].pk,
            claims=[Claim(1700 * number, 1700 * (number + 1), at, at + dt.timedelta(milliseconds=1700))],
            source="study:1",
            now=at + dt.timedelta(seconds=2),
        )
    assert Coverage.objects.get().seconds == 17
    assert sum(span.seconds for span in Span.objects.all()) == Day.objects.get().online_seconds == 17


def test_the_unit_is_the_ceiling_and_is_finished_at_95_per_cent() -> None:
    running = make_studying(minutes=20)
    unit = units_of(running)[0]
    assert unit.seconds == 600
    assert credit(running, [claim(0, 569)]).finished_at is None
    pass_self_test(running)
    assert credit(running, [claim(0, 1, at=BEGIN + dt.timedelta(minutes=19))]).finished_at is None
    done = credit(running, [claim(569, 570, at=BEGIN + dt.timedelta(minutes=20))])
    assert done.finished_at is not None
    over = credit(running, [claim(570, 900, at=BEGIN + dt.timedelta(minutes=30))])
    assert over.unit_seconds == 600
    assert over.refused == {Reason.UNIT_FULL: 300}


def test_the_daily_cap_holds_per_civil_day_in_shanghai() -> None:
    running = make_studying(minutes=480)
    cap = 8 * 45 * 60
    evening = clock.start_of_day(clock.civil_day(NOW) + dt.timedelta(days=1)) - dt.timedelta(seconds=200)
    assert credit(running, [claim(0, 14_400, at=evening - dt.timedelta(hours=7))]).seconds == 14_400
    second = cap - 14_400 - 50
    one = credit(running, [claim(0, second, at=evening - dt.timedelta(hours=3))], unit=1)
    assert (one.seconds, one.day_left_ms) == (second, 50_000)
    over_midnight = credit(running, [claim(second, second + 400, at=evening)], unit=1)
    assert over_midnight.seconds == 50 + 200
    assert over_midnight.refused == {Reason.DAILY_CAP: 150}
    assert list(Day.objects.order_by("day").values_list("online_seconds", flat=True)) == [cap, 200]
    person = running.enrolments[0].person_id
    assert ledger.day_left_ms(person_id=person, rules=training.rules_of(running.cohort), now=evening) == 0


def test_one_second_of_a_person_counts_once_however_many_units_claim_it() -> None:
    running = make_studying()
    assert credit(running, [claim(0, 100)]).seconds == 100
    other = credit(running, [claim(0, 150)], unit=1)
    assert other.seconds == 50
    assert other.refused == {Reason.OVERLAP: 100}


def test_nothing_counts_after_the_cohort_is_closed_but_what_was_learnt_before_does() -> None:
    running = make_studying()
    closing = BEGIN + dt.timedelta(minutes=10)
    type(running.cohort).objects.filter(pk=running.cohort.pk).update(state="closed", closed_at=closing)
    before = credit(running, [claim(0, 60)], now=closing + dt.timedelta(seconds=5))
    after = credit(running, [claim(60, 120, at=closing)])
    assert (before.seconds, after.seconds) == (60, 0)
    assert after.refused == {Reason.COHORT_CLOSED: 60}


def test_a_unit_outside_the_plan_is_refused_and_leaves_no_trace() -> None:
    running, other = make_studying(), make_studying(minutes=10)
    with pytest.raises(Refused):
        ledger.credit(
            enrolment_id=running.enrolments[0].pk,
            unit_id=units_of(other)[0].pk,
            claims=[claim(0, 10)],
            source="study:1",
            now=BEGIN,
        )
    assert not Coverage.objects.exists()
    assert not Span.objects.exists()


def test_a_refused_claim_is_written_with_its_reason() -> None:
    running = make_studying()
    credited = credit(running, [claim(0, 20, reason=Reason.HIDDEN)])
    assert (credited.seconds, credited.refused) == (0, {Reason.HIDDEN: 20})
    span = Span.objects.get()
    assert (span.state, span.reason, span.seconds, span.claimed_seconds) == ("refused", "hidden", 0, 20)


def test_a_longer_axis_takes_pages_in_any_order_and_the_unit_stays_the_ceiling() -> None:
    running = make_studying(minutes=20)
    enrolment, unit = running.enrolments[0].pk, units_of(running)[0]

    def book(start: int, end: int, minute: int) -> Credited:
        one = claim(start, end, at=BEGIN + dt.timedelta(minutes=minute))
        return ledger.credit(
            enrolment_id=enrolment,
            unit_id=unit.pk,
            claims=[one],
            source="study:1",
            now=one.ended_at,
            axis_ms=2 * 450_000,
        )

    assert book(450, 800, 0).seconds == 350
    assert ledger.find_coverage(enrolment, unit.pk).position_ms == 800_000  # type: ignore[union-attr]  # it was just booked
    assert book(0, 200, 10).seconds == 200
    last = book(800, 950, 20)
    assert (last.seconds, last.refused, last.unit_seconds) == (50, {Reason.UNIT_FULL: 100}, 600)


def test_the_log_tells_every_span_and_an_edited_one_is_named_with_both_sides(unguarded: None) -> None:
    running = make_studying()
    credit(running, [claim(0, 60)])
    credit(running, [claim(30, 60, at=BEGIN + dt.timedelta(minutes=5))])
    logged = list(evidence.iterate_bodies(kinds=("ledger.credited", "ledger.refused")))
    assert [(entry.kind, entry.body["seconds"], len(entry.body["spans"])) for entry in logged] == [
        ("ledger.credited", 60, 1),
        ("ledger.refused", 0, 1),
    ]
    assert not list(check_against_log())
    Span.objects.filter(reason=Reason.ALREADY_COUNTED).update(reason=Reason.UNIT_FULL)
    (finding,) = check_against_log()
    assert "未计入（这个单元的学时已经计满）" in finding.text
    assert "存证是 未计入（这一段已经计过学时，重复观看不再计入）" in finding.text
    Span.objects.filter(reason=Reason.UNIT_FULL).delete()
    (finding,) = check_against_log()
    assert "没有这样的行" in finding.text
