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

type Notes = tuple[str, ...] | list[str]

_FILE = re.compile(r"!\[[^\]\n]*\]\(file:([^)\n]+)\)")
_PICTURE = re.compile(r"图片\s*=\s*file:([^;；\n]+)")


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
    parts: tuple["Written", ...] = ()  # of a case: its questions, each as a line of its own


@dataclass(frozen=True, slots=True)
class Item:
    """The answer to one item of a file: a draft, or problems that say what to do. ``notes`` are no refusals.

    ``written`` is what there is to mend of a refused item, ``assets`` the media that it shows.
    """

    where: str
    draft: Draft | None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    written: Written = field(default_factory=Written)
    assets: tuple[DraftAsset, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """All items of a file in their order; ``notes`` are about the file (sheets without a header, parts left out)."""

    format: str
    items: list[Item]
    notes: tuple[str, ...] = ()


def refused(
    where: str, *problems: str, written: Written | None = None, assets: tuple[DraftAsset, ...] = (), notes: Notes = ()
) -> Item:
    """An item that cannot be taken, and why."""
    kept = tuple(dict.fromkeys(problems))[:MOST_PROBLEMS]
    return Item(where, None, kept, tuple(dict.fromkeys(notes)), written or Written(), assets)


def named_files(*texts: str) -> list[str]:
    """The names of files that these texts show, each once."""
    return list(dict.fromkeys(name for text in texts for name in _FILE.findall(text)))


def files_of(written: Written) -> list[str]:
    """The names of files that an item shows, the picture of a hotspot among them, each once."""
    lines = (written, *written.parts)
    texts = [text for one in lines for text in (one.stem, one.answer, one.explanation, one.rubric, *one.options)]
    pictures = [name.strip() for one in lines for name in _PICTURE.findall(one.settings)]
    return list(dict.fromkeys([*named_files(*texts), *pictures]))


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
