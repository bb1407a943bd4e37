"""Claims: list, new with a preview, the page with every learner's explanation, and each step."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid, ZhenxueError
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.downloads import xlsx
from zhenxue.kernel.web.forms import try_form
from zhenxue.kernel.web.once import creates
from zhenxue.subsidy import policies, queries
from zhenxue.subsidy.data import ClaimState
from zhenxue.subsidy.models import Claim
from zhenxue.subsidy.operations import claims as operations
from zhenxue.subsidy.web.exports import claim_sheet
from zhenxue.subsidy.web.forms import NoteForm, PaymentForm
from zhenxue.subsidy.web.lines import claim_lines
from zhenxue.subsidy.web.support import MANAGERS, STAFF, steps_of, tone_of


@roles(*STAFF)
def claim_list(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        queries.claim_shelf(request.actor),
        search=("cohort__code", "cohort__title", "cohort__organisation__name", "voucher_number"),
        filters=(Filter("state", "状态", ClaimState.choices()),),
        sorts={"cohort__code": "班期", "total_cents": "金额", "submitted_at": "申报时间", "state": "状态"},
        default_sort="-submitted_at",
        search_label="搜索班期、机构或凭证号",
    )
    context = {"listing": listing, "rows": claim_lines(listing.rows), "can_claim": request.actor.is_manager}
    return render(request, "subsidy/claims.html", context)


@roles(*MANAGERS, Role.BUREAU_OFFICER)
def home_block(request: ActorRequest) -> HttpResponse:
    waiting = queries.waiting_for(request.actor)
    rows = [(claim, tone_of(claim.state)) for claim in waiting[:6]]
    context = {"rows": rows, "count": waiting.count(), "is_manager": request.actor.is_manager}
    return render(request, "subsidy/_home.html", context)


@roles(*MANAGERS)
@creates
def claim_new(request: ActorRequest) -> HttpResponse:
    actor = request.actor
    if request.method == "POST":
        cohort, stage = queries.chosen_stage(actor, request.POST)
        claim = operations.create_claim(actor=actor, cohort=cohort, stage_number=stage, now=clock.now())
        return redirect("subsidy:claim", claim.pk)
    cohorts = queries.cohorts_to_claim(actor)
    listing = Listing(
        request, cohorts, search=("code", "title"), search_label="搜索班期", default_sort="-starts_on", size=20
    )
    return render(
        request, "subsidy/claim_new.html", {"listing": listing, "rows": queries.stages_to_claim(listing.rows)}
    )


@roles(*STAFF)
def claim_page(request: ActorRequest, claim_id: int) -> HttpResponse:
    claim = queries.get_claim(request.actor, claim_id)
    if policies.can_submit(request.actor, claim):
        return render(request, "subsidy/claim_draft.html", draft_context(request, claim))
    listing = Listing(
        request,
        queries.claim_lines(claim),
        search=("enrolment__person__name",),
        filters=(Filter("eligible", "结果", (("True", "符合"), ("False", "不符合"))),),
        sorts={"enrolment__person__name": "姓名", "amount_cents": "金额"},
        default_sort="-amount_cents",
        size=100,
        search_label="搜索姓名",
    )
    return render(request, "subsidy/claim.html", {**page_context(request, claim), "listing": listing})


def draft_context(request: ActorRequest, claim: Claim) -> dict[str, object]:
    """What would be submitted now, or why it cannot be."""
    context: dict[str, object] = {"claim": claim, "steps": steps_of(claim), "state_tone": tone_of(claim.state)}
    try:
        context["policy"], context["shown"] = queries.preview(
            cohort=claim.cohort, stage_number=claim.stage_number, claim=queries.as_open(claim)
        )
    except ZhenxueError as error:
        context["problem"] = error.message
    return context


def page_context(request: ActorRequest, claim: Claim, payment: PaymentForm | None = None) -> dict[str, object]:
    """The claim and what this person may do with it."""
    today = clock.civil_day(clock.now())
    return {
        "claim": claim,
        "steps": steps_of(claim),
        "state_tone": tone_of(claim.state),
        "explanation": queries.explanation_of(claim),
        "can_agree": policies.can_review(request.actor, claim),
        "can_approve": policies.can_approve(request.actor, claim),
        "can_return": policies.can_return(request.actor, claim),
        "can_pay": policies.can_pay(request.actor, claim),
        "payment": payment or PaymentForm(initial={"paid_on": today}),
    }


@roles(*MANAGERS)
@require_POST
def claim_submit(request: ActorRequest, claim_id: int) -> HttpResponse:
    claim = queries.get_claim(request.actor, claim_id)
    operations.submit_claim(actor=request.actor, claim=claim, note=note_of(request), now=clock.now())
    messages.success(request, "已提交县级审核，名单和金额已固定并存证。")
    return redirect("subsidy:claim", claim.pk)


@roles(Role.BUREAU_OFFICER)
@require_POST
def claim_agree(request: ActorRequest, claim_id: int) -> HttpResponse:
    claim = queries.get_claim(request.actor, claim_id)
    operations.review_claim(actor=request.actor, claim=claim, note=note_of(request), now=clock.now())
    messages.success(request, "已审核同意，转市级审批。")
    return redirect("subsidy:claim", claim.pk)


@roles(Role.BUREAU_OFFICER)
@require_POST
def claim_approve(request: ActorRequest, claim_id: int) -> HttpResponse:
    claim = queries.get_claim(request.actor, claim_id)
    operations.approve_claim(actor=request.actor, claim=claim, note=note_of(request), now=clock.now())
    messages.success(request, "已审批同意，可以拨付。")
    return redirect("subsidy:claim", claim.pk)


@roles(Role.BUREAU_OFFICER)
@require_POST
def claim_return(request: ActorRequest, claim_id: int) -> HttpResponse:
    claim = queries.get_claim(request.actor, claim_id)
    operations.return_claim(actor=request.actor, claim=claim, reason=note_of(request), now=clock.now())
    messages.success(request, "已退回机构，原因会显示给对方。")
    return redirect("subsidy:claim", claim.pk)


@roles(Role.BUREAU_OFFICER)
@require_POST
def claim_pay(request: ActorRequest, claim_id: int) -> HttpResponse:
    claim, now = queries.get_claim(request.actor, claim_id), clock.now()
    form = PaymentForm(request.POST)
    paid = try_form(form, lambda: operations.mark_paid(actor=request.actor, claim=claim, now=now, **form.cleaned_data))
    if paid is not None:
        messages.success(request, "已登记拨付。")
        return redirect("subsidy:claim", claim.pk)
    listing = Listing(request, queries.claim_lines(claim), default_sort="-amount_cents", size=100)
    context = {**page_context(request, claim, form), "listing": listing}
    return render(request, "subsidy/claim.html", context, status=422)


@roles(*STAFF)
def claim_export(request: ActorRequest, claim_id: int) -> HttpResponse:
    claim = queries.get_claim(request.actor, claim_id)
    return xlsx(claim_sheet(claim), f"{claim.cohort.code}_第{claim.stage_number}阶段_补贴申报.xlsx")


def note_of(request: ActorRequest) -> str:
    """The note of a confirming dialog; one that is too long is refused, never dropped."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise Invalid("subsidy.note", "意见最多写 500 个字，请返回缩短后再提交。", fields={"note": "最多写 500 个字。"})
    note: str = form.cleaned_data["note"]
    return note
