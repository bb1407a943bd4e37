"""Arithmetic of what was covered: sorted, disjoint, half-open stretches ``[from, to)`` of content in whole
milliseconds.

Pure functions on plain lists; nothing here knows a database. An adjacent pair ``[0, 5) [5, 9)`` is always stored as
``[0, 9)``.
"""

from collections.abc import Iterable, Sequence

type Stretch = tuple[int, int]


def normal(stretches: Iterable[Sequence[int]]) -> list[Stretch]:
    """The union of any stretches, sorted and joined; empty and inverted ones vanish."""
    joined: list[Stretch] = []
    for start, end in sorted((piece[0], piece[1]) for piece in stretches if piece[1] > piece[0]):
        if joined and start <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def add(covered: Sequence[Sequence[int]], start: int, end: int) -> list[Stretch]:
    """The union of a normal list and one more stretch; linear in the list."""
    if end <= start:
        return [(piece[0], piece[1]) for piece in covered]
    if len(covered) == 1 and covered[0][0] <= start <= covered[0][1]:  # who watches on: nearly always
        return [(covered[0][0], max(covered[0][1], end))]
    before: list[Stretch] = []
    after: list[Stretch] = []
    for piece_start, piece_end in covered:
        if piece_end < start:
            before.append((piece_start, piece_end))
        elif piece_start > end:
            after.append((piece_start, piece_end))
        else:
            start, end = min(start, piece_start), max(end, piece_end)
    return [*before, (start, end), *after]


def new_parts(covered: Sequence[Sequence[int]], start: int, end: int) -> list[Stretch]:
    """What of ``[start, end)`` a normal list does not hold yet, in order."""
    if not covered or covered[-1][1] <= start:
        return [(start, end)] if start < end else []
    parts: list[Stretch] = []
    for piece_start, piece_end in covered:
        if piece_end <= start:
            continue
        if piece_start >= end:
            break
        if piece_start > start:
            parts.append((start, piece_start))
        start = max(start, piece_end)
    if start < end:
        parts.append((start, end))
    return parts


def take(parts: Sequence[Stretch], length: int) -> list[Stretch]:
    """The first ``length`` milliseconds of the parts."""
    taken: list[Stretch] = []
    for start, end in parts:
        if length <= 0:
            break
        cut = min(end, start + length)
        taken.append((start, cut))
        length -= cut - start
    return taken


def length(stretches: Iterable[Sequence[int]]) -> int:
    """Milliseconds that disjoint stretches hold together."""
    total = 0
    for piece in stretches:
        total += piece[1] - piece[0]
    return total


def reach(covered: Sequence[Sequence[int]]) -> int:
    """The furthest position ever covered; 0 when nothing is."""
    return covered[-1][1] if covered else 0


def onward(covered: Sequence[Sequence[int]], position: int) -> int:
    """Where what a normal list holds around a position ends; the position itself where it holds nothing there."""
    return next((end for start, end in covered if start <= position < end), position)


def common(covered: Sequence[Sequence[int]], start: int, end: int) -> list[Stretch]:
    """What a normal list holds of ``[start, end)``, in order."""
    return [
        (max(piece_start, start), min(piece_end, end))
        for piece_start, piece_end in covered
        if piece_start < end and piece_end > start
    ]


def remove(covered: Sequence[Sequence[int]], start: int, end: int) -> list[Stretch]:
    """A normal list without ``[start, end)``."""
    left: list[Stretch] = []
    for piece_start, piece_end in covered:
        if piece_start < start:
            left.append((piece_start, min(piece_end, start)))
        if piece_end > end:
            left.append((max(piece_start, end), piece_end))
    return [piece for piece in left if piece[1] > piece[0]]
