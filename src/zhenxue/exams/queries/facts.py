"""What the rules of ``integrity`` look at of exams: attempts that were handed in, answer by answer."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet

from zhenxue.exams.data import AttemptState, ConductKind, ExamKind
from zhenxue.exams.models import Answer, Attempt, ConductEvent
from zhenxue.integrity.api import AnswerFact, AttemptFacts, Owner

HANDED_IN = (AttemptState.SUBMITTED, AttemptState.MARKED)


def attempts_between(since: dt.datetime, until: dt.datetime) -> list[AttemptFacts]:
    """Attempts handed in in ``[since, until)`` with their answers; three queries."""
    return _facts(Attempt.objects.filter(submitted_at__gte=since, submitted_at__lt=until))


def attempts_beside(fresh: Sequence[AttemptFacts]) -> list[AttemptFacts]:
    """All attempts of the same exams, themselves included; three queries."""
    return _facts(Attempt.objects.filter(exam_id__in={one.exam_id for one in fresh})) if fresh else []


def _facts(attempts: QuerySet[Attempt]) -> list[AttemptFacts]:
    rows = list(
        attempts.filter(state__in=HANDED_IN)
        .exclude(
            Q(exam__kind=ExamKind.PRACTICAL) | Q(exam__original__kind=ExamKind.PRACTICAL)
        )  # scored by examiners: no device, no answers
        .select_related("enrolment")
        .annotate(stored=Count("answers"))
        .order_by("submitted_at", "pk")
    )
    numbers = [row.pk for row in rows]
    answers, told = _answers_of(numbers), _conduct_of(numbers)
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
            away_ms=told[row.pk].away_ms,
            leaves=told[row.pk].leaves,
            longest_paste=told[row.pk].longest_paste,
            silent_answers=sum(told[row.pk].is_silent(saved) for _, _, _, saved, _ in answers[row.pk]),
        )
        for row in rows
    ]


@dataclass(slots=True)
class Told:
    """What the page of one attempt told, and when it told nothing."""

    away_ms: int = 0
    leaves: int = 0
    longest_paste: int = 0
    silences: list[tuple[dt.datetime, dt.datetime | None]] = field(default_factory=list)

    def is_silent(self, moment: dt.datetime) -> bool:
        """Whether the page was silent at a moment."""
        return any(since < moment and (until is None or moment < until) for since, until in self.silences)


def _conduct_of(attempt_ids: Sequence[int]) -> dict[int, Told]:
    """Per attempt the record of conduct as the rules need it; one query."""
    found: dict[int, Told] = defaultdict(Told)
    kinds = (ConductKind.LEFT, ConductKind.PASTE, ConductKind.SILENT)
    rows = ConductEvent.objects.filter(attempt_id__in=attempt_ids, kind__in=kinds)
    for attempt, kind, at, lasted, facts in rows.values_list("attempt_id", "kind", "at", "lasted_ms", "facts"):
        told = found[attempt]
        if kind == ConductKind.LEFT:
            told.away_ms += lasted or 0
            told.leaves += 1
        elif kind == ConductKind.SILENT:
            told.silences.append((at, None if lasted is None else at + dt.timedelta(milliseconds=lasted)))
        elif not facts.get("own"):
            told.longest_paste = max(told.longest_paste, facts.get("characters", 0))
    return found


def _answers_of(attempt_ids: Sequence[int]) -> dict[int, list[tuple[int, list[str], int, dt.datetime, bool | None]]]:
    """Answers that stand, by attempt; a question is told by its id, which is the same in every paper that holds it."""
    found: dict[int, list[tuple[int, list[str], int, dt.datetime, bool | None]]] = defaultdict(list)
    rows = Answer.objects.filter(attempt_id__in=attempt_ids).exclude(given=[]).order_by("attempt_id", "sequence")
    columns = ("attempt_id", "question_id", "given", "sequence", "saved_at", "correct")
    for attempt_id, question_id, given, sequence, saved_at, correct in rows.values_list(*columns):
        found[attempt_id].append((question_id, given, sequence, saved_at, correct))
    return found
