"""What the day's page of the ledger shows of study: the sessions of one day, as a fragment for all who may look."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.study import queries
from zhenxue.training import api as training

READERS = tuple(role for role in Role if role is not Role.SYSTEM)


@roles(*READERS)
@require_GET
def day_sessions(request: ActorRequest, enrolment_id: int, day: date) -> HttpResponse:
    """When, how long, on which device and address, how it ended, and which proofs were refused (A17)."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    context = {"enrolment": enrolment, "day": day, "rows": queries.sessions_of_day(enrolment_id, day)}
    template = "study/_day_sessions.html" if request.htmx else "study/day_sessions.html"
    return render(request, template, context)
