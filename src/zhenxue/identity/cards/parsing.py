"""From lines of text with their places to what a card says (layout of GA 448: two sides, fixed places). Pure."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from stdnum.cn import ric

NUMBER = re.compile(r"(?<!\d)(\d{17}[\dXx])(?!\d)")
PERIOD = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})[-—–一~至到]+(长期|(\d{4})\.?(\d{2})\.?(\d{2}))")
LONG_TERM = "长期"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text and its corners in the picture: top left, top right, bottom right, bottom left, in pixels."""

    text: str
    corners: tuple[tuple[float, float], ...]

    @property
    def left(self) -> float:
        return min(x for x, _ in self.corners)

    @property
    def middle(self) -> float:
        """Of its height."""
        return sum(y for _, y in self.corners) / 4

    @property
    def height(self) -> float:
        return max(y for _, y in self.corners) - min(y for _, y in self.corners)

    @property
    def start(self) -> tuple[float, float]:
        """The middle of its left edge."""
        (x1, y1), (x2, y2) = self.corners[0], self.corners[3]
        return (x1 + x2) / 2, (y1 + y2) / 2

    @property
    def bare(self) -> str:
        return re.sub(r"\s", "", self.text)


@dataclass(frozen=True, slots=True)
class Front:
    """The side with the portrait."""

    name: str
    citizen_number: str
    address: str


@dataclass(frozen=True, slots=True)
class Back:
    """The side with the emblem; days as 2030-01-31, or 长期."""

    issuer: str
    valid_from: str
    valid_until: str


def side_of(lines: Sequence[Line]) -> str:
    """``front``, ``back`` or nothing."""
    text = "".join(line.bare for line in lines)
    if any(word in text for word in ("签发机关", "有效期限", "居民身份证")):
        return "back"
    return "front" if "公民身份号码" in text or (NUMBER.search(text) and "姓名" in text) else ""


def parse_front(lines: Sequence[Line]) -> Front | None:
    """None unless a number with a good check digit stands below a name."""
    found = find_number(lines)
    label = find_label(lines, "姓名")
    if found is None or label is None or found[1].middle <= label.middle:
        return None
    number, below = found
    return Front(_value(lines, label, "姓名"), number, _address(lines, below))


def parse_back(lines: Sequence[Line]) -> Back | None:
    """None unless there is a period of validity."""
    text = "".join(line.bare for line in lines)
    found = PERIOD.search(text)
    if found is None:
        return None
    begins, ends = _day(*found.group(1, 2, 3)), LONG_TERM
    if found.group(4) != LONG_TERM:
        ends = _day(*found.group(5, 6, 7))
    if not begins or not ends:
        return None
    label = find_label(lines, "签发机关")
    return Back(_value(lines, label, "签发机关") if label else "", begins, ends)


def find_number(lines: Sequence[Line]) -> tuple[str, Line] | None:
    """The citizen number and its line."""
    for line in lines:
        for one in NUMBER.findall(line.bare):
            number = one.upper()
            if ric.calc_check_digit(number) == number[17]:
                return number, line
    return None


def find_label(lines: Sequence[Line], word: str) -> Line | None:
    return next((line for line in lines if line.bare.startswith(word)), None)


def _value(lines: Sequence[Line], label: Line, word: str) -> str:
    """What stands behind a label: in its own line, or in the nearest line to the right at its height."""
    own = label.bare.removeprefix(word)
    if own:
        return own
    beside = [one for one in lines if one.left > label.left and abs(one.middle - label.middle) < label.height * 0.75]
    others = [one for one in beside if one is not label]
    return min(others, key=lambda one: one.left).bare if others else ""


def _address(lines: Sequence[Line], number: Line) -> str:
    """The lines from the label 住址 down to the number, in order."""
    label = find_label(lines, "住址")
    if label is None:
        return ""
    parts = [label.bare.removeprefix("住址")]
    top, bottom = label.middle - label.height * 0.75, number.middle - number.height * 0.8
    own = [one for one in lines if one is not label and one.left > label.left and top < one.middle < bottom]
    right = _right_of_text(lines)
    parts += [one.bare for one in sorted(own, key=lambda one: one.middle) if one.left < right]
    return "".join(parts)


def _right_of_text(lines: Sequence[Line]) -> float:
    """Where the portrait begins: two thirds of what the text spans."""
    left = min(line.left for line in lines)
    return left + 0.62 * (max(max(x for x, _ in line.corners) for line in lines) - left)


def _day(year: str, month: str, day: str) -> str:
    try:
        return dt.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""
