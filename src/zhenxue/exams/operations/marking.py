"""Automatic marking: pure, so that anybody can recompute a score from answers and paper."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import QuestionKind
from zhenxue.exams.data import Marked, MultipleRule

TENTH = Decimal("0.1")


def mark_answer(
    *, kind: str, answer: Sequence[str], given: Sequence[str], score: Decimal, multiple_rule: str = MultipleRule.ALL
) -> Marked:
    """What one answer earns. Multiple choice is all or nothing unless the paper gives half for an incomplete choice."""
    if catalogue.judge(QuestionKind(kind), list(answer), list(given)):
        return Marked(True, score)
    partly = bool(given) and set(given) < set(answer)
    if kind == QuestionKind.MULTIPLE and multiple_rule == MultipleRule.HALF and partly:
        return Marked(False, (score / 2).quantize(TENTH, rounding=ROUND_DOWN))
    return Marked(False, Decimal(0))


def has_passed(*, score: Decimal, total: Decimal, pass_percent: int) -> bool:
    """Whether the exact share (never the rounded figure) reaches the pass mark."""
    return total > 0 and score * 100 >= pass_percent * total


def clean_given(*, kind: str, options: Sequence[str], given: Iterable[str]) -> list[str] | None:
    """The choice in order and without doubles, or ``None`` when it does not belong to the question."""
    allowed = ["对", "错"] if kind == QuestionKind.TRUE_FALSE else letters(options)
    chosen = sorted(set(given), key=lambda one: allowed.index(one) if one in allowed else -1)
    if any(one not in allowed for one in chosen) or (kind != QuestionKind.MULTIPLE and len(chosen) > 1):
        return None
    return chosen


def is_score(score: Decimal | int) -> bool:
    """Whether a question may be worth so much: above 0 up to 100, at most one decimal."""
    return 0 < score <= 100 and Decimal(score) == Decimal(score).quantize(TENTH)


def points(score: Decimal) -> str:
    """A score as text, the same for 2, 2.0 and 2.00: ``2``, ``2.5``."""
    return format(score.quantize(TENTH), "f").removesuffix(".0")


def letters(options: Sequence[str]) -> list[str]:
    """The letters of so many options."""
    return [chr(ord("A") + index) for index in range(len(options))]


def question_digest(stem: str, options: Sequence[str]) -> str:
    """A digest that is the same for questions that differ only in blanks, width, case or punctuation at the ends."""
    parts = [_normal(stem), *sorted(_normal(option) for option in options)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def digest_of(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """SHA-256 (hex) of canonical JSON."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(mark for mark in folded if not mark.isspace()).strip(".。,，;；:：?？!！()（）")
