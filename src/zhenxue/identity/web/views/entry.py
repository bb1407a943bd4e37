"""Signing in and out, the hand-over page, the lock-out page."""

import datetime as dt
import math
from typing import Any

from axes.helpers import get_cool_off
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zhenxue.identity.data import SessionEnd
from zhenxue.identity.operations import sessions
from zhenxue.identity.web import signing_in
from zhenxue.identity.web.access import ActorRequest, public
from zhenxue.identity.web.forms import SignInForm
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Refused
from zhenxue.kernel.middleware import wants_json

WRONG = "登录名或密码不正确，请检查后再试。忘记密码请联系所在机构的管理员重置。"


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: ActorRequest) -> HttpResponse:
    """One page for everybody; the same answer to an unknown name and a wrong password."""
    back = signing_in.safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method == "GET":
        if not request.actor.is_anonymous:
            return redirect(back or signing_in.home_address())
        return _page(request, SignInForm(initial={"next": back}), 200)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    account = signing_in.check_credentials(request, form.cleaned_data["username"], form.cleaned_data["password"])
    if account is not None:
        return _begin(request, form, account, back)
    form.add_error(None, WRONG)
    return _page(request, form, 422)


def _begin(request: ActorRequest, form: SignInForm, account: Any, back: str) -> HttpResponse:
    try:
        return signing_in.begin(request, account, back, clock.now(), device_key=form.cleaned_data["device_key"])
    except Refused as error:
        form.add_error(None, error.message)
        return _page(request, form, 403)


def _page(request: ActorRequest, form: SignInForm, status: int) -> HttpResponse:
    return render(request, "identity/sign_in.html", {"form": form, "bare": True, "narrow": True}, status=status)


@public
@require_POST
def sign_out(request: ActorRequest) -> HttpResponse:
    """End the sign-in here; without one it is simply the sign-in page."""
    if request.login_session is not None:
        sessions.end_session(session_id=request.login_session.pk, reason=SessionEnd.SIGNED_OUT, now=clock.now())
    logout(request)
    return redirect("identity:sign_in")


@public
@never_cache
@require_http_methods(["GET", "POST"])
def hand_over(request: ActorRequest) -> HttpResponse:
    """The account is in use elsewhere: show where, and let its owner decide."""
    now = clock.now()
    pending = signing_in.find_pending(request, now)
    if pending is None:
        return redirect("identity:sign_in")
    if request.method == "POST":
        return signing_in.go_on(request, pending, now, take_over=True)
    other = signing_in.find_live(pending.account, now)
    if other is None:
        return signing_in.go_on(request, pending, now)
    minutes = math.floor((now - other.seen_at) / dt.timedelta(minutes=1))
    context = {"other": other, "minutes": minutes, "bare": True, "narrow": True}
    return render(request, "identity/hand_over.html", context)


@public
@require_POST
def cancel_hand_over(request: ActorRequest) -> HttpResponse:
    """Leave the other device signed in and forget the password that was checked."""
    request.session.flush()
    return redirect("identity:sign_in")


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """What django-axes shows after too many failures: when to try again, and what else to do."""
    wait = get_cool_off(request) or dt.timedelta()
    context = {
        "minutes": math.ceil(wait / dt.timedelta(minutes=1)),
        "until": clock.now() + wait,
        "bare": True,
        "narrow": True,
    }
    if wants_json(request):
        body = {
            "code": "identity.locked_out",
            "message": f"登录失败次数过多，请{context['minutes']}分钟后再试。",
            "fields": {},
        }
        return JsonResponse(body, status=429, json_dumps_params={"ensure_ascii": False})
    return render(request, "identity/locked_out.html", context, status=429)
