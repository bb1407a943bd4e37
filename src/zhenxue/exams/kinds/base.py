"""What every kind of question offers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Any, ClassVar

from zhenxue.exams.data import Kind, Marked, MultipleRule

Json = Mapping[str, Any]
Given = list[Any]
TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Marking:
    """What marking needs beside key and answer: the points at stake, the paper's rule, and drawn parameters."""

    score: Decimal
    rule: str = MultipleRule.ALL
    values: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class OnSheet:
    """One question as it stands on one sheet: what was answered, in which order things are shown, what was drawn."""

    given: Sequence[Any] = ()
    order: Sequence[int] | None = None
    values: Mapping[str, str] | None = None


#: As the bank keeps it, with no answer.
AS_KEPT = OnSheet()


class Rules(ABC):
    """The rules of one kind."""

    kind: ClassVar[Kind]
    #: Whether a person marks it.
    by_hand: ClassVar[bool] = False
    #: Whether what is chosen from may stand in another order for each learner.
    shuffles: ClassVar[bool] = False

    @abstractmethod
    def check(self, body: Json, key: Json) -> dict[str, str]:
        """What is wrong with a question, by field (``body``, ``key``, or finer), in words that say how to mend it."""

    @abstractmethod
    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        """An answer in its one form, empty when taken back; ``None`` when it does not belong to the question."""

    @abstractmethod
    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        """What a cleaned answer earns, or ``None`` when a person has to say."""

    def check_stem(self, stem: str, body: Json, key: Json) -> dict[str, str]:
        """What the stem lacks for its body and key (places of blanks, names of parameters), by field."""
        return {}

    def needs_hand(self, body: Json) -> bool:
        """Whether a person marks this very question."""
        return self.by_hand

    def draw(self, key: Json, random: Random) -> dict[str, str] | None:
        """Values for the parameters of one sheet, or ``None`` where nothing is drawn."""
        return None

    def shown(self, body: Json) -> int:
        """How many things may be put in another order (options, right sides, items); 0 for none."""
        return 0

    def is_blank(self, given: Sequence[Any]) -> bool:
        """Whether nothing was answered."""
        return not any(part for part in given)

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """What a page shows of the body as it stands on a sheet; never the key."""
        return {}

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        """The right answer in words (markup), one line a part."""
        return []

    def said(self, body: Json, given: Sequence[Any]) -> list[str]:
        """An answer in words, one line a part."""
        return [str(part) for part in given]

    def lettered(self, names: Sequence[str], order: Sequence[int] | None) -> list[str]:
        """The names of options (the bank's letters) as they stand on a sheet with this order; others as they are."""
        return list(names)


def shared(score: Decimal, good: int, of: int) -> Decimal:
    """The share of a score for ``good`` of so many parts, rounded down to a tenth."""
    return (score * good / of).quantize(TENTH, rounding=ROUND_DOWN) if of else Decimal(0)


def earned(good: int, of: int, marking: Marking) -> Marked:
    """All or nothing, or with ``MultipleRule.HALF`` the share of what is right."""
    if of and good == of:
        return Marked(True, marking.score)
    return Marked(False, shared(marking.score, max(good, 0), of) if marking.rule == MultipleRule.HALF else Decimal(0))


def standing(order: Sequence[int] | None, count: int) -> list[int]:
    """Which thing stands where: the sheet's order when it fits, else as the bank keeps them."""
    return list(order) if order and sorted(order) == list(range(count)) else list(range(count))


def texts(value: Any) -> list[str]:
    """A list of texts, whatever a file or a browser sent."""
    return [one if isinstance(one, str) else str(one) for one in value] if isinstance(value, list | tuple) else []
