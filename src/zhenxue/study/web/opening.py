"""Opening a study session by the page's script (JSON)."""

from dataclasses import asdict
from typing import Any

from django.http import JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from zhenxue.identity import api as identity
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.web.pace import check_pace
from zhenxue.study import operations
from zhenxue.study.data import DeviceProof
from zhenxue.study.errors import NotInOrder, ProveDevice, StudyingElsewhere
from zhenxue.study.web.views import TAB_LENGTH, sign_in_digest

#: So often one learner may open within a minute, units leafed through and reloads together: each leaves its entries.
MOST_OPENINGS = 60
TOO_FAST = "打开得太频繁，请等一分钟再点。学过的时间都已经存好。"
#: A challenge has 32 letters, a point 87, a signature 86.
PROOF_LENGTH = 100


@roles(Role.LEARNER)
@require_POST
def open_session(request: ActorRequest, enrolment_id: int, unit_id: int) -> JsonResponse:
    """Opens the study session; 428 brings the challenge to sign, 409 the address of the hand-over page, 429 comes to
    who opens in a loop."""
    now = clock.now()
    check_pace("study.open_pace", request.actor.account_id or 0, most=MOST_OPENINGS, words=TOO_FAST)
    try:
        opened = operations.open_session(
            actor=request.actor, enrolment_id=enrolment_id, unit_id=unit_id, now=now, **_page_of(request)
        )
    except ProveDevice as asked:
        body = {"code": asked.code, "message": asked.message, "challenge": asked.challenge}
        return JsonResponse(body, status=asked.status)
    except StudyingElsewhere as elsewhere:
        page = reverse("study:unit", args=[enrolment_id, unit_id]) + "?elsewhere=1"
        return JsonResponse({"code": elsewhere.code, "message": elsewhere.message, "hand_over": page}, status=409)
    except NotInOrder as early:
        first = reverse("study:unit", args=[enrolment_id, early.unit_id])
        return JsonResponse({"code": early.code, "message": early.message, "first": first}, status=early.status)
    return JsonResponse({**asdict(opened), "server_ms": clock.milliseconds(now), "urls": _addresses(opened.session_id)})


def _page_of(request: ActorRequest) -> dict[str, Any]:
    """The page that opens a session: its mark, its sign-in, its device and what that proves."""
    sign_in = request.login_session
    form = {name: request.POST.get(name, "")[:PROOF_LENGTH] for name in ("challenge", "ephemeral", "signature")}
    return {
        "tab": request.POST.get("tab", "")[:TAB_LENGTH],
        "sign_in_digest": sign_in_digest(request),
        "sign_in_id": sign_in.pk if sign_in else None,
        "proof": DeviceProof(**form) if form["challenge"] else None,
        "device": sign_in.device if sign_in else "",
        "ip": identity.client_ip(request),
    }


def _addresses(session_id: int) -> dict[str, str]:
    """Where the player sends beats and finds the media of a session."""
    return {
        "beats": f"/study/beats/{session_id}",
        "close": reverse("study:close", args=[session_id]),
        "presence": reverse("study:presence", args=[session_id]),
        "stream": reverse("study:master", args=[session_id]),
        "document": reverse("study:document", args=[session_id]),
        "pages": reverse("study:document_page", args=[session_id, 0]).removesuffix("0.webp"),
    }
