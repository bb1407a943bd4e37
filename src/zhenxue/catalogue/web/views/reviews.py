"""The reviewers' desk (B11)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.catalogue.operations import reviews as acts
from zhenxue.catalogue.queries.courses import review_queue
from zhenxue.identity.api import ActorRequest, Role, roles
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Listing


@roles(Role.OPERATOR_REVIEWER)
def reviews(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        review_queue(request.actor),
        search=("course__title", "course__organisation__name"),
        sorts={"submitted_at": "提交时间"},
        default_sort="submitted_at",
        search_label="课程或机构",
    )
    return render(request, "catalogue/reviews.html", {"listing": listing})


@roles(Role.OPERATOR_REVIEWER)
@require_POST
def publish(request: ActorRequest, version_id: int) -> HttpResponse:
    note = request.POST.get("reason", "")
    version = acts.publish_version(actor=request.actor, version_id=version_id, note=note, now=clock.now())
    messages.success(request, f"《{version.course.title}》第 {version.number} 版已发布。")
    return redirect("catalogue:version", version_id)


@roles(Role.OPERATOR_REVIEWER)
@require_POST
def give_back(request: ActorRequest, version_id: int) -> HttpResponse:
    reason = request.POST.get("reason", "")
    version = acts.return_version(actor=request.actor, version_id=version_id, reason=reason, now=clock.now())
    messages.success(request, f"《{version.course.title}》已退回，作者会看到理由。")
    return redirect("catalogue:reviews")
