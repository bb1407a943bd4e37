"""How the face engine fares, for the operator."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.integrity.faces.naming import ENGINE
from zhenxue.integrity.queries.faces import engine_health
from zhenxue.kernel import clock


@roles(Role.OPERATOR_ADMIN)
@require_GET
def engine(request: ActorRequest) -> HttpResponse:
    """Processes, queue, missed deadlines, times, memory, versions of engine and models; it asks again by itself."""
    context = {"health": engine_health(now=clock.now()), "engine": ENGINE}
    return render(request, "integrity/_engine.html" if request.htmx else "integrity/engine.html", context)


@roles(Role.OPERATOR_ADMIN)
@require_GET
def engine_block(request: ActorRequest) -> HttpResponse:
    """Home: whether it runs, and what waits."""
    return render(request, "integrity/_engine_block.html", {"health": engine_health(now=clock.now())})
