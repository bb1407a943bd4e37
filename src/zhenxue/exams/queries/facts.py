"""What the rules of ``integrity`` look at of exams: attempts that were handed in, answer by answer."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Count, QuerySet

from zhenxue.exams.data import AttemptState
from zhenxue.exams.models import Answer, Attempt
from zhenxue.integrity.api import AnswerFact, AttemptFacts, Owner

HANDED_IN = (AttemptState.SUBMITTED, AttemptState.MARKED)


def attempts_between(since: dt.datetime, until: dt.datetime) -> list[AttemptFacts]:
    """Attempts handed in in ``[since, until)`` with their answers; two queries."""
    return _facts(Attempt.objects.filter(submitted_at__gte=since, submitted_at__lt=until))


def attempts_beside(fresh: Sequence[AttemptFacts]) -> list[AttemptFacts]:
    """All attempts of the same exams, themselves included; two queries."""
    return _facts(Attempt.objects.filter(exam_id__in={one.exam_id for one in fresh})) if fresh else []


def _facts(attempts: QuerySet[Attempt]) -> list[AttemptFacts]:
    rows = list(
        attempts.filter(state__in=HANDED_IN)
        .select_related("enrolment")
        .annotate(stored=Count("answers"))
        .order_by("submitted_at", "pk")
    )
    answers = _answers_of([row.pk for row in rows])
    return [
        AttemptFacts(
            context=f"exam:{row.pk}",
            owner=Owner(row.enrolment.person_id, row.enrolment_id, row.enrolment.cohort_id),
            exam_id=row.exam_id,
            began_at=row.started_at,
            ended_at=row.submitted_at or row.deadline_at,
            questions=len(row.sheet),
            device=row.device,
            moves=row.moves,
            answers=tuple(
                AnswerFact(question, tuple(given), sequence, round((saved - row.started_at).total_seconds() * 1000), ok)
                for question, given, sequence, saved, ok in answers[row.pk]
            ),
        )
        for row in rows
    ]


def _answers_of(attempt_ids: Sequence[int]) -> dict[int, list[tuple[int, list[str], int, dt.datetime, bool]]]:
    """Answers that stand, by attempt; a question is told by its id, which is the same in every paper that holds it."""
    found: dict[int, list[tuple[int, list[str], int, dt.datetime, bool]]] = defaultdict(list)
    rows = Answer.objects.filter(attempt_id__in=attempt_ids).exclude(given=[]).order_by("attempt_id", "sequence")
    columns = ("attempt_id", "question_id", "given", "sequence", "saved_at", "correct")
    for attempt_id, question_id, given, sequence, saved_at, correct in rows.values_list(*columns):
        found[attempt_id].append((question_id, given, sequence, saved_at, bool(correct)))
    return found
