"""The promise that no string of beats beats the clock, and that no ticket earns twice."""

import itertools
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.beats import KEY, START, TICKET, reading, state
from zhenxue.ledger.data import coverage
from zhenxue.study import protocol
from zhenxue.study.protocol import Claim, Proof, State

CLAIMS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    from_ms=st.integers(0, 700_000),
    to_ms=st.integers(0, 700_000),
    rate_percent=st.sampled_from([0, 50, 100, 150, 1600]),
    visible=st.booleans() | st.just(True),
    focused=st.booleans(),
    playing=st.booleans() | st.just(True),
    idle_ms=st.sampled_from([0, 700_000]),
    page=st.integers(0, 5),
    answer=st.sampled_from(["", "guess", "right"]),
    off=st.sampled_from([0, 0, 0, 0, -1, 1]),
    ticket=st.sampled_from(["right", "right", "right", "old", "", "guess"]),
    proof=st.sampled_from([Proof.RIGHT, Proof.RIGHT, Proof.RIGHT, Proof.WRONG, Proof.MISSING]),
)
STEPS = st.lists(st.tuples(st.integers(0, 60_000), CLAIMS), max_size=25)
STATES = st.sampled_from(
    [
        {},
        {"max_rate_percent": 150},
        {"released": ((0, 50_000), (120_000, 200_000))},
        {"check_left_ms": 20_000},
        {"day_left_ms": 30_000},
        {"covered": ((50_000, 90_000),), "credited_ms": 40_000},
    ]
)


class Server:
    """What the writer does with one session: judge, move, hand out the next ticket."""

    def __init__(self, before: State) -> None:
        self.state, self.tickets = before, [TICKET]
        self.earned = 0
        self.used: list[tuple[int, int]] = []
        self.spent: list[str] = []

    def take(self, given: dict[str, Any], now_ms: int) -> None:
        parts = dict(given)
        proof, off, ticket = parts.pop("proof"), parts.pop("off"), parts.pop("ticket")
        known = {"right": self.tickets[-1], "old": self.tickets[0], "guess": "x", "": ""}[ticket]
        if parts["answer"] == "right":
            parts["answer"] = self.state.check_nonce
        sent = Claim(number=max(0, self.state.number + 1 + off), ticket=known, **parts)
        if protocol.is_retry(self.state, sent, proof):
            return
        decision = protocol.judge_beat(self.state, sent, proof, now_ms)
        if not decision.accepted:
            assert decision.state == self.state
            return
        self.spent.append(known)
        self.earned += decision.credit_ms
        if decision.credit_ms:
            assert decision.credit_ms <= decision.ended_ms - decision.began_ms
            assert decision.ended_ms <= now_ms
            self.used.append((decision.began_ms, decision.ended_ms))
        after = protocol.follow_up(decision.state, KEY, answered=decision.answered, now_ms=now_ms)
        self.tickets.append(f"t{after.number}")
        self.state = msgspec.structs.replace(
            after, last_ticket_digest=after.ticket_digest, ticket_digest=protocol.digest(self.tickets[-1])
        )


@settings(deadline=None)  # a busy machine is no fault
@given(STEPS, STATES, st.booleans())
def test_no_string_of_beats_earns_more_than_the_clock_or_the_unit(
    steps: list[tuple[int, dict[str, Any]]], changes: dict[str, Any], paced: bool
) -> None:
    before = state(**changes) if paced else reading(**changes)
    server, now = Server(before), START
    for waited, given_claim in steps:
        now += waited
        server.take(given_claim, now)
    after = server.state
    assert server.earned == after.credited_ms - before.credited_ms <= now - START
    assert after.credited_ms <= coverage.length(after.covered) <= after.unit_ms
    assert after.credited_ms - before.credited_ms <= before.day_left_ms
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(server.used))
    if paced and not protocol.is_finished(after):
        gained = [part for piece in after.covered for part in coverage.new_parts(before.covered, *piece)]
        blurred = [(max(0, start - 2_000), end) for start, end in before.released]
        assert all(not coverage.new_parts(coverage.normal(blurred), *part) for part in gained)


@settings(deadline=None)  # a busy machine is no fault
@given(STEPS, STATES)
def test_the_same_ticket_never_earns_twice(steps: list[tuple[int, dict[str, Any]]], changes: dict[str, Any]) -> None:
    server, now = Server(state(**changes)), START
    for waited, given_claim in steps:
        now += waited
        server.take(given_claim, now)
        server.take(given_claim | {"ticket": "old", "off": -1}, now)
    assert len(server.spent) == len(set(server.spent)) == server.state.number


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.tuples(st.integers(0, 20_000), st.booleans(), CLAIMS), max_size=30))
def test_two_sessions_of_a_person_in_turns_never_earn_more_than_passed(
    steps: list[tuple[int, bool, dict[str, Any]]],
) -> None:
    """Opening one ends the other; whatever both claim afterwards, together they stay within the clock."""
    servers, now, in_second = [Server(state()), Server(state(session_id=8, ended=True))], START, False
    for waited, second, given_claim in steps:
        now += waited
        if second != in_second:
            left, entered = servers[in_second], servers[second]
            left.state = msgspec.structs.replace(left.state, ended=True)
            entered.state = msgspec.structs.replace(entered.state, ended=False, clock_ms=now, last_beat_ms=now)
            in_second = second
        for server in servers:
            server.take(given_claim, now)
    assert sum(server.earned for server in servers) <= now - START
