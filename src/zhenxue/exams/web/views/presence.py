"""The presence check that an attempt waits for."""

from django.http import JsonResponse
from django.views.decorators.http import require_POST

from zhenxue.exams.operations import presence
from zhenxue.exams.web.support import device_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.integrity import api as integrity
from zhenxue.kernel import clock


@roles(Role.LEARNER)
@require_POST
def ask(request: ActorRequest, attempt_id: int) -> JsonResponse:
    """What the exam room hands to the presence island."""
    now = clock.now()
    check = presence.ask_presence(actor=request.actor, attempt_id=attempt_id, device=device_of(request), now=now)
    return JsonResponse(integrity.for_page(check, now))
