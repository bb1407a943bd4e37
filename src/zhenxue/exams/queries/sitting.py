"""What a learner sees while and after sitting an exam. Right answers leave only through ``with_solutions``."""

from decimal import Decimal

from zhenxue.exams.data import SheetLine
from zhenxue.exams.models import Answer, Attempt, Mark
from zhenxue.exams.queries.content import contents_of
from zhenxue.exams.queries.lines import ShownLine, shown
from zhenxue.kernel.prepared import Prepared

#: What the page of a sitting tells of how an answer was saved.
SAVED = ("sequence", "saved_at", "client_sequence")


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
