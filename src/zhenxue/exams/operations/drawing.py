"""The sheet of an attempt: which questions, in which order, worth what. Drawn once at the start, then frozen."""

from collections.abc import Iterable

from zhenxue.exams.data import SheetLine
from zhenxue.exams.models import Attempt, Exam, PaperLine, Question
from zhenxue.exams.operations.marking import digest_of


def draw_sheet(exam: Exam) -> list[SheetLine]:
    """The questions of a new attempt: all of a fixed paper, as it stands."""
    lines = PaperLine.objects.filter(paper=exam.paper_id).order_by("position")
    return [SheetLine(line.position, line.question_id, line.score, line.part) for line in lines]


def freeze(attempt: Attempt, lines: Iterable[SheetLine]) -> None:
    """Puts a sheet into a new attempt; its digest goes into the log with the start."""
    rows = [line.to_json() for line in lines]
    attempt.sheet, attempt.sheet_sha256 = rows, digest_of(rows)


def sheet_of(attempt: Attempt) -> list[SheetLine]:
    """The frozen lines of an attempt, in order."""
    return [SheetLine.from_json(position, row) for position, row in enumerate(attempt.sheet, start=1)]


def questions_of(lines: Iterable[SheetLine]) -> dict[int, Question]:
    """The question versions of a sheet by id; one query."""
    return Question.objects.in_bulk([line.question_id for line in lines])
