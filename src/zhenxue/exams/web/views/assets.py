"""Files of questions: the shelf of a bank, and each file to those who may see a question that shows it."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from zhenxue.exams import policies, queries
from zhenxue.exams.data import AssetKind
from zhenxue.exams.models import QuestionAsset, QuestionBank
from zhenxue.exams.operations import assets as operations
from zhenxue.exams.queries import assets
from zhenxue.exams.web.forms import AssetForm
from zhenxue.exams.web.support import STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.files import serve_file
from zhenxue.kernel.web.forms import try_form

KEPT_SECONDS = 3600


@roles(Role.LEARNER, *STAFF)
def asset_file(request: ActorRequest, asset_id: int) -> HttpResponseBase:
    sees = partial(policies.can_see_solutions, request.actor, now=clock.now())
    found = assets.get_asset(request.actor, asset_id, is_solved=sees)
    return serve_file(request, assets.asset_path(found), content_type=found.mime, name=found.name, max_age=KEPT_SECONDS)


@roles(*STAFF)
def asset_list(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    form = AssetForm(request.POST or None, request.FILES or None)
    added = try_form(form, lambda: [_add(request, bank, one) for one in form.cleaned_data["uploads"]])
    if added is not None:
        messages.success(request, f"已上传 {len(added)} 个文件，点“复制”可放进题干。")
        return redirect("exams:assets", bank.pk)
    can_write = policies.can_write(request.actor, bank.organisation_id)
    context = {"bank": bank, "form": form, "listing": _shelf(request, bank), "can_write": can_write}
    context["read_only"] = read_only(request)
    return render(request, "exams/assets.html", context, status=status_of(form))


def _shelf(request: ActorRequest, bank: QuestionBank) -> Listing:
    return Listing(
        request,
        assets.assets_of(bank),
        search=("name",),
        filters=(Filter("kind", "类别", AssetKind.choices()),),
        sorts={"name": "文件名", "size": "大小", "created_at": "上传时间"},
        default_sort="-created_at",
        search_label="搜索文件名",
    )


def _add(request: ActorRequest, bank: QuestionBank, file: UploadedFile[Any]) -> QuestionAsset:
    name = file.name or ""
    return operations.add_asset(actor=request.actor, bank=bank, source=file, file_name=name, now=clock.now())
