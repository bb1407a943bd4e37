"""The bars of a trend as numbers for an SVG: places in per cent of the width, heights in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from zhenxue.kernel.hours import in_words
from zhenxue.ledger.data import DayTotal
from zhenxue.ledger.queries.statistics import Bucket

HEIGHT = 140
TOP = 18
AXIS = 22
MOST_LABELS = 6
#: Few steps do not make walls (per cent).
WIDEST = 12.0


@dataclass(frozen=True, slots=True)
class Column:
    """One step: its online part stands on its offline part."""

    x: str
    width: str
    online_y: int
    online_height: int
    offline_y: int
    offline_height: int
    words: str
    day: date | None
    seconds: int


@dataclass(frozen=True, slots=True)
class Label:
    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class BarChart:
    columns: list[Column]
    labels: list[Label]
    most: str
    height: int = HEIGHT
    base: int = HEIGHT - AXIS
    label_y: int = HEIGHT - 6


def of_day(one: DayTotal) -> Bucket:
    """A day as a step of its own."""
    label = f"{one.day.month}月{one.day.day}日"
    return Bucket(one.day, one.day, label, one.online_seconds, one.offline_seconds, one.day)


def draw(buckets: Sequence[Bucket]) -> BarChart | None:
    """The chart, or ``None`` when nothing counted."""
    most = max((one.seconds for one in buckets), default=0)
    if most <= 0:
        return None
    each, base, tall = 100 / len(buckets), HEIGHT - AXIS, HEIGHT - AXIS - TOP
    width = min(each * 0.8, WIDEST)
    columns = []
    for index, one in enumerate(buckets):
        offline = round(max(0, one.offline) * tall / most)
        online = round(max(0, one.online) * tall / most)
        words = f"{one.label}：{in_words(one.seconds)}"
        if one.offline and one.online:
            words += f"（线上 {in_words(one.online)}，线下 {in_words(one.offline)}）"
        columns.append(
            Column(
                x=f"{index * each + (each - width) / 2:.3f}%",
                width=f"{width:.3f}%",
                online_y=base - offline - online,
                online_height=online,
                offline_y=base - offline,
                offline_height=offline,
                words=words,
                day=one.day,
                seconds=one.seconds,
            )
        )
    return BarChart(columns, _labels(buckets, each), f"最多 {in_words(most)}")


def _labels(buckets: Sequence[Bucket], each: float) -> list[Label]:
    """At most six words under the axis."""
    every = -(-len(buckets) // MOST_LABELS)
    labels = []
    for index in range(0, len(buckets), every):
        middle = index * each + each / 2
        anchor = "start" if middle < 8 else "end" if middle > 92 else "middle"
        x = 0.0 if anchor == "start" else 100.0 if anchor == "end" else middle
        labels.append(Label(f"{x:.2f}%", buckets[index].label.partition("–")[0], anchor))
    return labels
