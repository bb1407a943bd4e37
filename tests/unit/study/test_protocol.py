"""What one beat earns: one case for each reason."""

from typing import Any

import msgspec
import pytest

from tests.support.beats import KEY, START, TICKET, claim, reading, state
from zhenxue.ledger.data import Reason
from zhenxue.study import protocol
from zhenxue.study.protocol import Claim, Decision, Proof, State

UNPROVEN = {
    Reason.ENDED,
    Reason.NO_PROOF,
    Reason.DEVICE,
    Reason.REPLAYED,
    Reason.OUT_OF_ORDER,
    Reason.FOREIGN,
}


def checked(**changes: Any) -> State:
    """With a check that was asked five seconds before the beat comes."""
    return state(**{"check_nonce": "n", "check_asked_ms": START + 5_000, "check_left_ms": 0, **changes})


def judge_beat(before: State, given: Claim, now_ms: int, proof: Proof = Proof.RIGHT) -> Decision:
    return protocol.judge_beat(before, given, proof, now_ms)


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
        ({}, {"ticket": ""}, 10_000, Reason.NO_PROOF, 0),
        ({}, {"number": 0}, 10_000, Reason.NO_PROOF, 0),
        ({"number": 3}, {"number": 3}, 10_000, Reason.REPLAYED, 0),
        ({"number": 3}, {"number": 1}, 10_000, Reason.REPLAYED, 0),
        ({}, {"number": 2}, 10_000, Reason.OUT_OF_ORDER, 0),
        ({}, {"ticket": "stolen"}, 10_000, Reason.FOREIGN, 0),
        ({"counts_until_ms": START + 9_000}, {}, 10_000, Reason.COHORT_CLOSED, 0),
        ({}, {"visible": False}, 10_000, Reason.HIDDEN, 0),
        ({}, {"playing": False}, 10_000, Reason.NOT_PLAYING, 0),
        ({}, {"rate_percent": 1600, "to_ms": 160_000}, 10_000, Reason.RATE, 0),
        ({}, {"rate_percent": 0}, 10_000, Reason.RATE, 0),
        ({"check_nonce": "n", "check_asked_ms": START + 5_000}, {}, 10_000, Reason.CHECK, 0),
        ({"check_nonce": "n", "check_asked_ms": START + 5_000}, {"answer": "m"}, 10_000, Reason.CHECK, 0),
        ({"check_nonce": "n", "check_asked_ms": START + 9_500}, {"answer": "n"}, 10_000, Reason.CHECK, 0),
        ({"check_nonce": "n", "check_asked_ms": START - 61_000}, {"answer": "n"}, 10_000, Reason.CHECK, 0),
        ({"check_nonce": "n", "check_asked_ms": START + 5_000}, {"answer": "n"}, 10_000, Reason.NONE, 10_000),
        ({}, {"from_ms": 9_000, "to_ms": 1_000}, 10_000, Reason.JUMP, 0),
        ({}, {"from_ms": 200_000, "to_ms": 210_000}, 10_000, Reason.JUMP, 0),
        ({}, {"focused": False, "idle_ms": 600_001}, 10_000, Reason.IDLE, 0),
        ({}, {"focused": True, "idle_ms": 600_001}, 10_000, Reason.NONE, 10_000),
        ({}, {"focused": False, "idle_ms": 600_000}, 10_000, Reason.NONE, 10_000),
        ({}, {"to_ms": 40_000}, 40_000, Reason.GAP, 30_000),
        ({}, {"to_ms": 10_000}, 4_000_000, Reason.NONE, 10_000),
        ({"released": ()}, {}, 10_000, Reason.NO_KEY, 0),
        ({"released": ((0, 6_000),)}, {}, 10_000, Reason.NO_KEY, 6_000),
        ({"released": ((12_000, 24_000),)}, {}, 10_000, Reason.NO_KEY, 0),
        ({"released": ((1_900, 24_000),)}, {}, 10_000, Reason.NONE, 10_000),
        ({}, {"to_ms": 120_000}, 10_000, Reason.CLOCK, 10_000),
        ({"day_left_ms": 4_000}, {}, 10_000, Reason.DAILY_CAP, 4_000),
        ({"day_left_ms": 0}, {}, 10_000, Reason.DAILY_CAP, 0),
        ({"covered": ((0, 10_000),), "credited_ms": 10_000}, {}, 10_000, Reason.ALREADY_COUNTED, 0),
        (
            {"covered": ((0, 300_000),), "credited_ms": 300_000},
            {"from_ms": 290_000, "to_ms": 300_000},
            10_000,
            Reason.UNIT_FULL,
            0,
        ),
    ],
)
def test_what_does_not_count_has_its_reason(
    given_state: dict[str, Any], given_claim: dict[str, Any], after_ms: int, reason: Reason, earned: int
) -> None:
    decision = judge_beat(state(**given_state), claim(**given_claim), START + after_ms)
    assert (decision.reason, decision.credit_ms) == (reason, earned)
    assert decision.accepted == (reason not in UNPROVEN)
    assert not earned or decision.state.credited_ms == state(**given_state).credited_ms + earned


