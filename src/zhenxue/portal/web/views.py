"""The public front page, the home of each role, help, and large type for visitors."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from zhenxue.evidence import api as evidence
from zhenxue.identity.api import ActorRequest, public, signed_in
from zhenxue.kernel.errors import NotFound
from zhenxue.portal import guides
from zhenxue.portal.navigation import LARGE_TYPE_COOKIE
from zhenxue.portal.web import blocks

YEAR_SECONDS = 365 * 24 * 3600


@public
@require_safe
def landing(request: ActorRequest) -> HttpResponse:
    """What this is, shown on one class hour; whoever is signed in goes to their own home."""
    if not request.actor.is_anonymous:
        return redirect("portal:home")
    return render(request, "portal/landing.html", {"log": evidence.describe_log(), "groups": guides.GROUPS})


@signed_in
@require_safe
def home(request: ActorRequest) -> HttpResponse:
    """What waits for this person, in blocks that belong to the apps."""
    context = {"blocks": blocks.blocks_of(request), "words": guides.home_words(request.actor)}
    return render(request, "portal/home.html", context)


@public
@require_safe
def help_index(request: ActorRequest) -> HttpResponse:
    """All guides, the person's own first."""
    return render(request, "portal/help.html", {"guides": guides.guides_for(request.actor)})


@public
@require_safe
def help_page(request: ActorRequest, slug: str) -> HttpResponse:
    """One guide."""
    guide = guides.find_guide(slug)
    if guide is None:
        raise NotFound("portal.no_guide", "没有这篇帮助。请回到帮助首页，从列表里选。")
    return render(request, "portal/help_page.html", {"guide": guide, "guides": guides.guides_for(request.actor)})


@public
@require_POST
def large_type(request: HttpRequest) -> HttpResponse:
    """Large type for visitors, kept in a cookie of this browser."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = redirect(target)
    wanted = "1" if request.POST.get("on") == "1" else "0"
    response.set_cookie(LARGE_TYPE_COOKIE, wanted, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    return response
