"""Dossiers: asking for one, watching it being made, taking it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.evidence import api as evidence
from zhenxue.identity.api import ActorRequest, signed_in
from zhenxue.kernel import clock, storage
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.web.downloads import as_download
from zhenxue.kernel.web.files import serve_file
from zhenxue.portal.web.forms import DossierForm


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def dossiers(request: ActorRequest, prefix: str, number: int) -> HttpResponse:
    """What one asked for about a cohort or a learner, and the form that asks for a new one."""
    ref = f"{prefix}:{number}"
    subject = evidence.dossier_subject(request.actor, ref)
    asks_reason = evidence.dossier_kind(ref)[0].asks_reason(request.actor)
    form = DossierForm(request.POST if request.method == "POST" else None, asks_reason=asks_reason)
    if form.is_valid() and _ask(request, ref, form):
        return redirect("portal:dossiers", prefix, number)
    found = evidence.list_dossiers(actor=request.actor, ref=ref)
    context = {"subject": subject, "form": form, "dossiers": found, "read_only": request.actor.is_bureau}
    return render(request, "portal/dossiers.html", context | _state(found), status=422 if form.errors else 200)


@signed_in
@never_cache
@require_GET
def dossier_state(request: ActorRequest, dossier_id: int) -> HttpResponse:
    """One dossier as a fragment that fetches itself while it is being made."""
    return render(
        request, "portal/_dossier.html", {"one": evidence.get_dossier(actor=request.actor, dossier_id=dossier_id)}
    )


@signed_in
@require_POST
def take_dossier(request: ActorRequest, dossier_id: int) -> HttpResponseBase:
    """The zip; taking it is logged."""
    dossier = evidence.take_dossier(actor=request.actor, dossier_id=dossier_id, now=clock.now())
    answer = serve_file(request, storage.full_path(dossier.path), content_type="application/zip")
    return as_download(answer, f"{dossier.title}档案包{dossier.pk}.zip")


def _ask(request: ActorRequest, ref: str, form: DossierForm) -> bool:
    """Asks for the dossier; what is refused goes to the field that it is about."""
    try:
        _, is_new = evidence.request_dossier(
            actor=request.actor,
            ref=ref,
            with_names=form.cleaned_data["with_names"],
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
    except Invalid as refusal:
        for name, words in refusal.fields.items():
            form.add_error(name, words)
        return False
    words = "已开始制作，可以离开，做好后在本页下载。" if is_new else "同样的档案包正在制作，不用再申请。"
    messages.success(request, words)
    return True


def _state(found: list[evidence.Dossier]) -> dict[str, Any]:
    return {"under_way": any(one.is_under_way for one in found)}
