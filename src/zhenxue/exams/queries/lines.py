"""One question of a sheet as a page shows it: made here for whoever shows one."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from zhenxue.exams import kinds
from zhenxue.exams.data import Kind, SheetLine
from zhenxue.exams.models import Mark, Question
from zhenxue.exams.queries.content import Content


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One question as the page shows it. ``key`` and ``explanation`` are empty unless solutions were asked for."""

    position: int
    question_id: int
    part: str
    kind: str
    kind_label: str
    stem: str
    body: Mapping[str, Any]
    score: Decimal
    given: tuple[Any, ...] = ()
    sequence: int = 0
    saved_at: dt.datetime | None = None
    client_sequence: int = 0
    key: Mapping[str, Any] | None = None
    explanation: str = ""
    correct: bool | None = None
    awarded: Decimal | None = None
    order: tuple[int, ...] | None = None
    values: Mapping[str, str] | None = None
    marks: tuple[Mark, ...] = ()  # what people gave, when solutions are shown
    is_withheld: bool = False  # solutions are out, but another exam still asks this

    @property
    def is_multiple(self) -> bool:
        return self.kind == Kind.MULTIPLE

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """Value and text of each choice, in the order of this sheet."""
        return choices_of(self.kind, self.body, self.order)

    @property
    def view(self) -> dict[str, Any]:
        """What the page shows of the body, in the order of this sheet, with what was answered."""
        return kinds.of(self.kind).view(self.body, kinds.OnSheet(self.given, self.order, self.values))

    @property
    def said(self) -> list[str]:
        """What was answered, in words."""
        rules = kinds.of(self.kind)
        return rules.said(self.body, rules.lettered(self.given, self.order))

    @property
    def solution(self) -> list[str]:
        """The right answer in words, when solutions are shown."""
        if not self.key:
            return []
        rules, key = kinds.of(self.kind), dict(self.key)
        if "right" in key:
            key["right"] = rules.lettered(key["right"], self.order)
        return rules.solution(self.body, key, self.values)

    @property
    def answer(self) -> tuple[str, ...]:
        """The right letters or words of a choice, when solutions are shown."""
        return tuple(self.key.get("right", ())) if self.key else ()


def shown(
    line: SheetLine,
    question: Content | Question,
    given: Sequence[Any],
    *,
    solved: bool,
    correct: bool | None = None,
    **more: Any,
) -> ShownLine:
    """A line with what was answered; ``solved``: with the right answer, and whether this one was right. ``more`` as the
    fields of ``ShownLine``."""
    body: Mapping[str, Any] = question.body
    return ShownLine(
        position=line.position,
        question_id=question.pk,
        part=line.part,
        kind=question.kind,
        kind_label=Kind(question.kind).label,
        stem=kinds.fill_places(question.stem, line.values),
        body=body,
        score=line.score,
        given=tuple(given),
        key=question.key if solved else None,
        explanation=question.explanation if solved else "",
        correct=correct if solved else None,
        order=line.order,
        values=line.values,
        **more,
    )


def choices_of(kind: str, body: Mapping[str, Any], order: Sequence[int] | None = None) -> tuple[tuple[str, str], ...]:
    """Value and text of each choice in the given order; true/false has its two words."""
    if kind == Kind.TRUE_FALSE:
        return (("对", "对"), ("错", "错"))
    options = body.get("options", ())
    return tuple((chr(ord("A") + index), options[index]) for index in order or range(len(options)))