@pytest.mark.parametrize(
    ("given_state", "given_claim", "reason", "earned"),
    [
        ({}, {"page": 4}, Reason.JUMP, 0),
        ({}, {"idle_ms": 600_001}, Reason.IDLE, 0),
        ({"covered": ((0, 112_500),), "credited_ms": 112_500}, {}, Reason.PAGE_FULL, 0),
        ({"covered": ((0, 108_500),), "credited_ms": 108_500}, {}, Reason.PAGE_FULL, 4_000),
        ({"covered": ((0, 112_500),), "credited_ms": 112_500}, {"page": 1}, Reason.NONE, 10_000),
        ({"covered": ((0, 300_000),), "credited_ms": 300_000}, {"page": 3}, Reason.UNIT_FULL, 0),
        ({"covered": ((0, 112_500),), "credited_ms": 300_000}, {}, Reason.UNIT_FULL, 0),
    ],
)
def test_what_is_read_earns_by_the_page_up_to_its_share(
    given_state: dict[str, Any], given_claim: dict[str, Any], reason: Reason, earned: int
) -> None:
    decision = judge_beat(reading(**given_state), claim(**given_claim), START + 10_000)
    assert (decision.accepted, decision.reason, decision.credit_ms) == (True, reason, earned)


@pytest.mark.parametrize(
    ("proof", "changes", "reason"),
    [
        (Proof.MISSING, {}, Reason.NO_PROOF),
        (Proof.WRONG, {}, Reason.DEVICE),
        (Proof.WRONG, {"ticket": ""}, Reason.NO_PROOF),
        (Proof.WRONG, {"number": 9}, Reason.DEVICE),
        (Proof.RIGHT, {"ticket": "", "number": 0}, Reason.NO_PROOF),
    ],
)
def test_without_the_devices_proof_nothing_moves(proof: Proof, changes: dict[str, Any], reason: Reason) -> None:
    before = state()
    decision = judge_beat(before, claim(**changes), START + 10_000, proof)
    assert (decision.accepted, decision.reason, decision.state) == (False, reason, before)


def test_a_claim_without_any_proof_earns_nothing() -> None:
    assert judge_beat(state(), Claim(number=1, ticket=TICKET, to_ms=10_000), START + 10_000).reason is Reason.HIDDEN
    assert judge_beat(state(), Claim(), START + 10_000).reason is Reason.NO_PROOF


