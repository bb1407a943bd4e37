"""What a means of presence earns by the frozen rules of a cohort (docs/reference/presence.md, "What a means earns").

A check passed by whatever means counts in full. What is limited is how often in a row somebody studies on means that
do not show who is there, and what opens an exam.
"""

from dataclasses import dataclass

from django.db.models import Q

from zhenxue.identity.data import SYSTEM
from zhenxue.integrity.data import CheckCause, CheckState, PresencePlan
from zhenxue.integrity.models import Check
from zhenxue.integrity.queries.plans import plan_of
from zhenxue.training import api as training
from zhenxue.training.data import CohortState, EnrolmentState

EXAM = "exam:"
#: Checks of an exam with which somebody begins to sit, or goes on elsewhere; later ones stop nothing.
AT_THE_DOOR = frozenset({CheckCause.ENTRY, CheckCause.DEVICE})


@dataclass(frozen=True, slots=True)
class WeakRow:
    """How many checks in a row a learner of a cohort passed by weaker means, and how many the rules allow."""

    cohort_title: str
    passed: int
    most: int

    @property
    def left(self) -> int:
        return max(0, self.most - self.passed)


def weak_row(enrolment_id: int, plan: PresencePlan) -> int:
    """How many checks in a row were passed by means weaker than ``strength_study``; counted up to ``weak_in_row``.

    Make-ups count. Weaker checks of an exam neither count nor end the row. One query.
    """
    rows = Check.objects.filter(enrolment_id=enrolment_id, state=CheckState.PASSED)
    rows = rows.filter(~Q(context__startswith=EXAM) | Q(strength__gte=plan.strength_study))
    row = 0
    for strength in rows.order_by("-answered_at", "-pk").values_list("strength", flat=True)[: plan.weak_in_row]:
        if strength >= plan.strength_study:
            break
        row += 1
    return row


def weak_rows_of(person_id: int) -> list[WeakRow]:
    """Of a learner's running classes that know the limit, those where a row has begun."""
    mine = training.visible_enrolments(SYSTEM).filter(person_id=person_id, state=EnrolmentState.ACTIVE)
    found = []
    for one in mine.filter(cohort__state=CohortState.RUNNING).order_by("pk"):
        plan = plan_of(training.rules_of(one.cohort))
        passed = weak_row(one.pk, plan) if plan.strength_study else 0
        if passed:
            found.append(WeakRow(one.cohort.title, passed, plan.weak_in_row))
    return found


def is_at_the_door(context: str, cause: CheckCause | str) -> bool:
    """Whether a check opens an exam, or lets it go on elsewhere."""
    return context.startswith(EXAM) and cause in AT_THE_DOOR
