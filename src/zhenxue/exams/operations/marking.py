"""Scores and digests: pure, so that anybody can recompute them. What an answer earns: ``exams/kinds``."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from zhenxue.exams.data import SheetLine

TENTH = Decimal("0.1")


def has_passed(*, score: Decimal, total: Decimal, pass_percent: int) -> bool:
    """Whether the exact share (never the rounded figure) reaches the pass mark."""
    return total > 0 and score * 100 >= pass_percent * total


class PartRules(Protocol):
    """What of an exam decides whether a result passes."""

    pass_percent: int
    part_rules: dict[str, int]


def passes(score: Decimal, total: Decimal, parts: Mapping[str, Sequence[str]], exam: PartRules) -> bool:
    """Whether a result passes: the whole reaches the pass mark, and each part that has a rule of its own reaches that.

    ``parts`` as ``Attempt.parts``: points and of how many, by part. A part with a rule that the sheet does not have was
    not reached.
    """
    if not has_passed(score=score, total=total, pass_percent=exam.pass_percent):
        return False
    for part, percent in exam.part_rules.items():
        got, of = parts.get(part, ("0", "0"))
        if not has_passed(score=Decimal(got), total=Decimal(of), pass_percent=percent):
            return False
    return True


def part_points(lines: Iterable[SheetLine], awarded: Mapping[int, Decimal | None]) -> dict[str, list[str]]:
    """``Attempt.parts``: points and of how many, by part in the order of the sheet; ``awarded`` by question id."""
    sums: dict[str, list[Decimal]] = {}
    for line in lines:
        if line.part:
            both = sums.setdefault(line.part, [Decimal(0), Decimal(0)])
            both[0] += awarded.get(line.question_id) or 0
            both[1] += line.score
    return {part: [points(got), points(of)] for part, (got, of) in sums.items()}


def is_score(score: Decimal | int) -> bool:
    """Whether a question may be worth so much: above 0 up to 100, at most one decimal."""
    return 0 < score <= 100 and Decimal(score) == Decimal(score).quantize(TENTH)


def points(score: Decimal) -> str:
    """A score as text, the same for 2, 2.0 and 2.00: ``2``, ``2.5``."""
    return format(score.quantize(TENTH), "f").removesuffix(".0")


def question_digest(stem: str, body: Mapping[str, Any]) -> str:
    """A digest that is the same for questions that differ only in blanks, width, case, punctuation at the ends, or the
    order of what is chosen from."""
    parts = [_normal(stem), *sorted(_normal(text) for text in texts_in(body))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def digest_of(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """SHA-256 (hex) of canonical JSON."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def texts_in(value: Any) -> Iterator[str]:
    """Every text inside JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from texts_in(part)


def _normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(folded.split()).strip(".。,，;；:：?？!！()（）")
