"""实名审核: what people judge about another's identity."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.identity import policies
from zhenxue.identity.data import METHOD_LABELS, REVIEW, WORD, CardField, Role, VerificationState
from zhenxue.identity.models import Verification
from zhenxue.identity.operations import verifying as operations
from zhenxue.identity.operations.photos import PHOTOS
from zhenxue.identity.queries import verifying as queries
from zhenxue.identity.queries.cards import confirmed_of, find_card
from zhenxue.identity.queries.codes import has_proven_phone
from zhenxue.identity.web.access import ActorRequest, roles
from zhenxue.identity.web.forms import posted
from zhenxue.identity.web.verifying_forms import JudgeForm
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import attempt

STAFF = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN)
JUDGES = (*STAFF, Role.TEACHER)
READERS = (*JUDGES, Role.OPERATOR_REVIEWER)


@roles(*READERS)
@require_GET
def reviews(request: ActorRequest) -> HttpResponse:
    """Requests of people in sight, those that wait first."""
    listing = Listing(
        request,
        queries.reviews_for(request.actor),
        search=("person__name",),
        filters=(
            Filter("state", "状态", VerificationState.choices()),
            Filter("method", "方式", [(key, METHOD_LABELS[key]) for key in (REVIEW, WORD)]),
        ),
        sorts={"started_at": "提交时间", "decided_at": "审核时间"},
        default_sort="-started_at",
        search_label="搜索姓名",
    )
    return render(request, "identity/reviews.html", {"listing": listing, "labels": METHOD_LABELS})


@roles(*READERS)
@never_cache
@require_http_methods(["GET", "POST"])
def review(request: ActorRequest, verification_id: int) -> HttpResponse:
    """One request: what is known, and the judgement."""
    found = queries.get_visible_verification(request.actor, verification_id)
    form = JudgeForm(posted(request))
    if attempt(request, form, lambda values: _judge(request, found.pk, values)):
        messages.success(request, "审核结果已保存，学员会收到通知。")
        return redirect("identity:reviews")
    context = _detail(request, verification_id) | {"form": form}
    return render(request, "identity/review.html", context, status=422 if form.errors else 200)


@roles(*STAFF)
@require_POST
def verify_in_person(request: ActorRequest, person_id: int) -> HttpResponse:
    """The person and the original card were seen."""
    reason = request.POST.get("reason", "")
    operations.verify_in_person(actor=request.actor, person_id=person_id, reason=reason, now=clock.now())
    messages.success(request, "已记录当面核验，实名强度为 2 级。")
    return redirect("identity:person", person_id)


@roles(*JUDGES)
@require_GET
def home_reviews(request: ActorRequest) -> HttpResponse:
    """How many wait for this actor."""
    waiting = queries.reviews_for(request.actor).filter(state=VerificationState.WAITING)
    return render(request, "identity/_home_reviews.html", {"count": waiting.count(), "first": waiting.first()})


def _judge(request: ActorRequest, verification_id: int, values: dict[str, Any]) -> Verification:
    return operations.decide_review(
        actor=request.actor,
        verification_id=verification_id,
        passed=values["passed"] == "yes",
        reason=values["reason"],
        now=clock.now(),
    )


def _detail(request: ActorRequest, verification_id: int) -> dict[str, object]:
    found = queries.get_visible_verification(request.actor, verification_id)
    card = find_card(found.person_id)
    return {
        "one": found,
        "label": METHOD_LABELS[found.method],
        "person": found.person,
        "card": card,
        "confirmed": confirmed_of(card) if card else None,
        "differences": [CardField(name) for name in card.differences] if card else [],
        "phone_proven": has_proven_phone(found.person),
        "photos": [(name, label) for name, label in PHOTOS.items() if getattr(found.person, name)],
        "may_judge": policies.can_judge(request.actor, found),
        "may_unmask": policies.can_unmask(request.actor),
    }
