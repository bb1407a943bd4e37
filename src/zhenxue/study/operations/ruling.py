"""What a ruling on an incident does to study: hours are withdrawn, and put back when an appeal overturns it."""

import datetime as dt

from django.db import transaction

from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Reason
from zhenxue.study.data import SessionState
from zhenxue.study.models import StudySession
from zhenxue.study.operations.settling import settle

NOTHING = "这段时间没有计入的学时，没有可以撤销的。请核对起止时间，或改选其他裁定。"


def withdraw_ruled(
    *, enrolment_id: int, incident_id: int, since: dt.datetime, until: dt.datetime, actor: Actor, now: dt.datetime
) -> int:
    """Takes back what counts of every unit in ``[since, until)``; what an open session has not settled is booked first.

    Returns the seconds; raises ``Conflict`` when there is nothing to take back, which undoes the ruling.
    """
    with transaction.atomic():
        opened = StudySession.objects.filter(enrolment_id=enrolment_id, state=SessionState.OPEN)
        for session_id in list(opened.order_by("pk").values_list("pk", flat=True)):
            settle(session_id=session_id, now=now)
        taken = [
            ledger.withdraw_range(
                actor=actor,
                enrolment_id=enrolment_id,
                unit_id=unit_id,
                since=since,
                until=until,
                reason=Reason.RULED,
                source=source_of(incident_id),
                now=now,
            )
            for unit_id in sorted(ledger.unit_progress(enrolment_id))
        ]
        seconds = sum(one.seconds for one in taken)
        if not seconds:
            raise Conflict("study.nothing_to_withdraw", NOTHING)
        return seconds


def put_back_ruled(*, enrolment_id: int, incident_id: int, actor: Actor, now: dt.datetime) -> int:
    """Books again what the ruling had taken back; returns the seconds that count."""
    return ledger.put_back(enrolment_id=enrolment_id, withdrawn_by=source_of(incident_id), actor=actor, now=now)


def source_of(incident_id: int) -> str:
    """What spans withdrawn by a ruling bear as their source."""
    return f"incident:{incident_id}"
