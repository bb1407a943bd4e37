"""The inbox."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.identity.api import ActorRequest, signed_in
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.notices.data import NoticeKind
from zhenxue.notices.models import Notice
from zhenxue.notices.operations import notifying
from zhenxue.notices.queries import visible_notices


@signed_in
@never_cache
@require_GET
def notices(request: ActorRequest) -> HttpResponse:
    """What one was told, the newest first."""
    listing = Listing(
        request,
        visible_notices(request.actor),
        search=("title", "text"),
        filters=(
            Filter("kind", "种类", NoticeKind.choices()),
            Filter("read", "状态", [("no", "未读"), ("yes", "已读")], apply=_by_read),
        ),
        sorts={"at": "时间"},
        default_sort="-at",
        size=20,
        search_label="搜索通知",
    )
    return render(request, "notices/notices.html", {"listing": listing, "narrow": True})


@signed_in
@require_POST
def open_notice(request: ActorRequest, notice_id: int) -> HttpResponse:
    """Mark one read and go where it leads."""
    notice = notifying.mark_read(actor=request.actor, notice_id=notice_id, now=clock.now())
    return redirect(notice.link or "notices:notices")


@signed_in
@require_POST
def read_all(request: ActorRequest) -> HttpResponse:
    """Mark everything read."""
    count = notifying.mark_all_read(actor=request.actor, now=clock.now())
    messages.success(request, f"{count} 条通知已标为已读。" if count else "没有未读的通知。")
    return redirect("notices:notices")


def _by_read(rows: "QuerySet[Notice]", value: str) -> "QuerySet[Notice]":
    return rows.filter(read_at__isnull=value == "no")
