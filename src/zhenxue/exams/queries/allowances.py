"""What single learners have beyond the others in an exam."""

from collections.abc import Iterable

from django.db.models import QuerySet

from zhenxue.exams.models import Allowance, Exam
from zhenxue.kernel.prepared import Prepared

_given = Prepared(
    lambda exams, enrolments: Allowance.objects.filter(exam__in=exams, enrolment__in=enrolments).order_by("pk")
)


def allowance_of(exam_id: int, enrolment_id: int) -> Allowance | None:
    """What this learner has beyond the others, if anything; one query."""
    return next(iter(_given([exam_id], [enrolment_id])), None)


def extra_minutes_of(exam_id: int, enrolment_id: int) -> int:
    """How many minutes more this learner has; one query."""
    found = allowance_of(exam_id, enrolment_id)
    return found.extra_minutes if found else 0


def allowances_of(exam_ids: Iterable[int], enrolment_ids: Iterable[int]) -> dict[int, Allowance]:
    """By exam what the learner whose enrolments these are has; one query."""
    return {one.exam_id: one for one in _given(list(exam_ids), list(enrolment_ids))}


def list_allowances(exam: Exam) -> QuerySet[Allowance]:
    """Everything that was allowed in an exam, with the learners."""
    return Allowance.objects.filter(exam=exam).select_related("enrolment__person")
