"""What strength of real-name verification a person's cohorts ask for."""

from zhenxue.identity.data import Need
from zhenxue.training.data import LATER_RULES, CohortState, EnrolmentState
from zhenxue.training.models import Enrolment

LABELS = {"verify_strength_study": "学习", "verify_strength_exam": "考试"}


def needs_of(person_id: int) -> list[Need]:
    """For the cohorts that are approved or running, by their frozen rules. One query."""
    rows = Enrolment.objects.filter(
        person_id=person_id,
        state=EnrolmentState.ACTIVE,
        cohort__state__in=[CohortState.APPROVED, CohortState.RUNNING],
    )
    return [
        Need(label, {**LATER_RULES, **(rules or {})}[key])
        for rules in rows.values_list("cohort__rules", flat=True)
        for key, label in LABELS.items()
    ]
