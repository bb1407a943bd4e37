"""What one beat earns: one case for each reason, and the promise that no string of beats beats the clock."""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.ledger.data import Reason, coverage
from zhenxue.study import protocol
from zhenxue.study.protocol import Claim, Decision, State, judge_beat

START = 1_772_420_000_000  # a moment of 2026, in the middle of a day
KEY = protocol.ticket_key("secret")
TICKET = "first"


def state(**changes: Any) -> State:
    values: dict[str, Any] = {
        "session_id": 7,
        "unit_id": 3,
        "paced": True,
        "unit_ms": 300_000,
        "finish_ms": 285_000,
        "max_gap_ms": 30_000,
        "max_rate_percent": 100,
        "idle_ms": 600_000,
        "counts_until_ms": START + 10 * protocol.DAY_MS,
        "cap_ms": 21_600_000,
        "ended": False,
        "number": 0,
        "ticket_digest": protocol.digest(TICKET),
        "last_ticket_digest": "",
        "clock_ms": START,
        "last_beat_ms": START,
        "position_ms": 0,
        "covered": (),
        "credited_ms": 0,
        "day_end_ms": START + 3_600_000,
        "day_left_ms": 21_600_000,
    }
    return State(**{**values, **changes})


def claim(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "number": 1,
        "ticket": TICKET,
        "from_ms": 0,
        "to_ms": 10_000,
        "rate_percent": 100,
        "visible": True,
        "playing": True,
    }
    return Claim(**{**values, **changes})


def next_state(decision: Decision, ticket: str) -> State:
    """What the writer does between two beats."""
    after = decision.state
    if not decision.accepted:
        return after
    return msgspec.structs.replace(after, last_ticket_digest=after.ticket_digest, ticket_digest=protocol.digest(ticket))


def test_an_honest_beat_earns_its_seconds() -> None:
    decision = judge_beat(state(), claim(), START + 10_000)
    assert (decision.accepted, decision.reason, decision.credit_ms) == (True, Reason.NONE, 10_000)
    assert decision.state.covered == ((0, 10_000),)
    assert (decision.state.number, decision.state.position_ms) == (1, 10_000)
    assert (decision.began_ms, decision.ended_ms) == (START, START + 10_000)


@pytest.mark.parametrize(
    ("given_state", "given_claim", "after_ms", "reason", "earned"),
    [
        ({"ended": True}, {}, 10_000, Reason.ENDED, 0),
        ({}, {"ticket": "stolen"}, 10_000, Reason.TICKET, 0),
        ({}, {"ticket": ""}, 10_000, Reason.TICKET, 0),
        ({}, {"number": 2}, 10_000, Reason.TICKET, 0),
        ({}, {"number": 0}, 10_000, Reason.TICKET, 0),
        ({}, {}, 30_001, Reason.GAP, 0),
        ({"counts_until_ms": START + 9_000}, {}, 10_000, Reason.COHORT_CLOSED, 0),
        ({}, {"visible": False}, 10_000, Reason.HIDDEN, 0),
        ({}, {"playing": False}, 10_000, Reason.NOT_PLAYING, 0),
        ({}, {"rate_percent": 1600, "to_ms": 160_000}, 10_000, Reason.RATE, 0),
        ({}, {"rate_percent": 0}, 10_000, Reason.RATE, 0),
        ({}, {"from_ms": 9_000, "to_ms": 1_000}, 10_000, Reason.JUMP, 0),
        ({}, {"from_ms": 200_000, "to_ms": 210_000}, 10_000, Reason.JUMP, 0),
        ({}, {"to_ms": 120_000}, 10_000, Reason.CLOCK, 10_000),
        ({"covered": ((0, 10_000),), "credited_ms": 10_000}, {}, 10_000, Reason.ALREADY_COUNTED, 0),
        (
            {"covered": ((0, 300_000),), "credited_ms": 300_000},
            {"from_ms": 290_000, "to_ms": 300_000},
            10_000,
            Reason.UNIT_FULL,
            0,
        ),
        ({"day_left_ms": 4_000}, {}, 10_000, Reason.DAILY_CAP, 4_000),
        ({"day_left_ms": 0}, {}, 10_000, Reason.DAILY_CAP, 0),
        ({"paced": False}, {"idle_ms": 600_001}, 10_000, Reason.IDLE, 0),
    ],
)
def test_what_does_not_count_has_its_reason(
    given_state: dict[str, Any], given_claim: dict[str, Any], after_ms: int, reason: Reason, earned: int
) -> None:
    decision = judge_beat(state(**given_state), claim(**given_claim), START + after_ms)
    assert (decision.reason, decision.credit_ms) == (reason, earned)
    assert decision.accepted == (reason not in {Reason.ENDED, Reason.TICKET})
    assert not earned or decision.state.credited_ms == state(**given_state).credited_ms + earned


def test_a_claim_without_any_proof_earns_nothing() -> None:
    assert judge_beat(state(), Claim(number=1, ticket=TICKET, to_ms=10_000), START + 10_000).reason is Reason.HIDDEN
    assert judge_beat(state(), Claim(), START + 10_000).reason is Reason.TICKET


def test_a_refused_ticket_moves_nothing() -> None:
    before = state()
    assert judge_beat(before, claim(ticket="guess"), START + 10_000).state == before


