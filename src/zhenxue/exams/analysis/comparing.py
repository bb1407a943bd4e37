"""The whole comparison of one exam: answers, times, and what the method itself finds where nobody copied."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zhenxue.exams.analysis.answers import (
    FEWEST_COMMON,
    Floats,
    Sheet,
    Table,
    find_alike,
    table_of,
    wrong_chances,
)
from zhenxue.exams.analysis.times import Fast, find_fast, find_synchronous

#: The chance that an exam in which everybody sat alone shows any pair at all: half for answers, half for times.
LEVEL = 0.02
#: Below so few attempts nothing usual can be told from something strange.
FEWEST_ATTEMPTS = 8
#: How much work the simulated exams may be: learners squared times questions, over all runs.
WORK = 3e7
FEWEST_RUNS, MOST_RUNS = 20, 200


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds per row and question (NaN: not answered) and how many characters a question has."""

    seconds: Floats
    lengths: Sequence[int]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two attempts (by key) that are alike, and by what."""

    first: int
    second: int
    same_wrong: int = 0
    common: int = 0
    expected: float = 0.0
    probability: float = 1.0
    times: int = 0
    correlation: float = 0.0
    times_probability: float = 1.0

    @property
    def by(self) -> tuple[str, ...]:
        return (*(("answers",) if self.probability < 1 else ()), *(("times",) if self.times_probability < 1 else ()))


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found; ``runs`` honest exams were simulated, and ``false_alarms`` of them showed a pair by answers."""

    attempts: int
    pairs: int
    found: tuple[Pair, ...]
    fast: tuple[tuple[int, Fast], ...]
    runs: int
    false_alarms: int


def compare(
    sheets: Sequence[Sheet], timed: Timed | None = None, *, seed: int, told: Callable[[float], None]
) -> Compared:
    """Compares everybody with everybody of other people; ``told`` hears the share that is done. Too few attempts or
    questions: nothing is compared, and nothing is found."""
    table = table_of(sheets)
    if len(sheets) < FEWEST_ATTEMPTS or table.codes.shape[1] < FEWEST_COMMON:
        return Compared(len(sheets), 0, (), (), 0, 0)
    keys = [one.key for one in sheets]
    alike, pairs = find_alike(table, level=LEVEL / 2, told=lambda share: told(share * 0.5))
    found = {
        (one.first, one.second): Pair(
            keys[one.first], keys[one.second], one.same_wrong, one.common, one.expected, one.probability
        )
        for one in alike
    }
    fast: list[Fast] = []
    if timed is not None:
        fast = find_fast(timed.seconds, timed.lengths)
        together, _ = find_synchronous(timed.seconds, [one.person for one in sheets], level=LEVEL / 2)
        for one in together:
            before = found.get((one.first, one.second)) or Pair(keys[one.first], keys[one.second])
            found[one.first, one.second] = Pair(
                *(before.first, before.second, before.same_wrong, before.common, before.expected, before.probability),
                *(one.common, one.correlation, one.probability),
            )
    told(0.6)
    runs, alarms = simulate(table, seed=seed, told=lambda share: told(0.6 + share * 0.4))
    ordered = sorted(found.values(), key=lambda one: min(one.probability, one.times_probability))
    return Compared(len(sheets), pairs, tuple(ordered), tuple((keys[one.row], one) for one in fast), runs, alarms)


def simulate(table: Table, *, seed: int, told: Callable[[float], None] = lambda _: None) -> tuple[int, int]:
    """Honest exams of the same size, difficulty and abilities: how many were drawn, and how many of them showed a
    pair."""
    rows, columns = table.codes.shape
    runs = int(np.clip(WORK / (rows * rows * columns), FEWEST_RUNS, MOST_RUNS))
    random = np.random.default_rng(seed)
    chances = wrong_chances(table)
    shares = [_shares(table, column) for column in range(columns)]
    alarms = 0
    for run in range(runs):
        codes = np.where(table.answered, 0, -1).astype(np.int32)
        wrong = random.random((rows, columns)) < chances
        for column, share in enumerate(shares):
            if len(share):
                picked = random.choice(len(share), size=rows, p=share) + 1
                codes[:, column] = np.where(wrong[:, column], picked, codes[:, column])
        alarms += bool(find_alike(Table(table.people, codes, table.wrong_kinds), level=LEVEL / 2)[0])
        told((run + 1) / runs)
    return runs, alarms


def _shares(table: Table, column: int) -> Floats:
    counts = np.bincount(table.codes[:, column][table.codes[:, column] > 0], minlength=1)[1:]
    return counts / counts.sum() if counts.sum() else np.zeros(0)
