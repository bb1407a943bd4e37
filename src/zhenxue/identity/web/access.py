"""Who may open a view: every view of every app carries exactly one of these decorators, as ``view.access``.

``view.access`` is ``"public"``, ``"signed_in"`` or a tuple of role values; the matrix test reads it.
"""

import functools
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django_htmx.middleware import HtmxDetails

from zhenxue.identity.data import Actor, Role, SignIn
from zhenxue.identity.errors import SignInNeeded
from zhenxue.identity.policies import role_refusal
from zhenxue.kernel.middleware import answer, wants_json


class ActorRequest(HttpRequest):
    """A request as views get it: with its actor, the sign-in behind it and htmx's details."""

    actor: Actor
    login_session: SignIn | None
    large_type: bool
    htmx: HtmxDetails


type View = Callable[..., HttpResponseBase]


def public[V: View](view: V) -> V:
    """Anybody may open this view."""
    return _marked(view, "public")


def signed_in[V: View](view: V) -> V:
    """Anybody who has signed in, in whatever role."""
    return cast(V, _marked(_guarded(view, None), "signed_in"))


def roles(*allowed: Role) -> Callable[[View], View]:
    """Only these roles: others get 403, the anonymous are sent to sign in and come back."""
    if not allowed:
        raise TypeError("roles() needs at least one role")
    permitted = frozenset(allowed)

    def decorate(view: View) -> View:
        return _marked(_guarded(view, permitted), tuple(role.value for role in Role if role in permitted))

    return decorate


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """The answer to somebody who must sign in first: the sign-in page with the way back, 401 for machines."""
    if wants_json(request):
        return answer(request, SignInNeeded())
    htmx = request.headers.get("HX-Request") == "true"
    back = request.get_full_path()
    if htmx:
        details = getattr(request, "htmx", None)
        back = (details.current_url_abs_path if details else "") or "/"
    elif request.method not in {"GET", "HEAD"}:
        back = _page_of_form(request)
    target = str(settings.LOGIN_URL) + ("?" + urlencode({"next": back}) if back and back != "/" else "")
    if htmx:
        fragment = HttpResponse(status=200)
        fragment["HX-Redirect"] = target
        return fragment
    return redirect(target)


def _page_of_form(request: HttpRequest) -> str:
    """The page on which a form stood that came too late; what was typed waits there as a draft."""
    page = urlsplit(request.headers.get("Referer", ""))
    if page.netloc != request.get_host():
        return ""
    return page.path + (f"?{page.query}" if page.query else "")


def _guarded(view: View, permitted: frozenset[Role] | None) -> View:
    @functools.wraps(view)
    def guarded(request: ActorRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor.role is None:
            return ask_to_sign_in(request)
        if permitted is not None and request.actor.role not in permitted:
            raise role_refusal(request.actor.role, permitted)
        return view(request, *args, **kwargs)

    return guarded


def _marked[V: View](view: V, access: str | tuple[str, ...]) -> V:
    view.access = access  # type: ignore[attr-defined]  # a function takes any attribute; its type cannot say so
    return view
