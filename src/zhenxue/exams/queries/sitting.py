"""What a learner sees while and after sitting an exam. Right answers leave only through ``with_solutions``."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from zhenxue.exams import kinds
from zhenxue.exams.data import Kind, SheetLine
from zhenxue.exams.models import Answer, Attempt, Mark
from zhenxue.exams.queries.content import contents_of
from zhenxue.kernel.prepared import Prepared


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
    choices: tuple[tuple[str, str], ...]  # value, text, in the order of this sheet
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

    @property
    def is_multiple(self) -> bool:
        return self.kind == Kind.MULTIPLE

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


_answers = Prepared(lambda attempt_id: Answer.objects.filter(attempt=attempt_id))


def paper_sheet(attempt: Attempt, *, with_solutions: bool = False) -> list[ShownLine]:
    """The paper of an attempt with what was answered; one query, with solutions two, and one for questions that this
    process did not ask for before."""
    answers = {answer.question_id: answer for answer in _answers(attempt.pk)}
    lines = [SheetLine.from_json(position, row) for position, row in enumerate(attempt.sheet, start=1)]
    questions = contents_of(line.question_id for line in lines)
    marks = _marks_of(attempt) if with_solutions else {}
    sheet = []
    for line in lines:
        question, answer = questions[line.question_id], answers.get(line.question_id)
        sheet.append(
            ShownLine(
                position=line.position,
                question_id=question.pk,
                part=line.part,
                kind=question.kind,
                kind_label=Kind(question.kind).label,
                stem=kinds.fill_places(question.stem, line.values),
                body=question.body,
                choices=choices_of(question.kind, question.body, line.order),
                score=line.score,
                given=tuple(answer.given) if answer else (),
                sequence=answer.sequence if answer else 0,
                saved_at=answer.saved_at if answer else None,
                client_sequence=answer.client_sequence if answer else 0,
                key=question.key if with_solutions else None,
                explanation=question.explanation if with_solutions else "",
                correct=(answer.correct if answer else False) if with_solutions else None,
                awarded=(answer.awarded if answer else Decimal(0)) if with_solutions else None,
                order=line.order,
                values=line.values,
                marks=tuple(marks.get(question.pk, ())),
            )
        )
    return sheet


def _marks_of(attempt: Attempt) -> dict[int, list[Mark]]:
    """By question what people gave, in the order of the rounds."""
    found: dict[int, list[Mark]] = {}
    rows = Mark.objects.filter(answer__attempt=attempt, marked_at__isnull=False).order_by("marked_at", "pk")
    for mark in rows.select_related("answer"):
        found.setdefault(mark.answer.question_id, []).append(mark)
    return found


def choices_of(kind: str, body: Mapping[str, Any], order: Sequence[int] | None = None) -> tuple[tuple[str, str], ...]:
    """Value and text of each choice in the given order; true/false has its two words."""
    if kind == Kind.TRUE_FALSE:
        return (("对", "对"), ("错", "错"))
    options = body.get("options", ())
    return tuple((chr(ord("A") + index), options[index]) for index in order or range(len(options)))
