"""The study protocol, pure: what one beat earns (design.md §4 "Study session"; docs/reference/study-protocol.md).

Nothing here reads a clock, a database or a setting. Times are whole milliseconds; ``now_ms`` is the server's clock
since 1970. Whatever the page says is a claim: the server's own time is the only thing that earns.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from zhenxue.ledger.data import Reason, coverage

#: How far a beat may begin beyond what was seen: players report positions with this much blur. It never earns time.
JUMP_TOLERANCE_MS = 2_000
#: Server time that a beat may leave to the next one, so that a late and an early beat together lose nothing.
SLACK_MS = 3_000
#: Less than this beyond the clock is blur of the player, not worth a reason.
CLOCK_BLUR_MS = 1_500
DAY_MS = 86_400_000
#: Reasons that take nothing from the learner and are not shown as a problem.
QUIET = frozenset({Reason.NONE, Reason.NOT_PLAYING})


_decode_covered = msgspec.json.Decoder(tuple[tuple[int, int], ...]).decode

type Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=DAY_MS)]


class Claim(msgspec.Struct, frozen=True, gc=False):
    """One beat as the page sends it. Fields that prove something default to "not proven"."""

    number: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    ticket: Annotated[str, msgspec.Meta(max_length=64)] = ""
    from_ms: Milliseconds = 0
    to_ms: Milliseconds = 0
    rate_percent: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    visible: bool = False
    focused: bool = False
    playing: bool = False
    event: Literal["tick", "pause", "seek", "hide", "end", "close"] = "tick"
    idle_ms: Milliseconds = 0


class State(msgspec.Struct, frozen=True, gc=False):
    """A study session as the last accepted beat left it; the first nine fields are fixed when it opens."""

    session_id: int
    unit_id: int
    paced: bool
    unit_ms: int
    finish_ms: int
    max_gap_ms: int
    max_rate_percent: int
    idle_ms: int
    counts_until_ms: int
    cap_ms: int
    ended: bool
    number: int
    ticket_digest: str
    last_ticket_digest: str
    clock_ms: int
    last_beat_ms: int
    position_ms: int
    covered: tuple[tuple[int, int], ...]
    credited_ms: int
    day_end_ms: int
    day_left_ms: int


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What a beat earned and why the rest did not count; ``state`` is how the session stands afterwards.

    ``accepted`` is false when the ticket was not the session's next one: then nothing moved. ``[began_ms, ended_ms)``
    is the stretch of the server's time that the beat used up, never shared with another beat of the session.
    """

    accepted: bool
    reason: Reason
    credit_ms: int
    claimed_ms: int
    began_ms: int
    ended_ms: int
    from_ms: int
    to_ms: int
    state: State

    @property
    def finished(self) -> bool:
        return is_finished(self.state)


def digest(ticket: str) -> str:
    """What is stored of a ticket: SHA-256 in hex."""
    return hashlib.sha256(ticket.encode("utf-8", "replace")).hexdigest()


def encode_covered(covered: Sequence[tuple[int, int]]) -> str:
    """Coverage as the session row keeps it: compact JSON."""
    return msgspec.json.encode(covered).decode()


def decode_covered(text: str) -> tuple[tuple[int, int], ...]:
    """Coverage from the session row."""
    return _decode_covered(text)


def sign_in_digest(session_key: str | bytes) -> str:
    """How a sign-in is written into a study session: SHA-256 of the cookie's value in hex."""
    raw = session_key.encode() if isinstance(session_key, str) else session_key
    return hashlib.sha256(raw).hexdigest()


def ticket_key(secret: str) -> bytes:
    """The key that tickets are made with, derived from the site's secret for this one purpose."""
    return hmac.digest(secret.encode(), b"zhenxue study ticket v1", "sha256")


def make_ticket(key: bytes, *, session_id: int, unit_id: int, number: int, position_ms: int, previous: str) -> str:
    """The ticket for beat ``number``: bound to session, unit and position, chained to the ticket before it."""
    text = f"{session_id}.{unit_id}.{number}.{position_ms}.{previous}"
    return urlsafe_b64encode(hmac.digest(key, text.encode("utf-8", "replace"), "sha256")[:24]).decode()


def is_retry(state: State, claim: Claim) -> bool:
    """Whether this is the last accepted beat once more, because its answer was lost."""
    return (
        state.number > 0
        and claim.number == state.number
        and hmac.compare_digest(digest(claim.ticket), state.last_ticket_digest)
    )


def is_finished(state: State) -> bool:
    """Whether enough of the unit is covered (never by time alone where a self-test decides)."""
    return state.finish_ms > 0 and coverage.length(state.covered) >= state.finish_ms


