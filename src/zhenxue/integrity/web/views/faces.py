"""The own face: enrolled with the camera, seen in dates, taken back; and the provider's word on a second one."""

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.identity import api as identity
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import ConsentPurpose, Role
from zhenxue.integrity import protocol
from zhenxue.integrity.data import ENROLMENT_TURNS, CheckKind, CheckState, PendingState, Turn
from zhenxue.integrity.operations import faces as operations
from zhenxue.integrity.queries import faces as queries
from zhenxue.integrity.web.devices import proven_fingerprint
from zhenxue.integrity.web.views.bursts import MOST_BURSTS, TOO_OFTEN, claims_of, frames_of
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, ZhenxueError
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.pace import check_pace

#: Where the browser's session keeps what the next burst of an enrolment is bound to.
KEY = "face_enrolment"
#: In place of the number of a check, in what the island is told and in what the device signs.
NO_CHECK = 0
WORDS = "请正对摄像头，按提示慢慢转头。要拍四张照片，只用来登记和核对是你本人。"
STATES = [(state.value, state.label) for state in PendingState]


@roles(Role.LEARNER)
@never_cache
@require_GET
def enrol(request: ActorRequest) -> HttpResponse:
    """What is taken and why, and the camera; without consent the way to it, and the ways without a face."""
    person_id = request.actor.person_id or 0
    context = {
        "own": queries.own_face(person_id),
        "has_consent": identity.has_consent(person_id, ConsentPurpose.FACE),
        "island": _island(request),
    }
    return render(request, "integrity/enrol.html", context)


@roles(Role.LEARNER)
@never_cache
@require_GET
def enrol_state(request: ActorRequest) -> JsonResponse:
    """What the island asks for next: other turns, or that it is over."""
    return JsonResponse(_island(request))


@roles(Role.LEARNER)
@require_POST
def enrol_frames(request: ActorRequest) -> JsonResponse:
    """Takes a burst (``f0`` … ``f4``) bound to the page's nonce, which is good once, and signed by the device as the
    answer to a check is, under the number 0; gives the number of its job."""
    check_pace("integrity.bursts", request.actor.account_id or 0, most=MOST_BURSTS, words=TOO_OFTEN)
    held = request.session.pop(KEY, None) or {}
    if not held or not secrets.compare_digest(request.POST.get("nonce", "").encode(), held["nonce"].encode()):
        raise Conflict("integrity.old_nonce", "这个页面已经过期，请刷新后重新拍。")
    frames = frames_of(request)
    job = operations.enrol(
        actor=request.actor,
        person_id=request.actor.person_id or 0,
        frames=frames,
        nonce=held["nonce"],
        turns=[Turn(one) for one in held["turns"]],
        claims=claims_of(request),
        device=proven_fingerprint(request, NO_CHECK, "face", request.POST.get("claims", ""), *frames),
        now=clock.now(),
    )
    return JsonResponse({"job": job.pk})


@roles(Role.LEARNER)
@never_cache
@require_GET
def my_face(request: ActorRequest) -> HttpResponse:
    """What is kept about my face, until when, and how to take it back."""
    person_id = request.actor.person_id or 0
    context = {"own": queries.own_face(person_id), "has_consent": identity.has_consent(person_id, ConsentPurpose.FACE)}
    return render(request, "integrity/my_face.html", context)


@roles(Role.LEARNER)
@require_POST
def withdraw(request: ActorRequest) -> HttpResponse:
    """Take consent back: template and pictures are erased at once."""
    identity.withdraw_consent(
        actor=request.actor, person_id=request.actor.person_id or 0, purpose=ConsentPurpose.FACE, now=clock.now()
    )
    messages.success(request, "已撤回同意，人脸特征和核验照片已经删除。以后的核验请用其他方式。")
    return redirect("integrity:my_face")


@roles(Role.PROVIDER_MANAGER)
@require_GET
def pending_faces(request: ActorRequest) -> HttpResponse:
    """Enrolments of the provider's learners that wait for a person, or were decided."""
    listing = Listing(
        request,
        queries.visible_pending(request.actor),
        search=("person__name",),
        filters=(Filter("state", "状态", STATES),),
        sorts={"asked_at": "提出时间"},
        default_sort="-asked_at",
    )
    return render(request, "integrity/pending_faces.html", {"listing": listing})


@roles(Role.PROVIDER_MANAGER)
@require_POST
def decide_face(request: ActorRequest, pending_id: int) -> HttpResponse:
    """Confirm or refuse one, with the words of how it was checked."""
    agreed = request.POST.get("agreed") == "yes"
    note = request.POST.get("note", "")
    try:
        pending = operations.confirm_face(
            actor=request.actor, pending_id=pending_id, agreed=agreed, note=note, now=clock.now()
        )
    except ZhenxueError as error:
        if error.status not in {403, 409, 422}:
            raise
        messages.warning(request, error.message)
    else:
        words = "已确认，新的登记开始使用。" if agreed else "已退回，原来的登记不变。"
        messages.success(request, f"{pending.person.name}：{words}")
    return redirect("integrity:pending_faces")


def _island(request: ActorRequest) -> dict[str, Any]:
    """An enrolment in the shape of a check, which the camera island knows; draws nonce and turns anew."""
    own = queries.own_face(request.actor.person_id or 0)
    turns = [turn.value for turn in secrets.choice(ENROLMENT_TURNS)]
    held = {"nonce": protocol.new_nonce(), "turns": turns}
    request.session[KEY] = held
    return {
        **held,
        "check": NO_CHECK,
        "state": CheckState.PASSED.value if own.pending else CheckState.OPEN.value,
        "kind": CheckKind.FACE.value,
        "kinds": [CheckKind.FACE.value],
        "place": 4,
        "due_ms": 0,
        "left_ms": 0,
        "tries_left": 0,
        "cause": "enrol",
        "words": WORDS,
        "task": {},
        "outcome": "",
        "gave_back": False,
        "waits": False,
        "urls": {
            "state": reverse("integrity:enrol_state"),
            "face": reverse("integrity:enrol_frames"),
            "page": reverse("integrity:my_face"),
        },
    }
