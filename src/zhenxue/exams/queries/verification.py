"""Scores against the log: what an attempt was marked with must still be what its row says."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Sum

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import AttemptState
from zhenxue.exams.models import Attempt

#: Entries that give an attempt its score, or take it away.
SCORING = ("exams.attempt_marked", "exams.attempt_remarked", "exams.attempt_voided", "exams.attempt_restored")


def check_scores() -> Iterator[evidence.Finding]:
    """Every marked attempt must have the score and the result of its newest entry, and its answers must come to that
    score; one that is void has neither."""
    logged: dict[int, tuple[Decimal, bool]] = {}
    numbers: dict[int, int | None] = {}
    for entry in evidence.iterate_bodies(kinds=SCORING):
        attempt = int(entry.subject.partition(":")[2])
        numbers[attempt] = entry.number
        if entry.kind == "exams.attempt_voided":
            logged.pop(attempt, None)
        else:
            logged[attempt] = Decimal(entry.body["score"]), entry.body["passed"]
    marked = Attempt.objects.filter(state=AttemptState.MARKED).annotate(answered=Sum("answers__awarded"))
    for number, score, passed, answered in (
        marked.values_list("pk", "score", "passed", "answered").order_by("pk").iterator()
    ):
        proven = logged.pop(number, None)
        if proven != (score, passed):
            says = f"{proven[0]} 分、{_result(proven[1])}" if proven else "没有评分"
            yield _finding(
                f"exams_attempt：第 {number} 号答卷记为 {score} 分、{_result(passed)}，存证是{says}",
                numbers.get(number),
            )
        elif (answered or Decimal(0)) != score:
            yield _finding(
                f"exams_answer：第 {number} 号答卷各题合计 {answered} 分，评分为 {score} 分", numbers[number]
            )
    for number, (score, passed) in logged.items():
        text = f"exams_attempt：第 {number} 号答卷的评分缺失，存证是 {score} 分、{_result(passed)}"
        yield _finding(text, numbers[number])


def _result(passed: bool | None) -> str:
    return "合格" if passed else "不合格"


def _finding(text: str, number: int | None) -> evidence.Finding:
    return evidence.Finding(evidence.Fault.PROJECTION, text, number)
