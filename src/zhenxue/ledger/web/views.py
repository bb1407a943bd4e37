"""Pages of the ledger: one learner's hours, one cohort's learners; the same sums for all."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows
from zhenxue.ledger import policies, queries
from zhenxue.ledger.web import bars
from zhenxue.training import api as training
from zhenxue.training.data import EnrolmentState

STAFF = (
    Role.TEACHER,
    Role.PROVIDER_MANAGER,
    Role.ENTERPRISE_MANAGER,
    Role.BUREAU_OFFICER,
    Role.OPERATOR_REVIEWER,
    Role.OPERATOR_ADMIN,
)


@roles(Role.LEARNER, *STAFF)
@require_GET
def progress(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """Hours done and needed, units, and what counted on which day."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    days = queries.list_days(enrolment_id)
    progress, units = queries.standing_of([enrolment])[enrolment_id]
    context = {
        "enrolment": enrolment,
        "progress": progress,
        "units": queries.list_unit_rows(enrolment, units),
        "lessons": queries.list_lesson_rows(enrolment),
        "days": days,
        "longest": max((one.seconds for one in days), default=0),
        "chart": bars.draw([bars.of_day(one) for one in days]),
        "read_only": request.actor.is_bureau,
    }
    return render(request, "ledger/progress.html", context)


@roles(*STAFF)
@require_GET
def cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Every learner of a cohort with hours done and needed."""
    found = training.get_cohort(request.actor, cohort_id)
    listing = _learners(request, cohort_id)
    progress = queries.progress_in(found, [number for number, _, _ in listing.rows])
    rows = [(number, name, EnrolmentState(state).label, progress[number]) for number, name, state in listing.rows]
    context = {
        "cohort": found,
        "listing": listing,
        "rows": rows,
        "may_make_up": allows(policies.check_can_make_up_many, request.actor, found),
        "read_only": request.actor.is_bureau,
        "wide": True,
    }
    return render(request, "ledger/cohort.html", context)


def _learners(request: ActorRequest, cohort_id: int) -> Listing:
    learners = training.visible_enrolments(request.actor).filter(cohort_id=cohort_id)
    return Listing(
        request,
        learners.values_list("pk", "person__name", "state"),
        search=("person__name",),
        search_label="搜索姓名",
        filters=(Filter("state", "状态", EnrolmentState.choices()),),
        sorts={"person__name": "姓名", "enrolled_at": "报名时间"},
        default_sort="person__name",
    )
