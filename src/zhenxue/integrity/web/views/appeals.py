"""A learner's own pages: what is being looked into, what was ruled and why, and the one appeal."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.integrity.data import KIND_WORDS, RULING_WORDS, IncidentKind, RulingKind, StatementRole
from zhenxue.integrity.models import Incident
from zhenxue.integrity.operations import incidents as operations
from zhenxue.integrity.policies import incidents as policies
from zhenxue.integrity.queries import incidents as queries
from zhenxue.integrity.queries import own
from zhenxue.integrity.web.incident_forms import StatementForm
from zhenxue.integrity.web.own import waits
from zhenxue.integrity.web.views.incidents import steps_of
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Listing
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

APPEAL = {
    "label": "为什么不同意",
    "hint": "用自己的话写清当时的情况，例如谁在场、用的什么设备。10 至 2000 个字。只能申诉一次，请写完整再提交。",
}


@roles(Role.LEARNER)
@require_GET
def my_incidents(request: ActorRequest) -> HttpResponse:
    """Everything that was or is looked into about oneself."""
    listing = Listing(request, queries.visible_incidents(request.actor), default_sort="-opened_at", size=20)
    lines = [(one, KIND_WORDS[IncidentKind(one.kind)]) for one in listing.rows]
    return render(request, "integrity/my_incidents.html", {"listing": listing, "lines": lines, "narrow": True})


@roles(Role.LEARNER)
@require_GET
def my_incidents_block(request: ActorRequest) -> HttpResponse:
    """Home: what still concerns the learner; nothing at all when nothing does."""
    rows = own.living_incidents(request.actor)[:3] if waits(request, own.INCIDENTS) else []
    lines = [(one, KIND_WORDS[IncidentKind(one.kind)]) for one in rows]
    return render(request, "integrity/_my_incidents_block.html", {"lines": lines})


@roles(Role.LEARNER)
@require_GET
def my_incident(request: ActorRequest, incident_id: int) -> HttpResponse:
    """One incident in plain words, with the way to appeal."""
    found = queries.get_incident(request.actor, incident_id)
    return render(request, "integrity/my_incident.html", _context(request, found))


@roles(Role.LEARNER)
@require_http_methods(["GET", "POST"])
@creates
def appeal(request: ActorRequest, incident_id: int) -> HttpResponse:
    """The one appeal."""
    found, now = queries.get_incident(request.actor, incident_id), clock.now()
    policies.check_can_appeal(request.actor, found, queries.ruling_of(found), now)
    form = StatementForm(request.POST or None, request.FILES or None, **APPEAL)
    acting: dict[str, Any] = {"actor": request.actor, "incident_id": incident_id, "now": now}
    if attempt(request, form, lambda values: operations.appeal(**acting, **values)):
        messages.success(request, "申诉已提交并存证，由另一位工作人员复核，结果会显示在这里。")
        return redirect("integrity:my_incident", incident_id)
    context = {"form": form, **_context(request, found)}
    return render(request, "integrity/appeal.html", context, status=422 if form.errors else 200)


def _context(request: ActorRequest, found: Incident) -> dict[str, Any]:
    rulings = queries.rulings_of(found)
    told = [(one, RULING_WORDS[RulingKind(one.kind)]) for one in rulings]
    statements = queries.statements_of(found)
    return {
        "incident": found,
        "words": KIND_WORDS[IncidentKind(found.kind)],
        "steps": steps_of(found),
        "signals": queries.signals_of(found),
        "told": told,
        "explained": [one for one in statements if one.role == StatementRole.EXPLANATION],
        "appeals": [one for one in statements if one.role == StatementRole.APPEAL],
        "may_appeal": allows(
            policies.check_can_appeal, request.actor, found, rulings[0] if rulings else None, clock.now()
        ),
        "narrow": True,
    }
