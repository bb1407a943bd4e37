"""The judgement: whether a beat is the session's next one, and what it earns."""

import hmac
from collections.abc import Sequence

import msgspec

from zhenxue.ledger.data import Reason, coverage
from zhenxue.study.protocol.proofs import digest
from zhenxue.study.protocol.shapes import DAY_MS, Claim, Decision, Proof, State, Stretches

#: How far a beat may begin beyond what was seen: players report positions with this much blur. It never earns time.
JUMP_TOLERANCE_MS = 2_000
#: Server time that a beat may leave to the next one, so that a late and an early beat together lose nothing.
SLACK_MS = 3_000
#: Less than this beyond a bound is blur of the player, not worth a reason.
BLUR_MS = 1_500
#: Nobody sees a check and answers it within a second.
CHECK_HASTE_MS = 1_000
#: What a bad line may take on top of the time to answer a check.
CHECK_GRACE_MS = 10_000

#: Where the content of a claim begins and ends, how much was claimed, what of it is new, and what clipped it.
type Measured = tuple[int, int, int, list[tuple[int, int]], Reason]


def is_retry(state: State, claim: Claim, proof: Proof) -> bool:
    """Whether this is the last accepted beat once more, because its answer was lost.

    The key of beats is gone when the session has ended; then the ticket alone says it, for the answer earns nothing.
    """
    return (
        state.number > 0
        and claim.number == state.number
        and (proof is Proof.RIGHT or state.ended)
        and hmac.compare_digest(digest(claim.ticket), state.last_ticket_digest)
    )


def is_finished(state: State, covered_ms: int | None = None) -> bool:
    """Whether enough of the unit is covered (never by time alone where a self-test decides).

    ``covered_ms``: the length of what is covered, where it is known.
    """
    if state.finish_ms == 0:
        return False
    return (coverage.length(state.covered) if covered_ms is None else covered_ms) >= state.finish_ms


def judge_beat(state: State, claim: Claim, proof: Proof, now_ms: int) -> Decision:
    """Decides what one beat earns. Missing proof is a refusal with a reason, never a pass.

    First whether it is the session's next beat at all (``_chain``), then whether its time counts (``_refusal``), then
    how much (``_measure``): the stretch is bounded by the unused server time and the longest gap, by the content whose
    keys were released or by what the page may still count; new coverage of it counts, within the unit and the day's
    cap, and never more than the server time used.
    """
    chain = _chain(state, claim, proof)
    if chain is not Reason.NONE:
        claimed_ms = min(max(claim.to_ms - claim.from_ms, 0), state.max_gap_ms)
        at = state.position_ms
        return Decision(False, chain, 0, claimed_ms, now_ms, now_ms, at, at, state)
    if now_ms >= state.day_end_ms:
        days = (now_ms - state.day_end_ms) // DAY_MS + 1
        state = msgspec.structs.replace(state, day_end_ms=state.day_end_ms + days * DAY_MS, day_left_ms=state.cap_ms)
    refusal = _refusal(state, claim, now_ms)
    answered = (
        state.check_nonce != ""
        and claim.visible
        and claim.answer == state.check_nonce
        and now_ms - state.check_asked_ms >= CHECK_HASTE_MS
    )
    if answered:
        late = now_ms - state.check_asked_ms > state.check_answer_ms + CHECK_GRACE_MS
        if not late and refusal is Reason.CHECK:
            refusal = _place(state, claim)
        state = msgspec.structs.replace(state, check_nonce="", checks_missed=state.checks_missed + late)
    if refusal is not Reason.NONE:
        return _refused(state, claim, refusal, answered, now_ms)
    return _measure(state, claim, answered, now_ms)


def _chain(state: State, claim: Claim, proof: Proof) -> Reason:
    """Why a beat is not the session's next one, if it is not."""
    if state.ended:
        return Reason.ENDED
    if proof is Proof.MISSING or not claim.ticket or not claim.number:
        return Reason.NO_PROOF
    if proof is not Proof.RIGHT:
        return Reason.DEVICE
    if claim.number <= state.number:
        return Reason.REPLAYED
    if claim.number > state.number + 1:
        return Reason.OUT_OF_ORDER
    if not hmac.compare_digest(digest(claim.ticket), state.ticket_digest):
        return Reason.FOREIGN
    return Reason.NONE


def _refusal(state: State, claim: Claim, now_ms: int) -> Reason:
    """Why the time of a beat does not count at all, if it does not; an open check is looked at as if unanswered."""
    if now_ms >= state.counts_until_ms:
        return Reason.COHORT_CLOSED
    if not claim.visible:
        return Reason.HIDDEN
    if not claim.playing:
        return Reason.NOT_PLAYING
    if not 0 < claim.rate_percent <= state.max_rate_percent:
        return Reason.RATE
    if state.presence_asked_ms:
        return Reason.PRESENCE
    if state.check_nonce:
        return Reason.CHECK
    return _place(state, claim)


def _place(state: State, claim: Claim) -> Reason:
    """Why a stretch cannot be studied now: not reached yet, not in the document, or nobody there."""
    if claim.to_ms < claim.from_ms:
        return Reason.JUMP
    if state.paced:
        if claim.from_ms > coverage.reach(state.covered) + JUMP_TOLERANCE_MS and not is_finished(state):
            return Reason.JUMP
    elif claim.page >= state.slots:
        return Reason.JUMP
    if state.idle_ms and claim.idle_ms > state.idle_ms and not (state.paced and claim.focused):
        return Reason.IDLE
    return Reason.NONE


