"""The presence check that a study session waits for."""

from django.http import JsonResponse
from django.views.decorators.http import require_POST

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.integrity import api as integrity
from zhenxue.kernel import clock
from zhenxue.study.operations import presence
from zhenxue.study.web.views import sign_in_digest


@roles(Role.LEARNER)
@require_POST
def ask(request: ActorRequest, session_id: int) -> JsonResponse:
    """What the page hands to the presence island."""
    now = clock.now()
    check = presence.ask_presence(
        actor=request.actor, session_id=session_id, sign_in_digest=sign_in_digest(request), now=now
    )
    return JsonResponse(integrity.for_page(check, now))
