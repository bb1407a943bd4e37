"""Which time may count at all, and the ceilings that the cohort's rules set."""

from datetime import datetime

from zhenxue.kernel import clock
from zhenxue.ledger.data import Reason
from zhenxue.training.api import Enrolment
from zhenxue.training.data import CohortState, EnrolmentState


def why_not_countable(enrolment: Enrolment, began_at: datetime, ended_at: datetime) -> Reason:
    """``Reason.NONE`` when the cohort ran and the learner belonged to it for the whole stretch (N12).

    A stretch that ended before the cohort was closed still counts when it is booked a moment later.
    """
    cohort = enrolment.cohort
    if cohort.state == CohortState.CLOSED:
        running = cohort.closed_at is not None and ended_at <= cohort.closed_at
    else:
        running = cohort.state == CohortState.RUNNING
    in_dates = cohort.starts_on <= clock.civil_day(began_at) and clock.civil_day(ended_at) <= cohort.ends_on
    belongs = enrolment.state == EnrolmentState.ACTIVE or (
        enrolment.left_at is not None and ended_at <= enrolment.left_at
    )
    return Reason.NONE if running and in_dates and belongs else Reason.COHORT_CLOSED


def required_seconds(unit_seconds: int, rules: dict[str, int]) -> int:
    """How much of a unit must be covered before it counts as finished (rounded up)."""
    return -(-unit_seconds * rules["finish_percent"] // 100)


def daily_cap_ms(rules: dict[str, int]) -> int:
    """The most that one person may earn online in one civil day."""
    return rules["daily_cap_class_hours"] * rules["minutes_per_class_hour"] * 60_000
