"""Pages of the archives of raw beats: the list, one row that is being verified, the order to verify."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.study import queries, tasks
from zhenxue.study.data import ArchiveState
from zhenxue.study.operations import archives as operations

CHECKED = Filter(
    "check",
    "核对",
    [("bad", "核对不相符"), ("ok", "核对相符")],
    apply=lambda rows, value: rows.filter(fault="") if value == "ok" else rows.exclude(fault=""),
)


@roles(Role.OPERATOR_ADMIN)
@require_GET
def archives(request: ActorRequest) -> HttpResponse:
    """Every archive: month, rows, size, digest, state, when it was verified and with what result."""
    listing = Listing(
        request,
        queries.list_archives(request.actor),
        search=("sha256", "path"),
        filters=[Filter("state", "状态", ArchiveState.choices()), CHECKED],
        sorts={"month": "月份", "row_count": "行数", "size_bytes": "大小", "verified_at": "最近核对"},
        default_sort="-month",
        search_label="搜索 SHA-256 或文件名",
    )
    return render(request, "study/archives.html", {"listing": listing})


@roles(Role.OPERATOR_ADMIN)
@never_cache
@require_GET
def archive_check(request: ActorRequest, archive_id: int) -> HttpResponse:
    """The answer of a verification, or that it is under way."""
    found = get_object_or_404(queries.list_archives(request.actor), pk=archive_id)
    return render(request, "study/_archive_check.html", {"one": found})


@roles(Role.OPERATOR_ADMIN)
@require_POST
def verify_archive(request: ActorRequest, archive_id: int) -> HttpResponse:
    """Have the worker read the file again."""
    found = get_object_or_404(queries.list_archives(request.actor), pk=archive_id)
    if operations.ask_verification(archive_id=found.pk, now=clock.now()):
        tasks.verify_archive.enqueue(found.pk)
        messages.success(request, f"正在核对 {found.name}，可以离开，结果会写在这一行。")
    return redirect("study:archives")
