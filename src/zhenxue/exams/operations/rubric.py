"""Points by rubric: pure. What a person may give for an answer, item by item, and what it comes to.

A question's rubric may come to more or less than the question is worth on a paper; then the sum is scaled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from zhenxue.exams import kinds
from zhenxue.exams.data import Kind, Marked
from zhenxue.exams.kinds.base import Marking
from zhenxue.exams.kinds.composed import Case
from zhenxue.exams.operations.marking import TENTH, points
from zhenxue.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is scored: words, how much at most, and what a machine has said already (then nobody else
    does)."""

    text: str
    most: Decimal
    fixed: Decimal | None = None


def items_of(
    kind: str, body: Mapping[str, Any], key: Mapping[str, Any], given: Sequence[Any], stake: Marking
) -> list[Item]:
    """The rubric of a question; of a case that of its parts, of which some are marked already; else one item."""
    rules = kinds.of(kind)
    if isinstance(rules, Case):
        marked, scores = rules.mark_parts(body, key, given, stake), rules.part_scores(body, stake.score)
        parts = zip(body["parts"], key["parts"], marked, scores, strict=True)
        return [item for at, part in enumerate(parts, start=1) for item in _of_part(f"第 {at} 小题", *part)]
    return _rubric(key) or [Item("得分", stake.score)]


def _of_part(
    name: str, part: Mapping[str, Any], key: Mapping[str, Any], marked: Marked | None, score: Decimal
) -> list[Item]:
    if marked is not None:
        return [Item(f"{name}（{Kind(part['kind']).label}，自动评分）", score, marked.awarded)]
    rubric = _rubric(key)
    if sum((item.most for item in rubric), Decimal(0)) != score:
        return [Item(name, score)]
    return [Item(f"{name} {item.text}", item.most) for item in rubric]


def _rubric(key: Mapping[str, Any]) -> list[Item]:
    return [Item(str(one["text"]), Decimal(str(one["points"]))) for one in key.get("rubric", ())]


def read_points(items: Sequence[Item], given: Sequence[str]) -> list[Decimal]:
    """What was typed for each item; raises ``Invalid`` at ``item-N`` (from 0) where it is no number or too much."""
    wrong: dict[str, str] = {}
    read: list[Decimal] = []
    for number, item in enumerate(items):
        if item.fixed is not None:
            read.append(item.fixed)
            continue
        found = as_points(given[number] if number < len(given) else "")
        if found is None or not 0 <= found <= item.most:
            wrong[f"item-{number}"] = f"请填 0 到 {points(item.most)} 的分数，最多一位小数。"
        read.append(found or Decimal(0))
    if wrong:
        raise Invalid("exams.points", next(iter(wrong.values())), fields=wrong)
    return read


def as_points(text: str) -> Decimal | None:
    """A number of points with at most one decimal, or None for anything else."""
    try:
        number = Decimal(text.strip())
        return number if number == number.quantize(TENTH) else None
    except ArithmeticError:
        return None


def scaled(got: Decimal, most: Decimal, score: Decimal) -> Decimal:
    """Points out of ``most`` as points out of ``score``, rounded down to a tenth."""
    return got if most == score else (got * score / most).quantize(TENTH, rounding=ROUND_DOWN)


def differ_too_much(one: Decimal, other: Decimal, of: Decimal, percent: int) -> bool:
    """Whether two people are further apart than so many per cent of what could be had."""
    return abs(one - other) * 100 > percent * of


def mean(one: Decimal, other: Decimal) -> Decimal:
    """The mean of two marks, rounded down to a tenth."""
    return ((one + other) / 2).quantize(TENTH, rounding=ROUND_DOWN)
