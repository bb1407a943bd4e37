"""The record of conduct: taken from the page of an attempt, and shown to whom it concerns."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from zhenxue.exams import queries
from zhenxue.exams.data import AttemptState
from zhenxue.exams.operations import conduct as operations
from zhenxue.exams.queries import conduct as records
from zhenxue.exams.web.forms.room import read_batch
from zhenxue.exams.web.support import STAFF, device_of, read_only
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict
from zhenxue.kernel.web.pace import check_pace


@roles(Role.LEARNER, *STAFF)
@never_cache
@require_http_methods(["GET", "POST"])
def conduct(request: ActorRequest, attempt_id: int) -> HttpResponse:
    """GET: the record, for the learner once the attempt is over. POST: a batch of the learner's page."""
    if request.method == "POST":
        return take(request, attempt_id)
    attempt = queries.get_attempt(request.actor, attempt_id)
    if request.actor.is_learner and attempt.state == AttemptState.OPEN:
        raise Conflict("exams.still_open", "交卷以后可以查看这次考试的行为记录。")
    context = {"attempt": attempt, "lines": records.timeline_of(attempt), "read_only": read_only(request)}
    context["tallies"] = records.tallies_of([attempt.pk]).get(attempt.pk, [])
    return render(request, "exams/conduct.html", context | {"narrow": request.actor.is_learner})


def take(request: ActorRequest, attempt_id: int) -> JsonResponse:
    """Keeps a batch; the page lives."""
    check_pace("exams.conduct", attempt_id, most=40, words="上报太频繁，请稍候。")
    claims, seen = read_batch(request.body)
    kept = operations.take_conduct(
        actor=request.actor,
        attempt_id=attempt_id,
        device=device_of(request),
        claims=claims,
        seen=seen,
        now=clock.now(),
    )
    return JsonResponse({"kept": kept})
