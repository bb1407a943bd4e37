"""What every kind of question offers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
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

    def shown(self, body: Json) -> int:
        """How many things may be put in another order (options, right sides, items); 0 for none."""
        return 0

    def is_blank(self, given: Sequence[Any]) -> bool:
        """Whether nothing was answered."""
        return not any(part for part in given)


def shared(score: Decimal, good: int, of: int) -> Decimal:
    """The share of a score for ``good`` of so many parts, rounded down to a tenth."""
    return (score * good / of).quantize(TENTH, rounding=ROUND_DOWN) if of else Decimal(0)
