"""What ``study`` listens to."""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from zhenxue.study import operations


def on_cohort_closed(*, cohort_id: int, now: datetime, **_: Any) -> None:
    """Settles and ends the open sessions of a cohort in the transaction that closes it."""
    operations.close_sessions_of_cohort(cohort_id=cohort_id, now=now)


def on_enrolment_left(*, enrolment_id: int, cohort_id: int, now: datetime, **_: Any) -> None:
    """The same for one learner who leaves."""
    operations.close_sessions_of_cohort(cohort_id=cohort_id, enrolment_id=enrolment_id, now=now)


def on_coverage_corrected(*, enrolment_id: int, unit_id: int, now: datetime, **_: Any) -> None:
    """An open session follows once the correction is durable: a session is locked before its coverage, never after."""
    transaction.on_commit(partial(operations.follow_ledger, enrolment_id=enrolment_id, unit_id=unit_id, now=now))
