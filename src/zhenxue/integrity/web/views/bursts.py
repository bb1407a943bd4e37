"""Bursts of camera frames for a check, and what the face engine says of them."""

import json
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.integrity.data import MOST_FRAMES
from zhenxue.integrity.faces.limits import LARGEST_BYTES
from zhenxue.integrity.operations.answering import answer_face
from zhenxue.integrity.queries.faces import job_answer
from zhenxue.integrity.web.devices import proven_fingerprint
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.web.pace import check_pace

#: So many bursts a learner may send within a minute; each is decoded, compared and kept.
MOST_BURSTS = 12
TOO_OFTEN = "拍得太频繁，请等一分钟再试。"
MOST_CLAIMS = 2_000


@roles(Role.LEARNER)
@require_POST
def check_face(request: ActorRequest, check_id: int) -> JsonResponse:
    """Takes a burst (``f0`` … ``f4``, bound to ``nonce``) and gives the number of its job."""
    check_pace("integrity.bursts", request.actor.account_id or 0, most=MOST_BURSTS, words=TOO_OFTEN)
    frames = frames_of(request)
    job = answer_face(
        actor=request.actor,
        check_id=check_id,
        frames=frames,
        nonce=request.POST.get("nonce", ""),
        claims=claims_of(request),
        device=proven_fingerprint(request, check_id, "face", request.POST.get("claims", ""), *frames),
        now=clock.now(),
    )
    return JsonResponse({"job": job.pk})


@roles(Role.LEARNER)
@require_GET
def job(request: ActorRequest, job_id: int) -> JsonResponse:
    """Where one's own job stands: ``state``, ``passed`` and ``words`` in plain Chinese."""
    return JsonResponse(job_answer(request.actor, job_id))


def frames_of(request: HttpRequest) -> list[bytes]:
    """The frames ``f0``, ``f1`` … as they came; raises ``Invalid`` for one that is too large."""
    frames = []
    for number in range(MOST_FRAMES):
        file = request.FILES.get(f"f{number}")
        if file is None:
            break
        if (file.size or 0) > LARGEST_BYTES:
            raise Invalid("integrity.picture", "照片太大，请用摄像头重新拍。")
        frames.append(file.read())
    return frames


def claims_of(request: HttpRequest) -> dict[str, Any]:
    """What the browser says of its camera; nothing where it says nothing readable."""
    try:
        said = json.loads(request.POST.get("claims", "")[:MOST_CLAIMS] or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
