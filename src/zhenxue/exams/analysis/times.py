"""How long questions took: who was too fast to have read them, and whose times run alike.

The log of a time is the question's usual log time, less the learner's speed, plus chance (the lognormal model of van
der Linden, 2006), fitted by medians so that a few odd ones do not bend it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhenxue.exams.analysis.answers import BLOCK, Floats, holm

#: Nobody reads more characters in a second; ordinary silent reading is some five times slower.
CHARACTERS_A_SECOND = 25
SHORTEST_SECONDS = 1.2
#: Too fast: so many of the answered questions below reading time, and so far from the others' speed.
FAST = {"answers": 8, "percent": 50, "deviations": 3}
#: Times that run alike: so many common questions, and so close a correlation of what is left when question and speed
#: are taken out. The floor on the correlation is there so that a long paper does not make small likeness significant.
FEWEST_TIMES, CLOSEST = 15, 0.8
CLIP = 2.5
ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Fast:
    """A row that was too fast: how many of its answers came below reading time, and how much faster than usual."""

    row: int
    answers: int
    below: int
    times_faster: float


@dataclass(frozen=True, slots=True)
class Synchronous:
    """Two rows whose times run alike."""

    first: int
    second: int
    common: int
    correlation: float
    probability: float


def spread_of(seconds: Floats) -> tuple[Floats, Floats]:
    """Residuals of the log times (NaN where there is none) and each learner's speed (log; above 0 is faster)."""
    logs = np.log(np.maximum(seconds, 0.5))
    usual, speed = np.zeros(logs.shape[1]), np.zeros(len(logs))
    for _ in range(ROUNDS):
        usual = np.nan_to_num(_median(logs + speed[:, None], 0))
        speed = np.nan_to_num(_median(usual[None, :] - logs, 1))
        speed -= np.median(speed)
    return logs - usual[None, :] + speed[:, None], speed


def find_fast(seconds: Floats, lengths: Sequence[int]) -> list[Fast]:
    """Rows that answered faster than anybody reads, fastest first; ``lengths`` in characters per question."""
    floors = np.maximum(SHORTEST_SECONDS, np.array(lengths, dtype=np.float64) / CHARACTERS_A_SECOND)
    known = ~np.isnan(seconds)
    below = known & (np.nan_to_num(seconds, nan=np.inf) < floors[None, :])
    _, speed = spread_of(seconds)
    deviation = 1.4826 * float(np.median(np.abs(speed - np.median(speed)))) or 0.1
    found = []
    for row in range(len(seconds)):
        answers, quick = int(known[row].sum()), int(below[row].sum())
        if answers < FAST["answers"] or quick * 100 < FAST["percent"] * answers:
            continue
        if speed[row] < FAST["deviations"] * deviation:
            continue
        found.append(Fast(row, answers, quick, float(math.exp(min(speed[row], 10)))))
    return sorted(found, key=lambda one: (-one.below / one.answers, one.row))


def find_synchronous(seconds: Floats, people: Sequence[int], *, level: float) -> tuple[list[Synchronous], int]:
    """Pairs of people whose residual times run alike beyond chance at ``level`` over all pairs (Holm), closest first,
    and how many pairs were compared."""
    residuals, _ = spread_of(seconds)
    known = ~np.isnan(residuals)
    scale = np.nan_to_num(1.4826 * _median(np.abs(residuals), 1), nan=1.0)
    filled = np.nan_to_num(np.clip(residuals / np.maximum(scale, 1e-6)[:, None], -CLIP, CLIP))
    mask, squares = known.astype(np.float64), filled**2
    who = np.array(people)
    found, total, count = [], 0, len(filled)
    for begin in range(0, count, BLOCK):
        block = slice(begin, begin + BLOCK)
        common = mask[block] @ mask.T
        with np.errstate(divide="ignore", invalid="ignore"):
            alike = (filled[block] @ filled.T) / np.sqrt((squares[block] @ mask.T) * (mask[block] @ squares.T))
        later = np.arange(count)[None, :] > np.arange(count)[block][:, None]
        judged = later & (who[None, :] != who[block][:, None]) & (common >= FEWEST_TIMES)
        total += int(judged.sum())
        rows, columns = np.nonzero(judged & (np.nan_to_num(alike) >= CLOSEST))
        for row, column in zip(rows, columns, strict=True):
            closeness, shared = min(float(alike[row, column]), 0.999999), int(common[row, column])
            deviation = math.atanh(closeness) * math.sqrt(shared - 3)  # Fisher's transformation
            found.append(
                Synchronous(int(row) + begin, int(column), shared, closeness, 0.5 * math.erfc(deviation / math.sqrt(2)))
            )
    found.sort(key=lambda one: (one.probability, one.first, one.second))
    return found[: holm([one.probability for one in found], total, level)], total


def _median(values: Floats, axis: int) -> Floats:
    """The median of what is there; NaN where nothing is."""
    empty = np.isnan(values).all(axis=axis)
    safe = np.where(np.expand_dims(empty, axis), 0.0, values)
    return np.where(empty, np.nan, np.nanmedian(safe, axis=axis))
