"""What a page is told after each beat."""

import msgspec

from zhenxue.ledger.data import Reason, coverage
from zhenxue.study import protocol
from zhenxue.study.data import ENDED_WORDS
from zhenxue.study.ingest.stores import Held


class Check(msgspec.Struct, gc=False):
    """An open check: the page asks the learner, and the next beat brings the nonce as ``answer``."""

    nonce: str
    answer_within_ms: int


class Answer(msgspec.Struct, gc=False):
    """What the page reads. ``saved_at_ms`` is the server's clock; seconds are whole and of the unit.

    ``position_ms`` lies on the content's axis; ``seen_to_ms`` is how far a video was seen, or how much was read.
    ``ended_because`` is an ``EndReason``. With ``presence`` nothing counts before the check is passed.
    """

    number: int
    ticket: str
    reason: str
    text: str
    credited_seconds: int
    gained_ms: int
    position_ms: int
    seen_to_ms: int
    day_left_seconds: int
    saved_at_ms: int
    ended: bool
    finished: bool
    ended_because: str
    check: Check | msgspec.UnsetType = msgspec.UNSET
    presence: bool | msgspec.UnsetType = msgspec.UNSET


def answer_of(session: Held, reason: Reason, ticket: str, gained_ms: int, *, saved_at_ms: int, now_ms: int) -> Answer:
    """How the session stands after a beat, or before the one that was refused, with what comes next."""
    state = session.state
    covered_ms = coverage.length(state.covered)
    answer = Answer(  # in the order of its fields: half the time of naming them
        state.number,
        ticket,
        reason.value,
        reason.label,
        state.credited_ms // 1000,
        gained_ms,
        state.position_ms,
        coverage.reach(state.covered) if state.paced else covered_ms,
        state.day_left_ms // 1000,
        saved_at_ms,
        state.ended,
        protocol.is_finished(state, covered_ms),
        session.end_reason,
    )
    if reason is Reason.ENDED:
        answer.text = ENDED_WORDS.get(session.end_reason, reason.label)
    if state.presence_asked_ms:
        answer.presence = True
    if state.check_nonce:
        left_ms = state.check_asked_ms + state.check_answer_ms - now_ms
        answer.check = Check(state.check_nonce, max(0, left_ms))
    return answer
