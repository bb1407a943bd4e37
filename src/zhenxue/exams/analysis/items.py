"""Figures of questions over many attempts, added up attempt by attempt so that their number does not matter."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

#: Times are remembered by the second up to this; a question left open over a break says nothing.
LONGEST_SECONDS = 1800
#: Discrimination is told only from so many attempts on.
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """One question on one sheet: ``share`` of its score that was earned (0 to 1; 0 where left blank)."""

    question: int
    score: float
    awarded: float
    choices: tuple[str, ...] = ()
    answered: bool = False
    seconds: float | None = None

    @property
    def share(self) -> float:
        return self.awarded / self.score if self.score else 0.0


@dataclass(slots=True)
class Sums:
    """What is remembered of one question."""

    shown: int = 0
    answered: int = 0
    x: float = 0.0
    xx: float = 0.0
    y: float = 0.0
    yy: float = 0.0
    xy: float = 0.0
    choices: Counter[str] = field(default_factory=Counter)
    seconds: Counter[int] = field(default_factory=Counter)
    months: dict[str, list[float]] = field(default_factory=dict)

    @property
    def facility(self) -> float | None:
        """The mean share of the score, 0 (nobody) to 1 (everybody)."""
        return self.x / self.shown if self.shown else None

    @property
    def discrimination(self) -> float | None:
        """The correlation of the question's share with that of all the other questions of the same sheet (for right or
        wrong the point-biserial one, corrected for overlap); None where nothing varies or there are too few."""
        if self.shown < FEWEST:
            return None
        n = self.shown
        across, own, rest = n * self.xy - self.x * self.y, n * self.xx - self.x**2, n * self.yy - self.y**2
        if own <= 1e-9 * n or rest <= 1e-9 * n:
            return None
        return max(-1.0, min(1.0, across / math.sqrt(own * rest)))

    @property
    def median_seconds(self) -> int | None:
        """The middle time between the answer before and this one."""
        total, seen = sum(self.seconds.values()), 0
        for second in sorted(self.seconds):
            seen += self.seconds[second]
            if seen * 2 >= total:
                return second
        return None

    @property
    def drift(self) -> list[tuple[str, int, float]]:
        """Per month: how often it was shown, and its facility."""
        return [(month, int(shown), earned / shown) for month, (shown, earned) in sorted(self.months.items())]


class Items:
    """Adds up attempts; ``sums`` by question."""

    def __init__(self) -> None:
        self.sums: dict[int, Sums] = {}

    def add(self, sheet: Iterable[Shown], month: str) -> None:
        """One attempt that counts, handed in in ``month`` ("2026-05")."""
        lines = list(sheet)
        total, earned = sum(one.score for one in lines), sum(one.awarded for one in lines)
        for one in lines:
            sums = self.sums.setdefault(one.question, Sums())
            rest = total - one.score
            share, other = one.share, (earned - one.awarded) / rest if rest > 0 else 0.0
            sums.shown += 1
            sums.answered += one.answered
            sums.x, sums.xx = sums.x + share, sums.xx + share * share
            sums.y, sums.yy, sums.xy = sums.y + other, sums.yy + other * other, sums.xy + share * other
            sums.choices.update(one.choices)
            if one.seconds is not None and one.seconds <= LONGEST_SECONDS:
                sums.seconds[round(one.seconds)] += 1
            counts = sums.months.setdefault(month, [0.0, 0.0])
            counts[0] += 1
            counts[1] += share


def gaps_of(answers: Iterable[tuple[int, float]], began: float) -> Mapping[int, float]:
    """Seconds per question from the moments (seconds) at which the answers that stand were given: since the one before,
    the first since the beginning. What was changed later counts at its last change."""
    found: dict[int, float] = {}
    before = began
    for question, at in sorted(answers, key=lambda one: one[1]):
        found[question] = max(0.0, at - before)
        before = max(before, at)
    return found
