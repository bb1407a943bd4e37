"""What readers of question files give: drafts, and an answer for every item. Pure."""

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from zhenxue.exams.data import Kind

#: Letters of options; a choice has two to ten of them.
LETTERS = "ABCDEFGHIJ"
BLANK = "____"
MOST_STEM = 6_000
MOST_OPTION = 1_500
MOST_EXPLANATION = 6_000
MOST_PROBLEMS = 8
#: What a question is worth when the file says nothing.
PLAIN_SCORE = Decimal(1)

_FILE = re.compile(r"!\[[^\]\n]*\]\(file:([^)\n]+)\)")


@dataclass(frozen=True, slots=True)
class DraftAsset:
    """A picture, sound or film that came with the file; told by its bytes. Stems name it ``![words](file:NAME)``."""

    name: str
    data: bytes
    mime: str
    kind: str  # data.AssetKind
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that keeps the rules of its kind (shapes of ``body`` and ``key``: ``exams/kinds``)."""

    kind: Kind
    stem: str
    body: dict[str, Any]
    key: dict[str, Any]
    explanation: str = ""
    score: Decimal | None = None
    difficulty: int | None = None  # 1 easy … 5 hard
    point: str = ""
    source: str = ""
    assets: tuple[DraftAsset, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """An item as a person writes it into the template, all text: what sheets hold, and what refused items are given
    back as."""

    kind: str = ""
    stem: str = ""
    options: tuple[str, ...] = ()
    answer: str = ""
    explanation: str = ""
    score: str = ""
    difficulty: str = ""
    point: str = ""
    source: str = ""
    rubric: str = ""
    settings: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """The answer to one item of a file: a draft, or problems that say what to do. ``notes`` are no refusals."""

    where: str
    draft: Draft | None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    written: Written = field(default_factory=Written)


@dataclass(frozen=True, slots=True)
class Reading:
    """All items of a file in their order; ``notes`` are about the file (sheets without a header, parts left out)."""

    format: str
    items: list[Item]
    notes: tuple[str, ...] = ()


def refused(where: str, *problems: str, written: Written | None = None) -> Item:
    """An item that cannot be taken, and why."""
    return Item(where, None, tuple(dict.fromkeys(problems))[:MOST_PROBLEMS], written=written or Written())


def named_files(*texts: str) -> list[str]:
    """The names of files that these texts show, each once."""
    return list(dict.fromkeys(name for text in texts for name in _FILE.findall(text)))


def number(text: str) -> Decimal | None:
    """A plain decimal number as people write it (full width, thousands, blanks), or ``None``."""
    text = text.translate(_WIDE).replace(",", "").strip()
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def plain_number(value: Decimal) -> str:
    """The number as it stands in bodies and keys: no exponent, no zeros at the end."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def plain_width(value: Decimal | None) -> str:
    """A tolerance as keys hold it: nothing where it is none, or below what nine decimals tell."""
    return plain_number(round(value, 9)) if value is not None and round(value, 9) > 0 else ""


_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,2})?")
_WIDE = str.maketrans("０１２３４５６７８９．，－＋", "0123456789.,-+")
