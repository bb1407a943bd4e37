"""What waits for a learner on the first page: asked on every visit, nearly always answered with nothing."""

import datetime as dt

from django.db.models import QuerySet, Value

from zhenxue.identity.data import Actor, Role
from zhenxue.integrity.data import IncidentState
from zhenxue.integrity.models import Incident
from zhenxue.integrity.queries.checks import rows_to_make_up
from zhenxue.integrity.queries.incidents import visible_incidents
from zhenxue.kernel.prepared import Prepared

CHECKS, INCIDENTS = "checks", "incidents"


def living_incidents(actor: Actor) -> QuerySet[Incident]:
    """What still concerns a learner, newest first."""
    return visible_incidents(actor).exclude(state=IncidentState.CLOSED).order_by("-opened_at")


def what_waits(person_id: int, today: dt.date) -> frozenset[str]:
    """``CHECKS`` where something can be made up, ``INCIDENTS`` where something is looked into. One query for both."""
    return frozenset(_waiting(person_id, today))


def _both(person_id: int, today: dt.date) -> QuerySet[Incident, str]:
    learner = Actor(role=Role.LEARNER, person_id=person_id)
    incidents = living_incidents(learner).order_by().values_list(Value(INCIDENTS), flat=True)
    return incidents.union(rows_to_make_up(person_id, today).values_list(Value(CHECKS), flat=True))


_waiting = Prepared(_both)
