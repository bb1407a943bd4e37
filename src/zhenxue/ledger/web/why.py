"""Why each second of a day counted or not: the page, and the same for machines."""

from datetime import date

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.ledger import queries
from zhenxue.ledger.web import lanes
from zhenxue.ledger.web.corrections import day_rights
from zhenxue.ledger.web.views import STAFF
from zhenxue.training import api as training


@roles(Role.LEARNER, *STAFF)
@require_GET
def day(request: ActorRequest, enrolment_id: int, day: date) -> HttpResponse:
    """One day on its lanes, the table beside, the sums, and the ways to have something corrected."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    why = queries.why_day(request.actor, enrolment, day)
    context = {
        "enrolment": enrolment,
        "why": why,
        "chart": lanes.draw(why.stretches, why.day),
        "read_only": request.actor.is_bureau,
        "wide": not request.actor.is_learner,
        **day_rights(request.actor, enrolment),
    }
    return render(request, "ledger/day.html", context)


@roles(Role.LEARNER, *STAFF)
@require_GET
def day_json(request: ActorRequest, enrolment_id: int, day: date) -> JsonResponse:
    """The same day as JSON, every span by itself."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    answer = queries.as_json(enrolment, queries.why_day(request.actor, enrolment, day))
    return JsonResponse(answer, json_dumps_params={"ensure_ascii": False})
