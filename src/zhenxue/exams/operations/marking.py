"""Scores and digests: pure, so that anybody can recompute them. What an answer earns: ``exams/kinds``."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Protocol

from zhenxue.exams.data import SheetLine

TENTH = Decimal("0.1")
_MEDIUM = re.compile(r"!\[[^\]\n]*\]\(((?:file|asset):[^)\n]+)\)")


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


def question_digest(stem: str, body: Mapping[str, Any], media: Mapping[str, str] = MappingProxyType({})) -> str:
    """A digest that is the same for questions that differ only in blanks, width, case, punctuation at the ends, or the
    order of what is chosen from.

    ``media``: SHA-256 of files by what a question calls them (``asset:12``, ``file:图.png``). A picture is told by its
    bytes, in whichever bank or file it lies and whatever words stand for it.
    """
    said = [_told(text, media) for text in (stem, *texts_in(body), *_pictures(body))]
    parts = [_normal(said[0]), *sorted(_normal(text) for text in said[1:])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _told(text: str, media: Mapping[str, str]) -> str:
    """A text with the digests of the media that it shows; one that only names a file is that file's."""
    if "](" not in text:
        return media.get(text, text)
    return _MEDIUM.sub(lambda found: media.get(found[1], found[0]), text)


def _pictures(value: Any) -> Iterator[str]:
    """What the pictures of hotspots are called, where they have a number."""
    if isinstance(value, Mapping):
        if isinstance(value.get("asset"), int):
            yield f"asset:{value['asset']}"
        for part in value.values():
            yield from _pictures(part)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from _pictures(part)


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
