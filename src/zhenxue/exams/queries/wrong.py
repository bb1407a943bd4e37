"""What went wrong most in an exam, by point of the standard (A20, A23): shares of the score that were lost."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from zhenxue.exams.data import AttemptState
from zhenxue.exams.models import Answer, Attempt, Exam, Question

NO_POINT = "没有标注考核点"


@dataclass(frozen=True, slots=True)
class PointFigures:
    """One point of the standard: how many questions, how often shown, and of the points that could be had how many
    were lost."""

    name: str
    questions: int
    shown: int
    possible: Decimal
    lost: Decimal

    @property
    def lost_percent(self) -> int:
        return int(self.lost * 100 / self.possible) if self.possible else 0


def by_point(exam: Exam) -> list[PointFigures]:
    """Every point that was asked in marked attempts, most lost first; three queries."""
    attempts = Attempt.objects.filter(exam=exam, state=AttemptState.MARKED)
    sheets = dict(attempts.values_list("pk", "sheet"))
    asked = {row[0] for sheet in sheets.values() for row in sheet}
    points = dict(Question.objects.filter(pk__in=asked).values_list("pk", "point__title"))
    earned = defaultdict(Decimal)
    given = Answer.objects.filter(attempt__in=attempts).values_list("attempt_id", "question_id", "awarded")
    for attempt_id, question_id, awarded in given:
        earned[attempt_id, question_id] = awarded or Decimal(0)
    shown: dict[str, int] = defaultdict(int)
    possible: dict[str, Decimal] = defaultdict(Decimal)
    got: dict[str, Decimal] = defaultdict(Decimal)
    questions: dict[str, set[int]] = defaultdict(set)
    for attempt_id, sheet in sheets.items():
        for row in sheet:
            name = points.get(row[0]) or NO_POINT
            shown[name] += 1
            questions[name].add(row[0])
            possible[name] += Decimal(row[1])
            got[name] += earned[attempt_id, row[0]]
    figures = [
        PointFigures(name, len(questions[name]), shown[name], possible[name], possible[name] - got[name])
        for name in shown
    ]
    return sorted(figures, key=lambda one: (-one.lost_percent, one.name))
