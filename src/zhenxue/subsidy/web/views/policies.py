"""Policies: list with versions and sources, one policy, a new version."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import try_form
from zhenxue.kernel.web.once import creates
from zhenxue.subsidy import policies, queries
from zhenxue.subsidy.data import OfflineBasis, OnlineMode
from zhenxue.subsidy.operations.policies import register_policy
from zhenxue.subsidy.web.forms import ONE_STAGE, TWO_STAGES, PolicyForm
from zhenxue.subsidy.web.support import STAFF
from zhenxue.training.data import SkillLevel


@roles(*STAFF)
def policy_list(request: ActorRequest) -> HttpResponse:
    today = clock.civil_day(clock.now())
    listing = Listing(
        request,
        queries.visible_policies(request.actor),
        search=("title", "source", "occupation__name", "occupation__code"),
        filters=(
            Filter("level", "等级", SkillLevel.choices()),
            Filter("online_mode", "线上部分", OnlineMode.choices()),
        ),
        sorts={"title": "政策", "standard_cents": "标准", "valid_from": "起效日", "version": "版本"},
        default_sort="-valid_from",
        search_label="搜索政策、职业或文号",
    )
    context = {"listing": listing, "today": today, "can_register": policies.can_register(request.actor)}
    return render(request, "subsidy/policies.html", context)


@roles(*STAFF)
def policy_page(request: ActorRequest, policy_id: int) -> HttpResponse:
    policy = queries.get_policy(request.actor, policy_id)
    versions = queries.visible_policies(request.actor).filter(
        region=policy.region_id, occupation=policy.occupation_id, level=policy.level
    )
    may = policies.can_register(request.actor)
    context = {"policy": policy, "versions": versions.order_by("-version"), "can_register": may}
    return render(request, "subsidy/policy.html", context)


@roles(Role.BUREAU_OFFICER)
@creates
def policy_new(request: ActorRequest) -> HttpResponse:
    policies.check_can_register(request.actor, request.actor.region_code)
    start = {"online_percent": 20, "online_mode": OnlineMode.FLAT.value, "offline_basis": OfflineBasis.FULL.value}
    form = PolicyForm(request.POST or None, initial=start | {"stage_shares": f"{ONE_STAGE}\n{TWO_STAGES}"})
    region, now = request.actor.region_code, clock.now()
    policy = try_form(form, lambda: register_policy(actor=request.actor, region_code=region, now=now, **form.policy()))
    if policy is not None:
        messages.success(request, f"已登记第 {policy.version} 版，{policy.valid_from} 起适用。")
        return redirect("subsidy:policy", policy.pk)
    return render(request, "subsidy/policy_new.html", {"form": form}, status=422 if form.is_bound else 200)