def judge_beat(state: State, claim: Claim, now_ms: int) -> Decision:
    """Decides what one beat earns. Missing proof is a refusal with a reason, never a pass.

    In this order: session open; ticket unused and in order; no gap longer than the policy's; cohort still running; page
    in the foreground; playing; rate within policy; for reading, input within the idle window; for video, no jump into
    what was not seen. Then: the stretch may be as long as the unused server time (times the rate the policy allows),
    new coverage of it counts, within the unit and the day's cap, and never more than the server time used.
    """
    if state.ended:
        return _not_accepted(state, claim, Reason.ENDED, now_ms)
    if claim.number != state.number + 1 or not hmac.compare_digest(digest(claim.ticket), state.ticket_digest):
        return _not_accepted(state, claim, Reason.TICKET, now_ms)
    if now_ms >= state.day_end_ms:
        days = (now_ms - state.day_end_ms) // DAY_MS + 1
        state = msgspec.structs.replace(state, day_end_ms=state.day_end_ms + days * DAY_MS, day_left_ms=state.cap_ms)
    refusal = _refusal(state, claim, now_ms)
    if refusal is not Reason.NONE:
        return _refused(state, claim, refusal, now_ms)
    return _measure(state, claim, now_ms)


def _refusal(state: State, claim: Claim, now_ms: int) -> Reason:
    if now_ms - state.last_beat_ms > state.max_gap_ms:
        return Reason.GAP
    if now_ms >= state.counts_until_ms:
        return Reason.COHORT_CLOSED
    if not claim.visible:
        return Reason.HIDDEN
    if not claim.playing:
        return Reason.NOT_PLAYING
    if not 0 < claim.rate_percent <= state.max_rate_percent:
        return Reason.RATE
    if not 0 <= claim.from_ms <= claim.to_ms:
        return Reason.JUMP
    if state.paced:
        if claim.from_ms > coverage.reach(state.covered) + JUMP_TOLERANCE_MS and not is_finished(state):
            return Reason.JUMP
    elif state.idle_ms and not 0 <= claim.idle_ms <= state.idle_ms:
        return Reason.IDLE
    return Reason.NONE


def _measure(state: State, claim: Claim, now_ms: int) -> Decision:
    seen_to = coverage.reach(state.covered)
    free_ms = max(0, now_ms - state.clock_ms)
    start = min(claim.from_ms, seen_to) if state.paced and not is_finished(state) else claim.from_ms
    if not state.paced:
        start = seen_to
        claimed_ms = claim.to_ms - claim.from_ms
        rate = 100
    else:
        claimed_ms = claim.to_ms - start
        rate = claim.rate_percent
    stretch_ms = min(claimed_ms, free_ms * max(rate, 100) // 100)
    used_ms = min(free_ms, -(-stretch_ms * 100 // rate))
    end = start + stretch_ms
    fresh = coverage.new_parts(state.covered, start, min(end, state.unit_ms))
    ceiling_ms = max(0, state.unit_ms - state.credited_ms)
    allowed_ms = min(used_ms, ceiling_ms, state.day_left_ms)
    taken = coverage.take(fresh, allowed_ms * max(rate, 100) // 100)
    credit_ms = min(coverage.length(taken), allowed_ms)
    covered = list(state.covered)
    for part_start, part_end in taken:
        covered = coverage.add(covered, part_start, part_end)
    reason = Reason.NONE
    fresh_ms = coverage.length(fresh)
    if state.day_left_ms < min(fresh_ms, used_ms, ceiling_ms):
        reason = Reason.DAILY_CAP
    elif claimed_ms - stretch_ms > CLOCK_BLUR_MS:
        reason = Reason.CLOCK
    elif credit_ms == 0 and claimed_ms:
        reason = Reason.UNIT_FULL if ceiling_ms == 0 or start >= state.unit_ms else Reason.ALREADY_COUNTED
    ended_ms = state.clock_ms + used_ms
    after = msgspec.structs.replace(
        state,
        number=claim.number,
        clock_ms=max(ended_ms, now_ms - SLACK_MS),
        last_beat_ms=now_ms,
        position_ms=min(end if reason is not Reason.DAILY_CAP else coverage.reach(covered), state.unit_ms),
        covered=tuple(covered),
        credited_ms=state.credited_ms + credit_ms,
        day_left_ms=state.day_left_ms - credit_ms,
    )
    return Decision(
        True, reason, credit_ms, max(0, claimed_ms), state.clock_ms, ended_ms, start, max(start, end), after
    )


def _refused(state: State, claim: Claim, reason: Reason, now_ms: int) -> Decision:
    """The ticket was right, so the chain goes on, but the time is gone; the position stays where it was proven."""
    began_ms = min(max(state.clock_ms, state.last_beat_ms), now_ms)
    after = msgspec.structs.replace(
        state, number=claim.number, clock_ms=max(now_ms, state.clock_ms), last_beat_ms=now_ms
    )
    return Decision(True, reason, 0, now_ms - began_ms, began_ms, now_ms, state.position_ms, state.position_ms, after)


def _not_accepted(state: State, claim: Claim, reason: Reason, now_ms: int) -> Decision:
    claimed_ms = min(max(claim.to_ms - claim.from_ms, 0), state.unit_ms)
    return Decision(False, reason, 0, claimed_ms, now_ms, now_ms, state.position_ms, state.position_ms, state)
