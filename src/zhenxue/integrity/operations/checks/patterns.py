"""After something strange: whoever it concerns is asked at once, if they study or sit an exam at this moment."""

import datetime as dt
from typing import Any

from zhenxue.integrity.data import CheckCause
from zhenxue.integrity.models import Signal
from zhenxue.integrity.operations.checks.asking import ask_running, proof_of
from zhenxue.integrity.queries.plans import list_running, plan_of
from zhenxue.training import api as training

#: Whoever showed presence so recently is not asked again for a pattern.
FRESH = dt.timedelta(minutes=10)


def on_signal_noted(*, signal_id: int, now: dt.datetime, **_: Any) -> None:
    """Receiver: a signal that is not about a check itself asks its person, where the cohort's rules know checks."""
    signal = Signal.objects.select_related("enrolment__cohort").get(pk=signal_id)
    enrolment = signal.enrolment
    if enrolment is None or "check" in signal.facts:
        return
    if not plan_of(training.rules_of(enrolment.cohort)).per_class_hour:
        return
    for one in list_running(enrolment.cohort_id, now):
        if one.person_id != signal.person_id or now - proof_of(one, now) < FRESH:
            continue
        ask_running(one, cause=CheckCause.PATTERN, now=now)
