"""Prompts of a unit: what a presence check may ask after a moment of it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from zhenxue.catalogue.models import Unit
from zhenxue.catalogue.operations import prompts as acts
from zhenxue.catalogue.policies import AUTHORS, check_can_edit_version
from zhenxue.catalogue.queries.courses import get_visible_unit
from zhenxue.catalogue.queries.prompts import get_prompt, list_prompts
from zhenxue.catalogue.web.forms import PromptForm
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel.web.confirm import Ask, confirm_page
from zhenxue.kernel.web.forms import attempt

DELETE = Ask("删除", "确定删除这道随堂问题？", tone="danger")


@roles(*AUTHORS)
@require_http_methods(["GET", "POST"])
def prompts(request: ActorRequest, unit_id: int) -> HttpResponse:
    """The list, and a form for one more."""
    unit = _unit(request, unit_id)
    form = PromptForm(request.POST or None)
    if _saved(request, form, unit):
        messages.success(request, "随堂问题已添加。")
        return redirect("catalogue:prompts", unit.pk)
    context = {"unit": unit, "prompts": list_prompts(unit.pk), "form": form, "delete_prompt": DELETE}
    return render(request, "catalogue/prompts.html", context, status=422 if form.errors else 200)


@roles(*AUTHORS)
@require_http_methods(["GET", "POST"])
def edit_prompt(request: ActorRequest, unit_id: int, prompt_id: int) -> HttpResponse:
    unit = _unit(request, unit_id)
    prompt = get_prompt(unit.pk, prompt_id)
    form = PromptForm(request.POST or None, initial=PromptForm.initial_of_prompt(prompt))
    if _saved(request, form, unit, prompt.pk):
        messages.success(request, "随堂问题已保存。")
        return redirect("catalogue:prompts", unit.pk)
    return render(
        request, "catalogue/edit_prompt.html", {"unit": unit, "form": form}, status=422 if form.errors else 200
    )


@roles(*AUTHORS)
@require_http_methods(["GET", "POST"])
def delete_prompt(request: ActorRequest, unit_id: int, prompt_id: int) -> HttpResponse:
    if request.method == "GET":
        prompt = get_prompt(_unit(request, unit_id).pk, prompt_id)
        return confirm_page(request, DELETE, subject=prompt.stem, back=reverse("catalogue:prompts", args=[unit_id]))
    acts.delete_prompt(actor=request.actor, unit_id=unit_id, prompt_id=prompt_id)
    messages.success(request, "随堂问题已删除。")
    return redirect("catalogue:prompts", unit_id)


def _saved(request: ActorRequest, form: PromptForm, unit: Unit, prompt_id: int | None = None) -> object:
    return attempt(
        request,
        form,
        lambda values: acts.save_prompt(
            actor=request.actor, unit_id=unit.pk, at_seconds=values["at"], draft=form.draft(), prompt_id=prompt_id
        ),
    )


def _unit(request: ActorRequest, unit_id: int) -> Unit:
    unit = get_visible_unit(request.actor, unit_id)
    check_can_edit_version(request.actor, unit.version)
    return unit
