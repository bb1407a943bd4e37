"""The devices of a learner: binding a sign-in to the browser's key, the list, letting go of one."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.identity.data import Role
from zhenxue.identity.operations import devices as operations
from zhenxue.identity.queries import devices as queries
from zhenxue.identity.web.access import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.web.pace import check_pace

#: So many tries of one sign-in within a minute; an honest page needs one.
TRIES = 10
TOO_FAST = "设备登记太频繁，请一分钟后刷新页面再试。"


@roles(Role.LEARNER)
@never_cache
@require_POST
def register_key(request: ActorRequest) -> HttpResponse:
    """Bind this sign-in to the key of its browser: form field ``public_key``, answer ``{"fingerprint": hex}``."""
    sign_in = request.login_session.pk if request.login_session else 0
    check_pace("identity.device_key_pace", sign_in, most=TRIES, words=TOO_FAST)
    found = operations.register_device_key(
        actor=request.actor,
        login_session_id=sign_in,
        public_key=request.POST.get("public_key", ""),
        now=clock.now(),
    )
    return JsonResponse({"fingerprint": found.fingerprint})


@roles(Role.LEARNER)
@never_cache
@require_GET
def devices(request: ActorRequest) -> HttpResponse:
    """The devices on which one studies, this one marked."""
    current = request.login_session.device_key_id if request.login_session else None
    context = {"devices": queries.list_own_devices(request.actor), "current_id": current}
    return render(request, "identity/devices.html", context)


@roles(Role.LEARNER)
@require_POST
def remove(request: ActorRequest, device_key_id: int) -> HttpResponse:
    """Take a device off the list; whoever is signed in on it is out."""
    removed = operations.remove_device(actor=request.actor, device_key_id=device_key_id, now=clock.now())
    if request.login_session and request.login_session.device_key_id == removed.pk:
        return redirect("identity:sign_in")
    messages.success(request, f"已移除“{removed.label}”，它上面的登录已退出。")
    return redirect("identity:devices")
