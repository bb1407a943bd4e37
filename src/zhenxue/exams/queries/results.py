"""Results: who passed, how a cohort did, which questions went wrong (A20)."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Avg, Count, DecimalField, DurationField, ExpressionWrapper, F, Max, Min, Q, QuerySet

from zhenxue.exams.data import AttemptState, Kind, QuestionFigures, Result
from zhenxue.exams.models import Answer, Attempt, Exam
from zhenxue.exams.queries.content import contents_of
from zhenxue.exams.queries.publication import OUT
from zhenxue.kernel.prepared import Prepared

#: Kinds of which it says something how often each answer was given.
CHOSEN = frozenset({Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE})
BANDS = ((0, 60), (60, 70), (70, 80), (80, 90), (90, 101))


class MarkedAttempt(NamedTuple):
    """Of an attempt and its exam what its result says."""

    enrolment_id: int
    exam_id: int
    number: int
    score: Decimal | None
    passed: bool | None
    submitted_at: dt.datetime | None
    stage_number: int | None
    total: Decimal
    kind: str


_marked = Prepared(
    lambda enrolments: Attempt.objects.filter(OUT, enrolment_id__in=enrolments, state=AttemptState.MARKED).values_list(
        *("enrolment_id", "exam_id", "number", "score", "passed", "submitted_at"),
        *("exam__stage_number", "total", "exam__kind"),
    )
)


def results_of(enrolment_ids: Iterable[int]) -> dict[int, list[Result]]:
    """Per enrolment the best result of each exam that was marked and whose results are out, by stage; one query."""
    grouped: dict[tuple[int, int], list[MarkedAttempt]] = defaultdict(list)
    for attempt in map(MarkedAttempt._make, _marked(list(enrolment_ids))):
        grouped[attempt.enrolment_id, attempt.exam_id].append(attempt)
    found: dict[int, list[Result]] = defaultdict(list)
    for (enrolment, exam), attempts in grouped.items():
        best = max(attempts, key=lambda one: (bool(one.passed), one.score or 0, -one.number))
        found[enrolment].append(
            Result(
                exam_id=exam,
                enrolment_id=enrolment,
                stage_number=best.stage_number,
                score=best.score or best.total * 0,
                total=best.total,
                passed=bool(best.passed),
                submitted_at=best.submitted_at,
                attempts=len(attempts),
                kind=best.kind,
            )
        )
    for results in found.values():
        results.sort(key=lambda one: (one.stage_number or 99, one.exam_id))
    return dict(found)


def attempts_of(exam: Exam) -> QuerySet[Attempt]:
    """All attempts of an exam with the learner, and ``took``: how long it lasted."""
    took = ExpressionWrapper(F("submitted_at") - F("started_at"), output_field=DurationField())
    return Attempt.objects.filter(exam=exam).select_related("enrolment__person").annotate(took=took)


def figures_of(exam: Exam) -> dict[str, Any]:
    """Counts and means of an exam, and ``bands``: how many marked attempts fall into each band of per cent;
    one query."""
    took = ExpressionWrapper(F("submitted_at") - F("started_at"), output_field=DurationField())
    marked = Q(state=AttemptState.MARKED)
    share = ExpressionWrapper(F("score") * 100, output_field=DecimalField())
    bands = {
        f"from_{low}": Count("pk", filter=marked & Q(share__gte=F("total") * low, share__lt=F("total") * high))
        for low, high in BANDS
    }
    figures: dict[str, Any] = (
        Attempt.objects.filter(exam=exam)
        .annotate(share=share)
        .aggregate(
            attempts=Count("pk", filter=marked),
            sat=Count("enrolment", distinct=True, filter=marked),
            passed=Count("enrolment", distinct=True, filter=marked & Q(passed=True)),
            sitting=Count("pk", filter=Q(state=AttemptState.OPEN)),
            mean=Avg("score"),
            best=Max("score"),
            worst=Min("score"),
            took=Avg(took, filter=marked),
            **bands,
        )
    )
    figures["bands"] = [(f"{low}–{min(high, 100)}%", figures.pop(f"from_{low}")) for low, high in BANDS]
    return figures


def question_figures(exam: Exam) -> list[QuestionFigures]:
    """Per question how often it was shown, answered and wrong in marked attempts, worst first; two queries."""
    rows = Answer.objects.filter(attempt__exam=exam, attempt__state=AttemptState.MARKED)
    answered: Counter[int] = Counter()
    wrong: Counter[int] = Counter()
    choices: dict[int, Counter[str]] = defaultdict(Counter)
    for question, given, correct in rows.values_list("question_id", "given", "correct"):
        if given or exam.is_practical:  # there examiners give points, and nothing is written
            answered[question] += 1
            wrong[question] += not correct
            choices[question].update(str(part) for part in given)
    shown: dict[int, int] = {}
    for sheet in Attempt.objects.filter(exam=exam, state=AttemptState.MARKED).values_list("sheet", flat=True):
        for row in sheet:
            shown[row[0]] = shown.get(row[0], 0) + 1
    questions = contents_of(shown)
    figures = [
        QuestionFigures(
            position=position,
            question_id=question,
            stem=questions[question].stem,
            answered=answered[question],
            wrong=wrong[question],
            attempts=times,
            choices=tuple(sorted(choices[question].items())) if questions[question].kind in CHOSEN else (),
        )
        for position, (question, times) in enumerate(shown.items(), start=1)
    ]
    return sorted(figures, key=lambda one: (-one.wrong_percent, one.position))
