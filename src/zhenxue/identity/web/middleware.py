"""Finds out who asks, and keeps the access log."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse

from zhenxue.identity.data import ANONYMOUS, Role, SessionEnd, SignIn
from zhenxue.identity.errors import SignInNeeded
from zhenxue.identity.operations import sessions
from zhenxue.identity.policies import check_has_own_password, check_is_alive
from zhenxue.identity.queries import accounts as queries
from zhenxue.identity.queries.sessions import SESSION_KEY
from zhenxue.identity.web.access import ActorRequest
from zhenxue.identity.web.device import client_ip
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Refused
from zhenxue.kernel.middleware import answer, is_htmx, wants_json

#: Pages an account with an initial password may open.
BEFORE_CHANGE = {"identity:password", "identity:sign_out", "identity:large_type"}

log = logging.getLogger(__name__)


class ActorMiddleware:
    """Sets ``request.actor`` (never from anything the browser says but its session), with one query per request.

    A sign-in that ended elsewhere gets a page that says why; an account with an initial password is sent to change it.
    Every act, every refusal and every page opened by staff goes into the access log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, plain: HttpRequest) -> HttpResponseBase:
        request = cast(ActorRequest, plain)
        request.actor = ANONYMOUS
        request.login_session = None
        request.large_type = False
        now = clock.now()
        response = self._identify(request, now) or self.get_response(request)
        if _worth_logging(request, response):
            try:
                sessions.log_access(
                    actor=request.actor,
                    method=request.method or "",
                    path=request.path,
                    status=response.status_code,
                    ip=client_ip(request),
                    now=now,
                )
            except Exception:  # the page was made and its act is done: a full disk here must not turn it into an error
                log.exception("access log entry was not written")
        return response

    def _identify(self, request: ActorRequest, now: dt.datetime) -> HttpResponseBase | None:
        key = request.session.get(SESSION_KEY)
        if not key or request.path.startswith(settings.STATIC_URL):
            return None
        session = queries.find_session(key)
        if session is None:
            request.session.flush()
            return None
        if session.ended_at is not None or not session.usable:
            return _ended(request, session)
        request.actor = session.actor
        request.login_session = session
        request.large_type = session.large_type
        sessions.touch_session(session=session, now=now)
        if session.must_change_password and _name(request) not in BEFORE_CHANGE:
            return _must_change(request, session)
        return None


def _ended(request: ActorRequest, session: SignIn) -> HttpResponseBase | None:
    """Say once why the sign-in is over; the browser is signed out by it."""
    request.session.flush()
    reason = SessionEnd(session.end_reason) if session.end_reason else SessionEnd.DEACTIVATED
    if reason is SessionEnd.SIGNED_OUT or _access(request) == "public":
        return None
    context = {"reason": reason, "session": session, "handed_over": reason is SessionEnd.HANDED_OVER}
    if wants_json(request):
        try:
            check_is_alive(session)
        except SignInNeeded as refusal:
            return answer(request, refusal)
    if is_htmx(request):
        fragment = HttpResponse(status=200)
        fragment["HX-Refresh"] = "true"
        request.session["ended_reason"] = reason.value
        return fragment
    return render(request, "identity/session_ended.html", context, status=401)


def _must_change(request: ActorRequest, session: SignIn) -> HttpResponseBase:
    target = reverse("identity:password")
    if wants_json(request):
        try:
            check_has_own_password(session)
        except Refused as refusal:
            return answer(request, refusal)
    if is_htmx(request):
        fragment = HttpResponse(status=200)
        fragment["HX-Redirect"] = target
        return fragment
    return redirect(target)


def _name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""


def _access(request: HttpRequest) -> object:
    try:
        return getattr(resolve(request.path_info).func, "access", None)
    except Resolver404:
        return None


def _worth_logging(request: ActorRequest, response: HttpResponseBase) -> bool:
    if response.status_code in {401, 403} or request.method not in {"GET", "HEAD", "OPTIONS"}:
        return not request.path.startswith(settings.STATIC_URL)
    if request.actor.role in {None, Role.LEARNER} or response.status_code >= 400:
        return False
    return not _is_home_block(request)


def _is_home_block(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and (match.url_name or "").startswith("home")
