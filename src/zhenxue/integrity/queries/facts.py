"""What the rules look at of presence checks: those that are over, each with what was found strange in any of its tries.

A check that was not passed comes twice: when it ends, for what the engine saw, and when its days for a make-up are
over, for having been missed or failed.
"""

import datetime as dt

from django.db.models import Q

from zhenxue.integrity.data import UNPROVEN_STATES, CheckCause, CheckState
from zhenxue.integrity.models import Check
from zhenxue.integrity.protocol import found_words
from zhenxue.integrity.rules import CheckFacts, Owner
from zhenxue.kernel import clock

OVER = (CheckState.PASSED, *UNPROVEN_STATES)


def checks_between(since: dt.datetime, until: dt.datetime) -> list[CheckFacts]:
    """Checks that ended in ``[since, until)``, and those whose days for a make-up did."""
    ended = Q(answered_at__gte=since, answered_at__lt=until) | Q(
        answered_at__isnull=True, due_at__gte=since, due_at__lt=until
    )
    days = Q(
        state__in=UNPROVEN_STATES,
        make_up_by__gte=clock.civil_day(since) - dt.timedelta(days=1),
        make_up_by__lt=clock.civil_day(until),
    )
    rows = Check.objects.filter(ended | days, state__in=OVER, enrolment__isnull=False)
    rows = rows.exclude(cause=CheckCause.MAKE_UP).select_related("enrolment").order_by("pk")
    return [check_facts(row, until) for row in rows]


def check_facts(row: Check, now: dt.datetime) -> CheckFacts:
    """One check as the rules see it at a moment."""
    cohort_id = row.enrolment.cohort_id if row.enrolment is not None else 0
    return CheckFacts(
        context=row.context,
        owner=Owner(row.person_id, row.enrolment_id or 0, cohort_id),
        check_id=row.pk,
        asked_at=row.asked_at,
        state=str(row.state),
        kind=str(row.kind),
        tries=row.tries,
        made_up=row.made_up_at is not None,
        can_be_made_up=row.make_up_by is not None and row.make_up_by >= clock.civil_day(now),
        found=frozenset(found_words(row.verdict) | {str(one) for one in row.verdict.get("reasons", ())}),
    )
