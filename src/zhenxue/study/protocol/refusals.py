"""Beats without proof, counted in the session row: how many of each reason, and what is not booked yet.

JSON ``{reason: [count, claimed_ms, first_ms, last_ms]}``: ``count`` of the whole session; what they claimed and when
they came since the last settling (``claimed_ms`` 0: nothing waits).
"""

import msgspec

from zhenxue.ledger.data import Reason
from zhenxue.study.protocol.shapes import DAY_MS

#: So many raw beats without proof are kept of one session; all are counted.
KEPT = 200

type Tally = dict[str, tuple[int, int, int, int]]

_decode = msgspec.json.Decoder(dict[str, tuple[int, int, int, int]]).decode
_encode = msgspec.json.Encoder().encode


def note(text: str, reason: Reason, claimed_ms: int, now_ms: int) -> tuple[str, bool]:
    """The tally with one more, and whether the raw beat is to be kept."""
    tally: Tally = _decode(text)
    kept = sum(one[0] for one in tally.values()) < KEPT
    count, waiting_ms, first_ms, last_ms = tally.get(reason.value, (0, 0, 0, 0))
    if claimed_ms:
        first_ms = first_ms if waiting_ms else now_ms
        waiting_ms, last_ms = min(waiting_ms + claimed_ms, DAY_MS), now_ms
    tally[reason.value] = (count + 1, waiting_ms, first_ms, last_ms)
    return _encode(tally).decode(), kept


def take(text: str) -> tuple[str, list[tuple[Reason, int, int, int]]]:
    """The tally with nothing waiting, and what waited: reason, claimed milliseconds, first and last moment."""
    tally: Tally = _decode(text)
    waiting = [(Reason(reason), *one[1:]) for reason, one in tally.items() if one[1]]
    return _encode({reason: (one[0], 0, 0, 0) for reason, one in tally.items()}).decode(), waiting


def counts(text: str) -> dict[str, int]:
    """How many of each reason."""
    return {reason: one[0] for reason, one in _decode(text).items()}
