"""Do two learners share more wrong answers than two who sat alone would?

For each pair: the number of identical wrong answers against its distribution when both answered by themselves. That is
a sum of independent yes-or-no draws with different chances (Poisson binomial), reckoned exactly: the chance that both
are wrong comes from each learner's ability and each question's difficulty (a Rasch model, fitted to the exam), the
chance that two wrong answers are the same from how often each wrong answer was chosen. The pair itself is counted in
both, which only makes them look less strange.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Codes = NDArray[np.int32]

#: Chances are believed only between these: nobody is certain to be right or wrong.
LEAST, MOST = 0.01, 0.99
#: Standard deviations of the wide normal priors that keep a clean sheet's ability finite.
ABILITY_SPREAD, DIFFICULTY_SPREAD = 2.0, 3.0
ROUNDS = 25
#: When a round moved nothing farther the next would move it by about a tenth of that.
SETTLED = 1e-6
#: Pairs of fewer common answers, or fewer identical wrong ones, are not judged.
FEWEST_COMMON, FEWEST_SAME = 10, 3
BLOCK = 256


@dataclass(frozen=True, slots=True)
class Sheet:
    """One attempt: whose, and per question the answer in a text that is equal for equal answers, and if it was right.
    What was left blank is not there."""

    key: int
    person: int
    answers: Mapping[int, tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Table:
    """An exam as numbers: ``codes[i, k]`` is -1 where learner i left question k blank, 0 where right, else the number
    of the wrong answer."""

    people: NDArray[np.int64]
    codes: Codes
    wrong_kinds: NDArray[np.int64]  # per question, how many different wrong answers were given

    @property
    def answered(self) -> NDArray[np.bool_]:
        return self.codes >= 0


@dataclass(frozen=True, slots=True)
class Alike:
    """Two rows of a table with more identical wrong answers than expected."""

    first: int
    second: int
    same_wrong: int
    common: int
    expected: float
    probability: float


def table_of(sheets: Sequence[Sheet]) -> Table:
    """The sheets as one table; a column for every question that anybody answered, by number."""
    columns = {question: at for at, question in enumerate(sorted({key for one in sheets for key in one.answers}))}
    codes = np.full((len(sheets), len(columns)), -1, dtype=np.int32)
    numbers: list[dict[str, int]] = [{} for _ in columns]
    for row, sheet in enumerate(sheets):
        for question, (given, right) in sheet.answers.items():
            column = columns[question]
            known = numbers[column]
            codes[row, column] = 0 if right else known.setdefault(given, len(known) + 1)
    people = np.array([one.person for one in sheets], dtype=np.int64)
    return Table(people, codes, np.array([len(known) for known in numbers], dtype=np.int64))


def wrong_chances(table: Table) -> Floats:
    """Per learner and question the chance of a wrong answer under the fitted Rasch model; 0 where left blank."""
    answered, right = table.answered, (table.codes == 0).astype(np.float64)
    ability, difficulty = np.zeros(len(table.codes)), np.zeros(table.codes.shape[1])
    for _ in range(ROUNDS):
        before = np.concatenate([ability, difficulty])
        for axis, values, spread in ((0, difficulty, DIFFICULTY_SPREAD), (1, ability, ABILITY_SPREAD)):
            chance = 1 / (1 + np.exp(difficulty[None, :] - ability[:, None]))
            missed = np.where(answered, right - chance, 0.0).sum(axis=axis)
            weight = np.where(answered, chance * (1 - chance), 0.0).sum(axis=axis)
            pull = missed if axis else -missed
            step = (pull - values / spread**2) / (weight + 1 / spread**2)
            values += np.clip(step, -1.0, 1.0)
        ability -= ability.mean()
        if np.allclose(before, np.concatenate([ability, difficulty]), rtol=0, atol=SETTLED):
            break
    wrong = 1 / (1 + np.exp(ability[:, None] - difficulty[None, :]))
    return np.where(answered, np.clip(wrong, LEAST, MOST), 0.0)


def sameness(table: Table) -> Floats:
    """Per question the chance that two wrong answers are the same one: the sum of the squared shares."""
    same = np.zeros(table.codes.shape[1])
    for column in range(len(same)):
        counts = np.bincount(table.codes[:, column][table.codes[:, column] > 0])
        total = counts.sum()
        same[column] = float(((counts / total) ** 2).sum()) if total else 0.0
    return same


def find_alike(table: Table, *, level: float, told: Callable[[float], None] | None = None) -> tuple[list[Alike], int]:
    """The pairs that hold against chance at ``level`` over all pairs together (Holm), least probable first, and how
    many pairs were compared. ``told`` hears the share that is done."""
    chances = wrong_chances(table) * np.sqrt(sameness(table))[None, :]
    marks, answered = _marks(table), table.answered.astype(np.float64)
    count = len(table.codes)
    total = sum(_row_of_pairs(table, answered, begin)[0].sum() for begin in range(0, count, BLOCK))
    if not total:
        return [], 0
    # By Chernoff a pair below the line of Holm lies below this one: only such are reckoned exactly.
    limit = np.log(min(0.05, 2000 * level / total))
    found: list[Alike] = []
    for begin in range(0, count, BLOCK):
        judged, common = _row_of_pairs(table, answered, begin)
        block = slice(begin, begin + BLOCK)
        same = marks[block] @ marks.T
        expected = chances[block] @ chances.T
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = same - expected - same * np.log(same / expected)
        wanted = judged & (same >= FEWEST_SAME) & (same > expected) & (bound <= limit)
        rows, columns = np.nonzero(wanted)
        if len(rows):
            several = np.asarray(same[rows, columns], dtype=np.int64)
            tails = upper_tails(chances[rows + begin] * chances[columns], several)
            found += [
                Alike(
                    int(row) + begin,
                    int(column),
                    int(same[row, column]),
                    int(common[row, column]),
                    float(expected[row, column]),
                    float(tail),
                )
                for row, column, tail in zip(rows, columns, tails, strict=True)
            ]
        if told is not None:
            told(min(1.0, (begin + BLOCK) / count))
    found.sort(key=lambda one: (one.probability, one.first, one.second))
    return found[: holm([one.probability for one in found], int(total), level)], int(total)


def holm(ordered: Sequence[float], tests: int, level: float) -> int:
    """How many of ``ordered`` (the smallest probabilities of ``tests``, ascending) are rejected by Holm (1979): the
    chance of any false one among all tests is at most ``level``."""
    for rank, probability in enumerate(ordered):
        if probability > level / max(1, tests - rank):
            return rank
    return len(ordered)


def upper_tails(chances: Floats, least: NDArray[np.int64]) -> Floats:
    """P(at least ``least[r]`` of the draws with ``chances[r, :]`` come true), exact, per row.

    The states 0 … least-1 are followed draw by draw; what leaves them at the top is the tail, summed as it leaves, so
    that tiny tails keep their digits.
    """
    width = int(least.max())
    state = np.zeros((len(chances), width + 1))
    state[:, 0] = 1.0
    tail = np.zeros(len(chances))
    rows = np.arange(len(chances))
    for column in range(chances.shape[1]):
        chance = chances[:, column]
        if not chance.any():
            continue
        tail += state[rows, least - 1] * chance
        moved = state * chance[:, None]
        state -= moved
        state[:, 1:] += moved[:, :-1]
        state[rows, least] = 0.0  # they have been counted
    return np.asarray(np.clip(tail, 0.0, 1.0))


def _marks(table: Table) -> Floats:
    """A column for every wrong answer of every question, 1 where it was given."""
    offsets = np.concatenate([[0], np.cumsum(table.wrong_kinds)])
    marks = np.zeros((len(table.codes), int(offsets[-1])))
    rows, columns = np.nonzero(table.codes > 0)
    marks[rows, offsets[columns] + table.codes[rows, columns] - 1] = 1.0
    return marks


def _row_of_pairs(table: Table, answered: Floats, begin: int) -> tuple[NDArray[np.bool_], Floats]:
    """Of the rows from ``begin``: which later rows of other people they are compared with, and the common answers."""
    block = slice(begin, begin + BLOCK)
    common = answered[block] @ answered.T
    count = len(table.codes)
    later = np.arange(count)[None, :] > np.arange(count)[block][:, None]
    others = table.people[None, :] != table.people[block][:, None]
    return later & others & (common >= FEWEST_COMMON), common
