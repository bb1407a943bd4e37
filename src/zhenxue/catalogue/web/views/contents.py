"""The editor: chapters and units of a draft, and a unit as a learner will see it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from zhenxue.catalogue import markup
from zhenxue.catalogue.data import TESTED_KINDS, MaterialKind, UnitKind
from zhenxue.catalogue.models import CourseVersion, Unit
from zhenxue.catalogue.operations import contents as acts
from zhenxue.catalogue.policies import AUTHORS, STAFF, check_can_edit_version
from zhenxue.catalogue.queries.courses import (
    facts_of,
    get_editable_chapter,
    get_visible_unit,
    get_visible_version,
    list_questions,
)
from zhenxue.catalogue.queries.materials import list_pages, list_ready_materials
from zhenxue.catalogue.queries.prompts import list_prompts
from zhenxue.catalogue.queries.reading import self_test_of
from zhenxue.catalogue.queries.standards import list_points
from zhenxue.catalogue.web.forms import UnitForm
from zhenxue.catalogue.web.pages import limit_words, rules_where, version_page
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.web.confirm import Ask, confirm_page
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

PREVIEW_LIMIT = 60_000
DELETE_CHAPTER = Ask("删除本章", "确定删除这一章？", tone="danger")
DELETE_UNIT = Ask("删除", "确定删除这个单元？素材会保留。", tone="danger")


@roles(*AUTHORS)
def editor(request: ActorRequest, version_id: int) -> HttpResponse:
    found = get_visible_version(request.actor, version_id)
    check_can_edit_version(request.actor, found)
    context = {**version_page(request.actor, found, clock.now()), "kinds": list(UnitKind)}
    asks = {"delete_unit": DELETE_UNIT, "delete_chapter": DELETE_CHAPTER}
    return render(request, "catalogue/editor.html", context | asks)


@roles(*AUTHORS)
@require_POST
def add_chapter(request: ActorRequest, version_id: int) -> HttpResponse:
    made = acts.add_chapter(actor=request.actor, version_id=version_id, title=request.POST.get("title", ""))
    return _back(version_id, f"chapter-{made.pk}")


@roles(*AUTHORS)
@require_POST
def rename_chapter(request: ActorRequest, chapter_id: int) -> HttpResponse:
    found = acts.rename_chapter(actor=request.actor, chapter_id=chapter_id, title=request.POST.get("title", ""))
    return _back(found.version_id, f"chapter-{found.pk}")


@roles(*AUTHORS)
@require_POST
def move_chapter(request: ActorRequest, chapter_id: int) -> HttpResponse:
    found = acts.move_chapter(actor=request.actor, chapter_id=chapter_id, direction=_direction(request))
    return _back(found.version_id, f"chapter-{found.pk}")


@roles(*AUTHORS)
@require_http_methods(["GET", "POST"])
def delete_chapter(request: ActorRequest, chapter_id: int) -> HttpResponse:
    chapter = get_editable_chapter(request.actor, chapter_id)
    version_id = chapter.version_id
    if request.method == "GET":
        back = _place(version_id, f"chapter-{chapter_id}")
        return confirm_page(request, DELETE_CHAPTER, subject=chapter.title, back=back)
    acts.delete_chapter(actor=request.actor, chapter_id=chapter_id)
    return _back(version_id, "chapters")


@roles(*AUTHORS)
@creates
def new_unit(request: ActorRequest, chapter_id: int, kind: str) -> HttpResponse:
    chapter = get_editable_chapter(request.actor, chapter_id)
    check_can_edit_version(request.actor, chapter.version)
    form = _form(request, chapter.version, kind)
    made = attempt(
        request,
        form,
        lambda _: acts.add_unit(actor=request.actor, chapter_id=chapter.pk, draft=form.draft(), now=clock.now()),
    )
    if made:
        return _after_saving(request, made)
    context = _unit_context(chapter.version, form, kind) | {"chapter": chapter}
    return render(request, "catalogue/edit_unit.html", context, status=422 if form.errors else 200)


@roles(*AUTHORS)
def edit_unit(request: ActorRequest, unit_id: int) -> HttpResponse:
    unit = get_visible_unit(request.actor, unit_id)
    check_can_edit_version(request.actor, unit.version)
    form = _form(request, unit.version, unit.kind, UnitForm.initial_of(unit))
    saved = attempt(
        request,
        form,
        lambda _: acts.edit_unit(actor=request.actor, unit_id=unit.pk, draft=form.draft(), now=clock.now()),
    )
    if saved:
        return _after_saving(request, saved)
    context = _unit_context(unit.version, form, unit.kind) | {"chapter": unit.chapter, "unit": unit}
    context["page_limit"] = limit_words(unit, rules_where(unit.version, clock.now()))
    return render(request, "catalogue/edit_unit.html", context, status=422 if form.errors else 200)


@roles(*AUTHORS)
@require_POST
def move_unit(request: ActorRequest, unit_id: int) -> HttpResponse:
    unit = acts.move_unit(actor=request.actor, unit_id=unit_id, direction=_direction(request))
    return _back(unit.version_id, f"unit-{unit.pk}")


@roles(*AUTHORS)
@require_http_methods(["GET", "POST"])
def delete_unit(request: ActorRequest, unit_id: int) -> HttpResponse:
    unit = get_visible_unit(request.actor, unit_id)
    if request.method == "GET":
        check_can_edit_version(request.actor, unit.version)
        back = _place(unit.version_id, f"unit-{unit_id}")
        return confirm_page(request, DELETE_UNIT, subject=unit.title, back=back)
    acts.delete_unit(actor=request.actor, unit_id=unit_id)
    messages.success(request, f"已删除单元“{unit.title}”。")
    return _back(unit.version_id, f"chapter-{unit.chapter_id}")


@roles(*STAFF)
def unit(request: ActorRequest, unit_id: int) -> HttpResponse:
    """A unit as a learner will see it, without any counting."""
    found = get_visible_unit(request.actor, unit_id)
    context = {
        "unit": found,
        "version": found.version,
        "points": found.points.order_by("position"),
        "pages": list_pages(found.material_id or 0) if found.kind == UnitKind.DOCUMENT else [],
        "questions": list_questions(found.pk) if found.kind in TESTED_KINDS else [],
        "prompts": list_prompts(found.pk),
        "test": self_test_of(found),
        "page_limit": limit_words(found, rules_where(found.version, clock.now())),
        "body": markup.render(found.body, image_url=_image_url) if found.kind == UnitKind.TEXT else "",
    }
    return render(request, "catalogue/unit.html", context)


@roles(*AUTHORS)
@require_POST
def preview_markup(request: ActorRequest) -> HttpResponse:
    body = markup.render(request.POST.get("body", "")[:PREVIEW_LIMIT], image_url=_image_url)
    return render(request, "catalogue/_prose.html", {"body": body})


def _direction(request: ActorRequest) -> acts.Direction:
    return "up" if request.POST.get("direction") == "up" else "down"


def _form(request: ActorRequest, version: CourseVersion, kind: str, initial: dict[str, Any] | None = None) -> UnitForm:
    if kind not in set(UnitKind):
        raise NotFound("catalogue.no_such_kind", "没有这种单元形式。")
    wanted = MaterialKind.DOCUMENT if kind == UnitKind.DOCUMENT else MaterialKind.VIDEO
    with_file = kind in {UnitKind.VIDEO, UnitKind.DOCUMENT}
    return UnitForm(
        request.POST or None,
        initial=initial,
        kind=kind,
        materials=list_ready_materials(version.course.organisation_id, wanted) if with_file else [],
        points=list_points(facts_of(version).standard_id),
    )


def _unit_context(version: CourseVersion, form: UnitForm, kind: str) -> dict[str, Any]:
    own = version.course.organisation_id
    return {
        "form": form,
        "version": version,
        "kind": UnitKind(kind),
        "images": list_ready_materials(own, MaterialKind.IMAGE)[:60] if kind == UnitKind.TEXT else [],
    }


def _after_saving(request: ActorRequest, unit: Unit) -> HttpResponse:
    messages.success(request, f"单元“{unit.title}”已保存。")
    if unit.kind == UnitKind.SELF_TEST and not list_questions(unit.pk):
        return redirect("catalogue:questions", unit.pk)
    return _back(unit.version_id, f"unit-{unit.pk}")


def _back(version_id: int, place: str) -> HttpResponse:
    return redirect(_place(version_id, place))


def _place(version_id: int, place: str) -> str:
    return f"{reverse('catalogue:editor', args=(version_id,))}#{place}"


def _image_url(material_id: int) -> str:
    return reverse("catalogue:material_file", args=(material_id,))
