"""What a learner sees while and after sitting an exam. Right answers leave only through ``with_solutions``."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from zhenxue.exams.data import SheetLine
from zhenxue.exams.models import Answer, Attempt, Mark
from zhenxue.exams.queries.content import contents_of
from zhenxue.exams.queries.lines import ShownLine, shown
from zhenxue.kernel.prepared import Prepared
from zhenxue.kernel.remembering import Remembered

#: Sheets whose questions a process remembers (some 0.5 kB each).
KEPT_SHEETS = 20_000
#: What the page of a sitting tells of how an answer was saved.
SAVED = ("sequence", "saved_at", "client_sequence")


_sheets: Remembered[tuple[int, str], tuple[int, ...]] = Remembered(KEPT_SHEETS)


def questions_on(attempts: Iterable[Attempt]) -> dict[int, tuple[int, ...]]:
    """By attempt the questions on its sheet in order: frozen at the start and known by its digest, read once."""

    def read(missing: list[tuple[int, str]]) -> dict[tuple[int, str], tuple[int, ...]]:
        rows = dict(Attempt.objects.filter(pk__in=[pk for pk, _ in missing]).values_list("pk", "sheet"))
        return {(pk, digest): tuple(int(line[0]) for line in rows[pk]) for pk, digest in missing}

    found = _sheets.many(((one.pk, one.sheet_sha256) for one in attempts), read)
    return {pk: questions for (pk, _), questions in found.items()}


class Stored(NamedTuple):
    """What is kept of an answer."""

    question_id: int
    given: list[Any]
    sequence: int
    client_sequence: int
    saved_at: dt.datetime
    correct: bool | None
    awarded: Decimal | None


_answers = Prepared(lambda attempt_id: Answer.objects.filter(attempt=attempt_id).values_list(*Stored._fields))


def paper_sheet(attempt: Attempt, *, with_solutions: bool = False) -> list[ShownLine]:
    """The paper of an attempt with what was answered; one query, with solutions two, and one for questions that this
    process did not ask for before."""
    answers = {answer.question_id: answer for answer in map(Stored._make, _answers(attempt.pk))}
    lines = [SheetLine.from_json(position, row) for position, row in enumerate(attempt.sheet, start=1)]
    questions = contents_of(line.question_id for line in lines)
    marks = _marks_of(attempt) if with_solutions else {}
    sheet = []
    for line in lines:
        question, answer = questions[line.question_id], answers.get(line.question_id)
        own = {} if answer is None else {name: getattr(answer, name) for name in SAVED}
        if with_solutions:
            own["awarded"] = answer.awarded if answer else Decimal(0)
            own["marks"] = tuple(marks.get(question.pk, ()))
        correct = answer.correct if answer else False
        sheet.append(
            shown(line, question, answer.given if answer else (), solved=with_solutions, correct=correct, **own)
        )
    return sheet


def _marks_of(attempt: Attempt) -> dict[int, list[Mark]]:
    """By question what people gave, in the order of the rounds."""
    found: dict[int, list[Mark]] = {}
    rows = Mark.objects.filter(answer__attempt=attempt, marked_at__isnull=False).order_by("marked_at", "pk")
    for mark in rows.select_related("answer"):
        found.setdefault(mark.answer.question_id, []).append(mark)
    return found