def _measure(state: State, claim: Claim, answered: bool, now_ms: int) -> Decision:
    free_ms = min(max(0, now_ms - state.clock_ms), state.max_gap_ms)
    rate = claim.rate_percent if state.paced else 100
    speed = max(rate, 100)
    of_kind = _of_video if state.paced else _of_page
    start, end, claimed_ms, fresh, clipped = of_kind(state, claim, free_ms * speed // 100)
    fresh_ms = coverage.length(fresh)
    used_ms = min(free_ms, -(-(end - start if state.paced else fresh_ms) * 100 // rate))
    ceiling_ms = max(0, state.unit_ms - state.credited_ms)
    allowed_ms = min(used_ms, ceiling_ms, state.day_left_ms)
    room_ms = allowed_ms * speed // 100
    taken = fresh if fresh_ms <= room_ms else coverage.take(fresh, room_ms)
    credit_ms = min(fresh_ms, room_ms, allowed_ms)
    covered: Sequence[tuple[int, int]] = state.covered
    for part_start, part_end in taken:
        covered = coverage.add(covered, part_start, part_end)
    capped = state.day_left_ms < min(fresh_ms, used_ms, ceiling_ms)
    reason = clipped
    if claimed_ms * 100 - free_ms * speed > BLUR_MS * 100:
        if now_ms - state.last_beat_ms > state.max_gap_ms:
            reason = Reason.GAP
        elif clipped is Reason.NONE:
            reason = Reason.CLOCK
    if reason is Reason.NONE:
        if capped:
            reason = Reason.DAILY_CAP
        elif credit_ms == 0 and claimed_ms:
            full = ceiling_ms == 0 or (state.paced and start >= state.unit_ms)
            reason = Reason.UNIT_FULL if full else Reason.ALREADY_COUNTED
    ended_ms = state.clock_ms + used_ms
    position_ms = coverage.reach(covered) if capped and state.paced else end
    after = msgspec.structs.replace(
        state,
        number=claim.number,
        clock_ms=max(ended_ms, now_ms - SLACK_MS),
        last_beat_ms=now_ms,
        position_ms=min(position_ms, state.unit_ms) if state.paced else position_ms,
        covered=tuple(covered),
        credited_ms=state.credited_ms + credit_ms,
        day_left_ms=state.day_left_ms - credit_ms,
        check_left_ms=max(0, state.check_left_ms - used_ms),
    )
    return Decision(True, reason, credit_ms, claimed_ms, state.clock_ms, ended_ms, start, end, after, answered)


def _of_video(state: State, claim: Claim, stretch_ms: int) -> Measured:
    """What of a claim lies in released content, when the clock allows ``stretch_ms`` of it."""
    clipped = Reason.NONE
    start = claim.from_ms
    if is_finished(state):
        stretch_ms = min(claim.to_ms - start, stretch_ms)
    else:
        start = min(start, coverage.reach(state.covered))
        stretch_ms = min(claim.to_ms - start, stretch_ms)
        open_ms = _released_from(state.released, start)
        if stretch_ms - open_ms > BLUR_MS:
            clipped = Reason.NO_KEY
        stretch_ms = min(stretch_ms, open_ms)
    end = start + stretch_ms
    fresh = coverage.new_parts(state.covered, start, min(end, state.unit_ms))
    return start, end, claim.to_ms - start, fresh, clipped


def _of_page(state: State, claim: Claim, stretch_ms: int) -> Measured:
    """What of a claim the page in view may still count; time is laid into the page's free places, in order."""
    claimed_ms = claim.to_ms - claim.from_ms
    page_end = (claim.page + 1) * state.slot_ms
    room = coverage.new_parts(state.covered, page_end - state.slot_ms, page_end)
    stretch_ms = min(claimed_ms, stretch_ms)
    fresh = coverage.take(room, stretch_ms)
    start = room[0][0] if room else page_end
    end = fresh[-1][1] if fresh else start
    full = stretch_ms - coverage.length(fresh) > BLUR_MS and state.credited_ms < state.unit_ms
    return start, end, claimed_ms, fresh, Reason.PAGE_FULL if full else Reason.NONE


def _released_from(released: Stretches, start: int) -> int:
    """How much content from ``start`` on the session may decrypt; a stretch may begin with the player's blur."""
    for piece_start, piece_end in released:
        if piece_start - JUMP_TOLERANCE_MS <= start < piece_end:
            return piece_end - start
    return 0


def _refused(state: State, claim: Claim, reason: Reason, answered: bool, now_ms: int) -> Decision:
    """The ticket was right, so the chain goes on, but the time is gone; the position stays where it was proven."""
    began_ms = min(max(state.clock_ms, state.last_beat_ms), now_ms)
    after = msgspec.structs.replace(
        state, number=claim.number, clock_ms=max(now_ms, state.clock_ms), last_beat_ms=now_ms
    )
    at = state.position_ms
    return Decision(True, reason, 0, now_ms - began_ms, began_ms, now_ms, at, at, after, answered)
