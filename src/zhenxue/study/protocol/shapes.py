"""What goes into a judgement and what comes out."""

import enum
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from zhenxue.ledger.data import Reason

DAY_MS = 86_400_000

type Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=DAY_MS)]
type Stretches = tuple[tuple[int, int], ...]

_decode = msgspec.json.Decoder(tuple[tuple[int, int], ...]).decode
_encode = msgspec.json.Encoder().encode


class Proof(enum.Enum):
    """What the header ``X-Beat-Proof`` says: the HMAC of this very body under the key agreed at opening."""

    MISSING = 0
    WRONG = 1
    RIGHT = 2


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
    page: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    answer: Annotated[str, msgspec.Meta(max_length=32)] = ""


class State(msgspec.Struct, gc=False):
    """A study session as the last accepted beat left it; no function of the protocol changes the one that it is given.

    The fields before ``number`` are fixed at opening, but for ``ended`` and ``released``, which pages move, and
    ``covered``.

    A video (``paced``) has its content on an axis of ``unit_ms``. Whatever is read has ``slots`` pages of ``slot_ms``
    each: page ``p`` covers ``[p·slot_ms, (p+1)·slot_ms)`` of the axis, and ``unit_ms`` bounds all pages together.
    """

    session_id: int
    paced: bool
    ended: bool
    released: Stretches
    covered: Stretches
    unit_id: int
    unit_ms: int
    finish_ms: int
    slots: int
    slot_ms: int
    max_gap_ms: int
    max_rate_percent: int
    idle_ms: int
    counts_until_ms: int
    cap_ms: int
    check_min_ms: int
    check_max_ms: int
    check_answer_ms: int
    presence_every_ms: int
    number: int
    ticket_digest: str
    last_ticket_digest: str
    clock_ms: int
    last_beat_ms: int
    position_ms: int
    credited_ms: int
    day_end_ms: int
    day_left_ms: int
    check_left_ms: int
    check_nonce: str
    check_asked_ms: int
    checks_missed: int
    presence_at_ms: int
    presence_asked_ms: int


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What a beat earned and why the rest did not count; ``state`` is how the session stands afterwards.

    ``accepted`` is false when the beat did not prove itself to be the session's next one: then nothing moved.
    ``[began_ms, ended_ms)`` is the stretch of the server's time that the beat used up, never shared with another beat
    of the session; ``[from_ms, to_ms)`` the content it may book. ``answered`` says that an open check was answered.
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
    answered: bool = False


def encode_covered(stretches: Sequence[tuple[int, int]]) -> str:
    """Stretches of content as the session row keeps them: compact JSON."""
    return _encode(stretches).decode()


def decode_covered(text: str) -> Stretches:
    """Stretches from the session row."""
    return _decode(text)
