"""The bureau's side: filings and amendments, to see and to decide."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhenxue.evidence import api as evidence
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.forms import attempt
from zhenxue.training import policies
from zhenxue.training.data import AmendmentKind, AmendmentState, CohortState
from zhenxue.training.operations import amendments, filing
from zhenxue.training.queries import cohorts as queries
from zhenxue.training.queries.checks import failed, list_checks
from zhenxue.training.queries.programmes import group_labels
from zhenxue.training.queries.scope import get_amendment, get_cohort, visible_amendments
from zhenxue.training.web.forms.cohorts import ApproveForm, ReturnForm
from zhenxue.training.web.views.cohorts import plan_context
from zhenxue.training.web.views.common import BUREAU, OVERSEERS, change_rows, frame, with_tones

DECISIONS = (
    "training.cohort_filed",
    "training.cohort_approved",
    "training.cohort_returned",
)
#: So many learners are listed on the page itself; it says so and links to the whole roster when there are more.
SHOWN = 200


@roles(*OVERSEERS)
@require_GET
def filings(request: ActorRequest) -> HttpResponse:
    """The queue: what waits comes first unless another state is chosen."""
    waiting = "state" not in request.GET and "q" not in request.GET
    listing = Listing(
        request,
        queries.waiting_filings(request.actor) if waiting else queries.filings(request.actor),
        search=("code", "title", "organisation__name"),
        filters=(Filter("state", "状态", CohortState.choices()),),
        sorts={"filed_at": "提交时间", "starts_on": "开班日期", "code": "班期编号", "learner_count": "人数"},
        default_sort="filed_at",
        search_label="搜索编号、名称、机构",
    )
    context = {"listing": listing, "rows": with_tones(listing.rows), "waiting": waiting}
    return render(request, "training/filings.html", context)


@roles(*OVERSEERS)
@require_GET
def filing_page(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """One filing: plan, roster, checks, digest, decision."""
    return render(request, "training/filing.html", _filing(request, cohort_id))


@roles(*BUREAU)
@require_POST
def approve_filing(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Approve."""
    form = ApproveForm(request.POST)
    done = attempt(
        request,
        form,
        lambda values: filing.approve_cohort(actor=request.actor, cohort_id=cohort_id, now=clock.now(), **values),
    )
    if done:
        messages.success(request, f"已通过“{done.title}”的开班备案，方案已冻结并存证。")
        return redirect("training:filing", cohort_id)
    return render(request, "training/filing.html", {**_filing(request, cohort_id), "approve_form": form}, status=422)


@roles(*BUREAU)
@require_POST
def return_filing(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Return with reasons."""
    form = ReturnForm(request.POST)
    done = attempt(
        request,
        form,
        lambda values: filing.return_cohort(
            actor=request.actor, cohort_id=cohort_id, reason=values["reason"], now=clock.now()
        ),
    )
    if done:
        messages.success(request, f"已退回“{done.title}”，机构可以修改后重新提交。")
        return redirect("training:filings")
    return render(request, "training/filing.html", {**_filing(request, cohort_id), "return_form": form}, status=422)


@roles(*OVERSEERS)
@require_GET
def amendment_queue(request: ActorRequest) -> HttpResponse:
    """Amendments of the region."""
    listing = Listing(
        request,
        visible_amendments(request.actor),
        search=("cohort__code", "cohort__title", "cohort__organisation__name"),
        filters=(
            Filter("state", "状态", AmendmentState.choices()),
            Filter("kind", "类别", AmendmentKind.choices()),
        ),
        sorts={"filed_at": "提交时间", "state": "状态"},
        default_sort="-filed_at",
        search_label="搜索班期、机构",
    )
    return render(request, "training/amendment_queue.html", {"listing": listing})


@roles(*OVERSEERS)
@require_GET
def amendment(request: ActorRequest, amendment_id: int) -> HttpResponse:
    """One amendment with before and after."""
    found = get_amendment(request.actor, amendment_id)
    may_decide = allows(policies.check_can_decide_amendment, request.actor, found, AmendmentState.APPROVED)
    context = {
        "amendment": found,
        "rows": change_rows(found, queries.teacher_names([found])),
        "may_decide": may_decide,
        "read_only": not may_decide,
    }
    return render(request, "training/amendment.html", context)


@roles(*BUREAU)
@require_POST
def approve_amendment(request: ActorRequest, amendment_id: int) -> HttpResponse:
    """Put it in force."""
    note = request.POST.get("note", "")
    amendments.approve_amendment(actor=request.actor, amendment_id=amendment_id, note=note, now=clock.now())
    messages.success(request, "变更已批准并生效，新的方案摘要值已存证。")
    return redirect("training:amendment", amendment_id)


@roles(*BUREAU)
@require_POST
def return_amendment(request: ActorRequest, amendment_id: int) -> HttpResponse:
    """Refuse it."""
    reason = request.POST.get("reason", "")
    amendments.return_amendment(actor=request.actor, amendment_id=amendment_id, reason=reason, now=clock.now())
    messages.success(request, "变更未批准，方案不变。")
    return redirect("training:amendment", amendment_id)


def _filing(request: ActorRequest, cohort_id: int) -> dict[str, object]:
    found = get_cohort(request.actor, cohort_id)
    checks = list_checks(found, clock.now())
    around = frame(request, found, "filing")
    rows = list(queries.roster(found.pk).order_by("person__name", "pk")[: SHOWN + 1])
    return {
        **around,
        **plan_context(found),
        "read_only": not around["may_decide"],
        "checks": checks,
        "failed": len(failed(checks)),
        "roster": rows[:SHOWN],
        "shown": SHOWN if len(rows) > SHOWN else 0,
        "groups": group_labels(found.programme.target_groups),
        "approve_form": ApproveForm(),
        "return_form": ReturnForm(),
        "entries": evidence.list_entries(refs=[f"cohort:{found.pk}"], kinds=DECISIONS, limit=20),
    }
