"""Papers of organisations: the organisation's own page, and the operator's list."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.identity import policies
from zhenxue.identity.data import DocumentKind, DocumentState, Role
from zhenxue.identity.models import OrganisationDocument
from zhenxue.identity.operations import documents as operations
from zhenxue.identity.queries import documents as queries
from zhenxue.identity.queries.organisations import get_visible_organisation
from zhenxue.identity.web.access import ActorRequest, roles
from zhenxue.identity.web.document_forms import DocumentForm
from zhenxue.identity.web.forms import posted
from zhenxue.kernel import clock, storage
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.files import serve_file
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

MANAGERS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER)
OVERSEERS = (Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN)
CONTENT_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".pdf": "application/pdf"}
ENDS = [("over", "已过期"), ("7", "7天内到期"), ("30", "30天内到期"), ("60", "60天内到期")]


@roles(*OVERSEERS)
@require_GET
def all_documents(request: ActorRequest) -> HttpResponse:
    """Papers of all organisations in sight: what waits, what ends."""
    listing = Listing(
        request,
        queries.visible_documents(request.actor),
        search=("organisation__name", "number", "title"),
        filters=(
            Filter("state", "状态", DocumentState.choices()),
            Filter("kind", "种类", DocumentKind.choices()),
            Filter("ends", "有效期", ENDS, apply=_ending),
        ),
        sorts={"uploaded_at": "上传时间", "valid_until": "有效期止"},
        default_sort="-uploaded_at",
        search_label="搜索机构、编号",
    )
    return render(request, "identity/all_documents.html", {"listing": listing, "today": clock.civil_day(clock.now())})


@roles(*OVERSEERS, *MANAGERS)
@never_cache
@require_GET
def documents(request: ActorRequest, organisation_id: int) -> HttpResponse:
    """One organisation's papers."""
    found = get_visible_organisation(request.actor, organisation_id)
    context = {
        "organisation": found,
        "rows": queries.documents_of(request.actor, found.pk),
        "today": clock.civil_day(clock.now()),
        "may_add": policies.can_edit_organisation(request.actor, found),
        "may_review": policies.can_verify_organisation(request.actor),
    }
    return render(request, "identity/documents.html", context)


@roles(Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN, *MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def new_document(request: ActorRequest, organisation_id: int) -> HttpResponse:
    """Send a paper in."""
    found = get_visible_organisation(request.actor, organisation_id)
    policies.check_can_edit_organisation(request.actor, found)
    form = DocumentForm(posted(request), request.FILES or None)
    if attempt(request, form, lambda values: _add(request, found.pk, form, values)):
        messages.success(request, "材料已上传，等待平台审核。")
        return redirect("identity:documents", found.pk)
    context = {"form": form, "organisation": found, "narrow": True}
    return render(request, "identity/new_document.html", context, status=422 if form.errors else 200)


@roles(Role.OPERATOR_ADMIN)
@require_POST
def review_document(request: ActorRequest, document_id: int) -> HttpResponse:
    """Accept, or send back with a reason."""
    row = operations.review_document(
        actor=request.actor,
        document_id=document_id,
        accepted=request.POST.get("verdict") == "accept",
        note=request.POST.get("note", ""),
        now=clock.now(),
    )
    messages.success(request, f"“{operations.title_of(row)}”：{DocumentState(row.state).label}。")
    return redirect("identity:documents", row.organisation_id)


@roles(*OVERSEERS, *MANAGERS)
@require_GET
def document_file(request: ActorRequest, document_id: int) -> HttpResponseBase:
    """The paper itself."""
    row = queries.get_visible_document(request.actor, document_id)
    path = storage.full_path(row.path)
    return serve_file(request, path, content_type=CONTENT_TYPES[path.suffix], name=row.file_name)


def _add(
    request: ActorRequest, organisation_id: int, form: DocumentForm, values: dict[str, Any]
) -> OrganisationDocument:
    return operations.add_document(
        actor=request.actor,
        organisation_id=organisation_id,
        fields=form.fields_of(values),
        file_name=values["file"].name,
        content=values["content"],
        now=clock.now(),
    )


def _ending(rows: "QuerySet[OrganisationDocument]", value: str) -> "QuerySet[OrganisationDocument]":
    return queries.within_days(rows, clock.civil_day(clock.now()), value)
