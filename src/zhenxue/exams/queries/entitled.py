"""For whom an exam is: everybody of the cohort, and of a make-up those who did not pass what it makes up for."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from zhenxue.exams.data import AttemptState, ExamState
from zhenxue.exams.models import Attempt, Exam
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.training import api as training
from zhenxue.training.data import EnrolmentState


@dataclass(frozen=True, slots=True)
class Failing:
    """Who of a cohort has not passed an exam nor a make-up of it: sat it, or never came."""

    failed: tuple[training.Enrolment, ...]
    missed: tuple[training.Enrolment, ...]
    waiting: int  # handed in, not marked yet: they are in neither

    @property
    def everybody(self) -> tuple[training.Enrolment, ...]:
        return (*self.failed, *self.missed)


def failing_of(exam: Exam) -> Failing:
    """Of the family of an exam (itself and its make-ups); two queries."""
    of_family = Q(exam=exam.root_id) | Q(exam__original=exam.root_id)
    rows = Attempt.objects.filter(of_family).values_list("enrolment_id", "state", "passed")
    won, waits, sat = set(), set(), set()
    for enrolment, state, passed in rows:
        sat.add(enrolment)
        if passed:
            won.add(enrolment)
        if state in {AttemptState.OPEN, AttemptState.SUBMITTED}:
            waits.add(enrolment)
    left = [one for one in _active(exam) if one.pk not in won]
    return Failing(
        tuple(one for one in left if one.pk in sat and one.pk not in waits),
        tuple(one for one in left if one.pk not in sat),
        sum(one.pk in waits for one in left),
    )


def entitled_to(exam: Exam, now: dt.datetime) -> Sequence[training.Enrolment]:
    """Who may be told of an exam: who does not know a result yet is not told by being asked to a make-up."""
    if exam.original is None:
        return _active(exam)
    return failing_of(exam.original).everybody if exam.original.is_out and now >= exam.original.closes_at else ()


def active_learners(exam: Exam) -> list[training.Enrolment]:
    """Everybody of the cohort who has not left it, by name."""
    return _active(exam)


def can_be_changed(exam: Exam, actor: Actor) -> bool:
    """Whether single learners may be allowed more in it: by a manager of its organisation, before it is over."""
    is_open = exam.state in {ExamState.DRAFT, ExamState.SCHEDULED}
    return is_open and actor.is_manager and actor.organisation_id == exam.cohort.organisation_id


def _active(exam: Exam) -> list[training.Enrolment]:
    rows = training.visible_enrolments(SYSTEM).filter(cohort=exam.cohort_id, state=EnrolmentState.ACTIVE)
    return list(rows.order_by("person__name", "pk"))
