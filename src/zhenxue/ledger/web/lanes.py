"""The lanes of a day as numbers for an SVG: places in per cent of the width, so that text keeps its size on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from zhenxue.kernel import clock
from zhenxue.kernel.hours import in_words
from zhenxue.ledger.data import SpanState
from zhenxue.ledger.queries.days import ORDER, Stretch

LANE_HEIGHT = 44
BAR_TOP = 18
BAR_HEIGHT = 20
AXIS_HEIGHT = 22
#: Narrower than this (per cent) a bar could not be seen or touched.
NARROWEST = 0.6
#: Minutes between two marks of the axis: the first that gives at most six marks.
STEPS = (10, 15, 30, 60, 120, 180, 240, 360)
MOST_MARKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch on its lane; ``x`` and ``width`` in per cent, ``words`` for pointing at it and for screen readers."""

    x: str
    width: str
    y: int
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Lane:
    label: str
    label_y: int
    line_y: int
    tone: str
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the axis."""

    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    height: int
    axis_y: int
    lanes: list[Lane]
    marks: list[Mark]
    bar_height: int = BAR_HEIGHT


def draw(stretches: Sequence[Stretch], day: date) -> Chart | None:
    """The lanes that have something on them, or ``None`` for a day without records."""
    if not stretches:
        return None
    step, begin, end = _axis(stretches, day)
    whole = (end - begin).total_seconds()
    lanes: list[Lane] = []
    for state in ORDER:
        mine = [one for one in stretches if one.state is state]
        if mine:
            top = len(lanes) * LANE_HEIGHT
            bars = [_bar(one, begin, whole, top + BAR_TOP) for one in mine]
            lanes.append(Lane(_label(state, mine), top + 13, top + BAR_TOP + BAR_HEIGHT, mine[0].tone, bars))
    height = len(lanes) * LANE_HEIGHT + AXIS_HEIGHT
    return Chart(height, len(lanes) * LANE_HEIGHT + 16, lanes, _marks(step, begin, end, whole))


def _axis(stretches: Sequence[Stretch], day: date) -> tuple[int, datetime, datetime]:
    """The step in minutes and the two ends, on whole steps of the civil clock."""
    first = min(one.began_at for one in stretches)
    last = max(max(one.ended_at for one in stretches), first + timedelta(minutes=1))
    midnight = clock.start_of_day(day)
    for step in STEPS:
        begin = midnight + (first - midnight) // timedelta(minutes=step) * timedelta(minutes=step)
        end = midnight - ((midnight - last) // timedelta(minutes=step)) * timedelta(minutes=step)
        if (end - begin) // timedelta(minutes=step) < MOST_MARKS:
            break
    return step, begin, end


def _marks(step: int, begin: datetime, end: datetime, whole: float) -> list[Mark]:
    marks, moment = [], begin
    while moment <= end:
        share = (moment - begin).total_seconds() * 100 / whole
        anchor = "start" if moment == begin else "end" if moment >= end else "middle"
        midnight = moment == end and clock.civil_day(end) != clock.civil_day(begin)
        text = "24:00" if midnight else f"{moment.astimezone(clock.CIVIL_ZONE):%H:%M}"
        marks.append(Mark(f"{share:.2f}%", text, anchor))
        moment += timedelta(minutes=step)
    return marks


def _bar(one: Stretch, begin: datetime, whole: float, y: int) -> Bar:
    x = (one.began_at - begin).total_seconds() * 100 / whole
    width = max((one.ended_at - one.began_at).total_seconds() * 100 / whole, NARROWEST)
    x = max(0.0, min(x, 100 - width))
    times = "–".join(f"{moment.astimezone(clock.CIVIL_ZONE):%H:%M:%S}" for moment in (one.began_at, one.ended_at))
    words = f"{times} {one.title}：{one.state.label} {in_words(one.shown_seconds)}，{one.words}"
    return Bar(f"{x:.2f}%", f"{width:.2f}%", y, one.tone, words)


def _label(state: SpanState, mine: Sequence[Stretch]) -> str:
    return f"{state.label} {in_words(sum(one.shown_seconds for one in mine))}"
