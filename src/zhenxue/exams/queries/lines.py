"""One question of a sheet as a page shows it: made here for whoever shows one."""

from collections.abc import Mapping, Sequence
from typing import Any

from zhenxue.exams import kinds
from zhenxue.exams.data import Kind, SheetLine
from zhenxue.exams.models import Question
from zhenxue.exams.queries.content import Content
from zhenxue.exams.queries.sitting import ShownLine, choices_of


def shown(
    line: SheetLine, question: Content | Question, given: Sequence[Any], *, solved: bool, correct: bool | None = None
) -> ShownLine:
    """A line with what was answered; ``solved``: with the right answer, and whether this one was right."""
    body: Mapping[str, Any] = question.body
    return ShownLine(
        position=line.position,
        question_id=question.pk,
        part=line.part,
        kind=question.kind,
        kind_label=Kind(question.kind).label,
        stem=kinds.fill_places(question.stem, line.values),
        body=body,
        choices=choices_of(question.kind, body, line.order),
        score=line.score,
        given=tuple(given),
        key=question.key if solved else None,
        explanation=question.explanation if solved else "",
        correct=correct if solved else None,
        order=line.order,
        values=line.values,
    )
