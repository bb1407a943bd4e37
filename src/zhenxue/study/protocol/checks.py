"""Checks ("我在学习", presence): when one is due, how far the next is; the chance is the server's secret."""

import hmac
from base64 import urlsafe_b64encode

import msgspec

from zhenxue.study.protocol.shapes import State


def draw_interval(key: bytes, session_id: int, number: int, min_ms: int, max_ms: int) -> int:
    """Study time until a check, evenly within the window; the same for the same beat, unknown without the key."""
    chance = hmac.digest(key, f"study check v1|{session_id}|{number}".encode(), "sha256")
    return min_ms + int.from_bytes(chance[:8], "big") % max(1, max_ms - min_ms + 1)


def presence_due(state: State) -> bool:
    """Whether so much counts now that the learner has to show presence before more does."""
    return state.presence_every_ms > 0 and not state.presence_asked_ms and state.credited_ms >= state.presence_at_ms


def follow_up(state: State, key: bytes, *, answered: bool, now_ms: int) -> State:
    """The state after a beat: an answered check brings a new distance, a distance that is used up brings a check."""
    if state.check_max_ms == 0:
        return state
    if answered:
        left_ms = draw_interval(key, state.session_id, state.number, state.check_min_ms, state.check_max_ms)
        return msgspec.structs.replace(state, check_left_ms=left_ms)
    if state.check_left_ms == 0 and not state.check_nonce:
        text = f"study check nonce v1|{state.session_id}|{state.number}".encode()
        nonce = urlsafe_b64encode(hmac.digest(key, text, "sha256")[:12]).decode()
        return msgspec.structs.replace(state, check_nonce=nonce, check_asked_ms=now_ms)
    return state
