"""The bureau's console: its region, its cohorts, their learners, and what the log says of them. Read only."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zhenxue.evidence import api as evidence
from zhenxue.exams import api as exams
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.ledger import api as ledger
from zhenxue.supervision import queries
from zhenxue.supervision.web.lines import cohort_lines, learner_lines
from zhenxue.training import api as training
from zhenxue.training.data import CohortState, EnrolmentState, ProgrammeKind

watchers = roles(Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN, Role.OPERATOR_REVIEWER)
FILED_STATES = [pair for pair in CohortState.choices() if pair[0] not in {CohortState.DRAFT, CohortState.CANCELLED}]


@roles(Role.BUREAU_OFFICER)
@require_safe
def home_block(request: ActorRequest) -> HttpResponse:
    """The region in figures, county by county."""
    rows = queries.region_figures(request.actor)
    return render(request, "supervision/_home.html", {"rows": rows, "total": queries.sum_of(rows)})


@watchers
@require_safe
def cohorts(request: ActorRequest) -> HttpResponse:
    """Every filed cohort of the region."""
    listing = Listing(
        request,
        queries.cohort_shelf(request.actor),
        search=("title", "code", "organisation__name"),
        search_label="搜索编号、名称、机构",
        filters=(
            Filter("state", "状态", FILED_STATES),
            Filter("region", "地区", queries.county_choices(request.actor)),
            Filter("kind", "项目类别", ProgrammeKind.choices(), field="programme__kind"),
        ),
        sorts={"code": "班期编号", "starts_on": "开班日期", "ends_on": "结班日期", "learner_count": "人数"},
        default_sort="-starts_on",
    )
    context = {"listing": listing, "rows": cohort_lines(listing.rows), "read_only": True, "wide": True}
    return render(request, "supervision/cohorts.html", context)


@watchers
@require_safe
def cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """The plan as filed and how far the cohort is, stage by stage."""
    found = training.get_cohort(request.actor, cohort_id)
    context = _frame(request, found, "cohort") | {
        "stages": queries.stage_rows(found.pk),
        "lines": queries.plan_rows(found),
        "learner_count": queries.cohort_enrolments(request.actor, found.pk).filter(state=EnrolmentState.ACTIVE).count(),
    }
    return render(request, "supervision/cohort.html", context)


@watchers
@require_safe
def learners(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """The roster with hours and results."""
    found = queries.get_cohort_head(request.actor, cohort_id)
    listing = Listing(
        request,
        queries.roster_shelf(found.pk),
        search=("person__name",),
        search_label="搜索姓名",
        filters=(Filter("state", "学籍", EnrolmentState.choices()),),
        sorts={"person__name": "姓名", "enrolled_at": "报名时间"},
        default_sort="person__name",
    )
    lines = learner_lines(queries.learner_rows(listing.rows, found))
    context = _frame(request, found, "learners") | {"listing": listing, "lines": lines}
    return render(request, "supervision/learners.html", context)


@watchers
@require_safe
def cohort_evidence(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """What the log says of the cohort, newest first."""
    found = training.get_cohort(request.actor, cohort_id)
    context = _frame(request, found, "evidence") | _timeline(request, [f"cohort:{found.pk}"])
    return render(request, "supervision/cohort_evidence.html", context)


@watchers
@require_safe
def learner(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """One learner: hours, days, attendance, exams, and the timeline of proofs."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    context = {
        "enrolment": enrolment,
        "progress": ledger.progress_of([enrolment.pk]).get(enrolment.pk),
        "days": ledger.list_days(enrolment.pk),
        "attendance": training.list_attendance_of(enrolment.pk),
        "results": exams.results_of([enrolment.pk]).get(enrolment.pk, []),
        "read_only": True,
        **_timeline(request, [f"enrolment:{enrolment.pk}"]),
    }
    return render(request, "supervision/learner.html", context)


def _frame(request: ActorRequest, found: training.Cohort, tab: str) -> dict[str, Any]:
    return {"cohort": found, "tab": tab, "read_only": True, "wide": True}


def _timeline(request: ActorRequest, refs: list[str]) -> dict[str, Any]:
    return {"page": evidence.timeline_page(refs=refs, asked=request.GET.dict(), now=clock.now())}
