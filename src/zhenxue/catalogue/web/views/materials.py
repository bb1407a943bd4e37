"""Materials: the shelf, the upload, one material with its progress."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.catalogue.data import MaterialKind, MaterialState
from zhenxue.catalogue.operations import materials as acts
from zhenxue.catalogue.policies import AUTHORS, STAFF, can_edit_material, can_retry_material, is_author
from zhenxue.catalogue.queries.materials import get_material, list_pages, units_using, visible_materials
from zhenxue.catalogue.web.forms import MaterialForm, UploadForm
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates


@roles(*STAFF)
def materials(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        visible_materials(request.actor),
        search=("title", "file_name"),
        filters=(
            Filter("kind", "类别", MaterialKind.choices()),
            Filter("state", "状态", MaterialState.choices()),
        ),
        sorts={"title": "名称", "size_bytes": "大小", "created_at": "上传时间"},
        default_sort="-created_at",
        search_label="素材名称或文件名",
    )
    return render(request, "catalogue/materials.html", {"listing": listing, "can_add": is_author(request.actor)})


@roles(*AUTHORS)
@creates
def new_material(request: ActorRequest) -> HttpResponse:
    form = UploadForm(request.POST or None)
    made = attempt(
        request,
        form,
        lambda values: acts.add_material(
            actor=request.actor,
            upload_id=values["upload"],
            title=values["title"],
            licence_note=values["licence_note"],
            now=clock.now(),
        ),
    )
    if made:
        return redirect("catalogue:material", made.pk)
    context = {"form": form, "limit": settings.UPLOAD_LIMIT_BYTES, "purpose": acts.UPLOAD_PURPOSE}
    return render(request, "catalogue/new_material.html", context, status=422 if form.errors else 200)


@roles(*STAFF)
def material(request: ActorRequest, material_id: int) -> HttpResponse:
    found = get_material(request.actor, material_id)
    context = {
        "material": found,
        "units": units_using(found),
        "pages": list_pages(found.pk) if found.kind == MaterialKind.DOCUMENT else [],
        "can_edit": can_edit_material(request.actor, found),
        "can_retry": can_retry_material(request.actor, found),
    }
    return render(request, "catalogue/material.html", context)


@roles(*STAFF)
def material_state(request: ActorRequest, material_id: int) -> HttpResponse:
    """The state as a fragment that asks again while work goes on, and reloads the page once it is over."""
    found = get_material(request.actor, material_id)
    reload = "once" in request.GET
    response = render(request, "catalogue/_material_state.html", {"material": found, "reload": reload})
    if reload and found.state in {MaterialState.READY, MaterialState.FAILED}:
        response["HX-Refresh"] = "true"
    return response


@roles(*AUTHORS)
def edit_material(request: ActorRequest, material_id: int) -> HttpResponse:
    found = get_material(request.actor, material_id)
    initial = {"title": found.title, "licence_note": found.licence_note}
    form = MaterialForm(request.POST or None, initial=initial)
    saved = attempt(
        request,
        form,
        lambda values: acts.edit_material(actor=request.actor, material_id=found.pk, now=clock.now(), **values),
    )
    if saved:
        messages.success(request, "已保存。")
        return redirect("catalogue:material", found.pk)
    return render(
        request, "catalogue/edit_material.html", {"form": form, "material": found}, status=422 if form.errors else 200
    )


@roles(*AUTHORS)
@require_POST
def retry_material(request: ActorRequest, material_id: int) -> HttpResponse:
    acts.retry_material(actor=request.actor, material_id=material_id, now=clock.now())
    messages.success(request, "已重新排队处理，可以离开本页，处理好后在素材列表查看。")
    return redirect("catalogue:material", material_id)


@roles(*AUTHORS)
@require_POST
def delete_material(request: ActorRequest, material_id: int) -> HttpResponse:
    acts.delete_material(actor=request.actor, material_id=material_id, now=clock.now())
    messages.success(request, "素材已删除。")
    return redirect("catalogue:materials")
