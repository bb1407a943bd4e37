"""Cohorts for lists, queues and home blocks."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import Count, QuerySet

from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel.listing import Filled, Shelf
from zhenxue.kernel.prepared import Prepared
from zhenxue.training.data import AmendmentState, AttendanceState, CohortState, EnrolmentState, LineMode
from zhenxue.training.models import Amendment, Attendance, Cohort, Enrolment, PlanLine, RosterImport
from zhenxue.training.queries.scope import actor_within, scope_of, visible_amendments, visible_cohorts


def waiting_filings(actor: Actor) -> QuerySet[Cohort]:
    """Filings that wait for a decision in the actor's region, oldest first."""
    return visible_cohorts(actor).filter(state=CohortState.FILED).order_by("filed_at", "pk")


def filings(actor: Actor) -> QuerySet[Cohort]:
    """Everything that was ever filed in the actor's region."""
    return visible_cohorts(actor).filter(filed_at__isnull=False)


def waiting_amendments(actor: Actor) -> QuerySet[Amendment]:
    """Amendments that wait for a decision."""
    return visible_amendments(actor).filter(state=AmendmentState.FILED).order_by("filed_at", "pk")


def starting_soon(actor: Actor, today: dt.date, *, days: int = 7) -> QuerySet[Cohort]:
    """Approved cohorts that start within so many days (or should have)."""
    last = today + dt.timedelta(days=days)
    return visible_cohorts(actor).filter(state=CohortState.APPROVED, starts_on__lte=last).order_by("starts_on", "pk")


def ending(actor: Actor, today: dt.date) -> QuerySet[Cohort]:
    """Running cohorts whose last day is over."""
    return visible_cohorts(actor).filter(state=CohortState.RUNNING, ends_on__lt=today).order_by("ends_on", "pk")


def returned(actor: Actor) -> QuerySet[Cohort]:
    """Filings that came back."""
    return visible_cohorts(actor).filter(state=CohortState.RETURNED).order_by("decided_at", "pk")


def roster(cohort_id: int) -> QuerySet[Enrolment]:
    """Everybody ever enrolled in a cohort."""
    return Enrolment.objects.filter(cohort_id=cohort_id).select_related("person")


def cohort_shelf(actor: Actor) -> Filled:
    """The cohorts in sight, as narrow as their list shows them: id, code, title, organisation, first and last day,
    learners, capacity, lessons, state."""
    return _cohorts(*scope_of(actor))


_cohorts = Shelf(
    lambda role, organisation, region, person: visible_cohorts(
        actor_within(role, organisation, region, person)
    ).values_list(
        *("pk", "code", "title", "organisation__name", "starts_on", "ends_on"),
        *("learner_count", "capacity", "lesson_count", "state"),
    )
)


#: The roster as narrow as its list shows it: id, name, citizen number and phone (sealed), group, since when, state,
#: when and why left.
roster_shelf = Shelf(
    lambda cohort_id: roster(cohort_id).values_list(
        *("pk", "person__name", "person__citizen_number", "person__phone", "target_group", "enrolled_at"),
        *("state", "left_at", "leave_reason"),
    )
)


def attendance_totals(cohort_id: int) -> dict[int, dict[str, int]]:
    """Per enrolment: how often present, late, absent, and minutes that count. One query."""
    found: dict[int, dict[str, int]] = {}
    rows = Attendance.objects.filter(line__cohort_id=cohort_id).values_list("enrolment_id", "state", "minutes")
    for enrolment_id, state, minutes in rows:
        totals = found.setdefault(enrolment_id, {**dict.fromkeys(AttendanceState, 0), "minutes": 0})
        totals[state] += 1
        totals["minutes"] += minutes
    return found


def teacher_names(amendments: Iterable[Amendment]) -> dict[int, str]:
    """Names of the teachers that amendments take out or bring in, by person id. One query."""
    wanted = {
        person_id
        for one in amendments
        for person_id in one.changes.get("teacher", {}).values()
        if person_id is not None
    }
    return dict(identity.visible_people(SYSTEM).filter(pk__in=wanted).values_list("pk", "name"))


def list_amendments(cohort_id: int) -> list[Amendment]:
    """All amendments of a cohort, newest first."""
    rows = Amendment.objects.filter(cohort_id=cohort_id).select_related(
        "line", "filed_by__person", "decided_by__person"
    )
    return list(rows.order_by("-filed_at", "-pk"))


def list_imports(cohort_id: int) -> list[RosterImport]:
    """Roster files of a cohort that were not given up, newest first (without their rows)."""
    return _imports(cohort_id)


_imports = Prepared(
    lambda cohort_id: (
        RosterImport.objects.filter(cohort_id=cohort_id)
        .exclude(state="discarded")
        .defer("rows")
        .order_by("-created_at", "-pk")[:20]
    )
)


def sibling_parts(cohort_id: int) -> set[int]:
    """Ids of lessons that are one of several parts of the same programme line."""
    several = (
        PlanLine.objects.filter(cohort_id=cohort_id, mode=LineMode.OFFLINE, source__isnull=False)
        .values("source_id")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .values("source_id")
    )
    parts = PlanLine.objects.filter(cohort_id=cohort_id, source_id__in=several)
    return set(parts.values_list("pk", flat=True))


def state_counts(actor: Actor) -> dict[str, int]:
    """How many visible cohorts are in each state. One query."""
    rows = visible_cohorts(actor).select_related(None).order_by().values("state").annotate(n=Count("pk"))
    return {row["state"]: row["n"] for row in rows}


def active_count(cohort_id: int) -> int:
    """How many learners are active."""
    return Enrolment.objects.filter(cohort_id=cohort_id, state=EnrolmentState.ACTIVE).count()