def test_an_answered_check_opens_the_way_and_a_late_one_is_noted() -> None:
    in_time = judge_beat(checked(), claim(answer="n"), START + 10_000)
    assert (in_time.answered, in_time.state.check_nonce, in_time.state.checks_missed) == (True, "", 0)
    late = judge_beat(checked(check_asked_ms=START - 80_000), claim(answer="n"), START + 10_000)
    assert (late.answered, late.state.check_nonce, late.state.checks_missed) == (True, "", 1)
    paused = judge_beat(checked(), claim(answer="n", playing=False), START + 10_000)
    assert (paused.answered, paused.reason) == (True, Reason.NOT_PLAYING)
    hidden = judge_beat(checked(), claim(answer="n", visible=False), START + 10_000)
    assert (hidden.answered, hidden.state.check_nonce) == (False, "n")


def test_a_check_is_asked_when_its_study_time_is_used_up_and_the_next_one_lies_in_the_window() -> None:
    used = judge_beat(state(check_left_ms=8_000), claim(), START + 10_000).state
    assert used.check_left_ms == 0
    asked = protocol.follow_up(used, KEY, answered=False, now_ms=START + 10_000)
    assert (len(asked.check_nonce), asked.check_asked_ms) == (16, START + 10_000)
    renewed = protocol.follow_up(used, KEY, answered=True, now_ms=START + 10_000)
    assert 600_000 <= renewed.check_left_ms <= 1_200_000
    assert (
        protocol.follow_up(state(check_max_ms=0, check_left_ms=0), KEY, answered=False, now_ms=START).check_nonce == ""
    )
    drawn = {protocol.draw_interval(KEY, session, 0, 600_000, 1_200_000) for session in range(50)}
    assert len(drawn) == 50
    assert all(600_000 <= one <= 1_200_000 for one in drawn)


def test_a_long_silence_does_not_take_the_stretch_before_it() -> None:
    decision = judge_beat(state(), claim(to_ms=8_000), START + 45 * 60_000)
    assert (decision.reason, decision.credit_ms) == (Reason.NONE, 8_000)
    assert (decision.began_ms, decision.ended_ms) == (START, START + 8_000)
    assert decision.state.clock_ms >= START + 45 * 60_000 - 3_000


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


def test_reading_counts_on_its_page_however_the_script_numbers_it() -> None:
    before = reading(covered=((112_500, 132_500),), credited_ms=20_000, position_ms=132_500)
    decision = judge_beat(before, claim(from_ms=100_000, to_ms=110_000, page=1), START + 10_000)
    assert (decision.credit_ms, decision.state.covered) == (10_000, ((112_500, 142_500),))
    assert decision.state.position_ms == 142_500


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
    assert protocol.is_retry(first, claim(), Proof.RIGHT)
    assert not protocol.is_retry(first, claim(), Proof.WRONG)
    assert not protocol.is_retry(first, claim(ticket="other"), Proof.RIGHT)
    assert not protocol.is_retry(state(), claim(number=0), Proof.RIGHT)
    ended = msgspec.structs.replace(first, ended=True)
    assert protocol.is_retry(ended, claim(), Proof.WRONG)
    second = next_state(
        judge_beat(first, claim(number=2, ticket="second", from_ms=10_000, to_ms=20_000), START + 20_000), "third"
    )
    assert not protocol.is_retry(second, claim(), Proof.RIGHT)
    assert judge_beat(second, claim(), START + 30_000).reason is Reason.REPLAYED


def test_tickets_are_bound_to_session_unit_number_position_and_the_ticket_before() -> None:
    base = {"session_id": 1, "unit_id": 2, "number": 3, "position_ms": 4, "previous": "p"}
    tickets = {protocol.make_ticket(KEY, **base)}  # type: ignore[arg-type]  # one call for all variations
    for name, value in {"session_id": 9, "unit_id": 9, "number": 9, "position_ms": 9, "previous": "q"}.items():
        tickets.add(protocol.make_ticket(KEY, **{**base, name: value}))  # type: ignore[arg-type]  # see above
    tickets.add(protocol.make_ticket(protocol.ticket_key("other"), **base))  # type: ignore[arg-type]  # see above
    assert len(tickets) == 7