def test_after_a_gap_the_session_goes_on_from_where_it_was_proven() -> None:
    decision = judge_beat(state(covered=((0, 5_000),), position_ms=5_000), claim(), START + 60_000)
    assert (decision.accepted, decision.reason) == (True, Reason.GAP)
    assert decision.state.position_ms == 5_000
    after = next_state(decision, "second")
    again = judge_beat(after, claim(number=2, ticket="second", from_ms=5_000, to_ms=15_000), START + 70_000)
    assert (again.reason, again.credit_ms) == (Reason.NONE, 10_000)


def test_a_late_and_an_early_beat_together_lose_nothing() -> None:
    first = judge_beat(state(), claim(), START + 12_000)
    second = judge_beat(
        next_state(first, "second"), claim(number=2, ticket="second", from_ms=10_000, to_ms=20_000), START + 20_000
    )
    assert first.credit_ms + second.credit_ms == 20_000
    assert first.ended_ms <= second.began_ms


def test_waiting_does_not_save_up_time() -> None:
    paused = judge_beat(state(), claim(playing=False, to_ms=0), START + 20_000)
    burst = judge_beat(next_state(paused, "second"), claim(number=2, ticket="second", to_ms=20_000), START + 21_000)
    assert burst.credit_ms <= 1_000


def test_reading_counts_from_where_it_was_however_the_page_numbers_it() -> None:
    before = state(paced=False, covered=((0, 20_000),), credited_ms=20_000, position_ms=20_000)
    decision = judge_beat(before, claim(from_ms=100_000, to_ms=110_000), START + 10_000)
    assert (decision.credit_ms, decision.state.covered) == (10_000, ((0, 30_000),))


def test_a_faster_rate_that_the_policy_allows_covers_more_but_earns_real_time() -> None:
    decision = judge_beat(state(max_rate_percent=150), claim(rate_percent=150, to_ms=15_000), START + 10_000)
    assert (decision.credit_ms, decision.state.covered) == (10_000, ((0, 15_000),))


def test_a_new_day_brings_a_new_cap() -> None:
    before = state(day_end_ms=START + 5_000, day_left_ms=0, cap_ms=1_000_000)
    decision = judge_beat(before, claim(), START + 10_000)
    assert (decision.reason, decision.credit_ms) == (Reason.NONE, 10_000)
    assert decision.state.day_end_ms == START + 5_000 + protocol.DAY_MS


def test_a_finished_video_may_be_watched_anywhere_and_earns_nothing_twice() -> None:
    before = state(covered=((0, 290_000),), credited_ms=290_000)
    assert protocol.is_finished(before)
    decision = judge_beat(before, claim(from_ms=100_000, to_ms=110_000), START + 10_000)
    assert (decision.reason, decision.credit_ms) == (Reason.ALREADY_COUNTED, 0)


def test_the_last_beat_once_more_is_a_retry_and_an_older_one_is_not() -> None:
    first = next_state(judge_beat(state(), claim(), START + 10_000), "second")
    assert protocol.is_retry(first, claim())
    assert not protocol.is_retry(first, claim(ticket="other"))
    assert not protocol.is_retry(state(), claim(number=0))
    second = next_state(
        judge_beat(first, claim(number=2, ticket="second", from_ms=10_000, to_ms=20_000), START + 20_000), "third"
    )
    assert not protocol.is_retry(second, claim())
    assert judge_beat(second, claim(), START + 30_000).reason is Reason.TICKET


def test_tickets_are_bound_to_session_unit_number_position_and_the_ticket_before() -> None:
    base = {"session_id": 1, "unit_id": 2, "number": 3, "position_ms": 4, "previous": "p"}
    tickets = {protocol.make_ticket(KEY, **base)}  # type: ignore[arg-type]  # one call for all variations
    for name, value in {"session_id": 9, "unit_id": 9, "number": 9, "position_ms": 9, "previous": "q"}.items():
        tickets.add(protocol.make_ticket(KEY, **{**base, name: value}))  # type: ignore[arg-type]  # see above
    tickets.add(protocol.make_ticket(protocol.ticket_key("other"), **base))  # type: ignore[arg-type]  # see above
    assert len(tickets) == 7


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40_000),  # waited
            st.integers(0, 320_000),  # from
            st.integers(0, 320_000),  # to
            st.sampled_from([0, 50, 100, 150, 1600]),
            st.booleans(),
            st.booleans(),
        ),
        max_size=25,
    ),
    st.booleans(),
    st.sampled_from([100, 150]),
)
def test_no_string_of_beats_earns_more_than_the_clock_or_the_unit(
    beats: list[tuple[int, int, int, int, bool, bool]], paced: bool, rate: int
) -> None:
    now, current, ticket, earned = START, state(paced=paced, max_rate_percent=rate), TICKET, 0
    used: list[tuple[int, int]] = []
    for number, (waited, start, end, speed, visible, playing) in enumerate(beats, 1):
        now += waited
        decision = judge_beat(
            current,
            claim(
                number=number,
                ticket=ticket,
                from_ms=start,
                to_ms=end,
                rate_percent=speed,
                visible=visible,
                playing=playing,
            ),
            now,
        )
        assert decision.accepted
        earned += decision.credit_ms
        if decision.credit_ms:
            used.append((decision.began_ms, decision.ended_ms))
            assert decision.credit_ms <= decision.ended_ms - decision.began_ms
            assert decision.ended_ms <= now
        ticket = f"t{number}"
        current = next_state(decision, ticket)
    assert earned == current.credited_ms <= now - START
    assert earned <= coverage.length(current.covered) <= current.unit_ms
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(used))
