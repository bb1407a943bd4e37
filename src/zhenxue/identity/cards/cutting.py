"""Where the portrait stands on the front of a card, found from two labels whose places on the card are fixed."""

import math
from collections.abc import Sequence

from zhenxue.identity.cards.parsing import Line, find_label, find_number

#: Millimetres on a card of 85.6 × 54: from the label 姓名 down to 公民身份号码, and the portrait's window as seen from
#: 姓名 (left, top, right, bottom), with a margin around the head.
LABELS_APART = 39.7
WINDOW = (45.9, -1.0, 76.8, 36.0)

type Point = tuple[float, float]


def find_window(lines: Sequence[Line]) -> tuple[Point, Point, Point, Point] | None:
    """The window's corners in the picture: top left, bottom left, bottom right, top right; None without the labels."""
    above = find_label(lines, "姓名")
    below = find_label(lines, "公民身份号码")
    if above is None or below is None or find_number(lines) is None:
        return None
    (x, y), (u, v) = above.start, below.start
    apart = math.hypot(u - x, v - y)
    if apart < 100 or v <= y:
        return None
    down = ((u - x) / LABELS_APART, (v - y) / LABELS_APART)  # one millimetre down the card, in pixels
    right = (down[1], -down[0])
    left_mm, top_mm, right_mm, bottom_mm = WINDOW

    def place(across: float, along: float) -> Point:
        return x + right[0] * across + down[0] * along, y + right[1] * across + down[1] * along

    return (
        place(left_mm, top_mm),
        place(left_mm, bottom_mm),
        place(right_mm, bottom_mm),
        place(right_mm, top_mm),
    )
