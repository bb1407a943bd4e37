"""What a bureau sees of its region: figures, cohorts with their progress, learners. Reads only; never writes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet

from zhenxue.exams import api as exams
from zhenxue.exams.data import Result
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel.hours import class_hours
from zhenxue.kernel.listing import Filled, Shelf
from zhenxue.kernel.prepared import Prepared
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Progress
from zhenxue.supervision.data import RegionFigures, StageStanding
from zhenxue.training import api as training
from zhenxue.training.data import CohortState, EnrolmentState

WAITING = Q(state=CohortState.FILED)
RUNNING = Q(state__in=[CohortState.APPROVED, CohortState.RUNNING])
HEAD = ("code", "title", "state", "rules", "plan_digest", "plan_open", "region", "organisation")
CLOSED = Q(state=CohortState.CLOSED)


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One learner of a cohort with hours and best results."""

    id: int
    name: str
    citizen_number: object  # sealed: ``str()`` opens it
    state: str
    progress: Progress | None
    results: list[Result]


def region_figures(actor: Actor) -> list[RegionFigures]:
    """Figures per county of the actor's region, counties without cohorts included; three queries."""
    cohorts = training.visible_cohorts(actor).select_related(None)
    active = Q(state=EnrolmentState.ACTIVE)
    learners = dict(
        training.visible_enrolments(actor)
        .select_related(None)
        .filter(active)
        .values_list("cohort__region_id")
        .annotate(Count("id"))
    )
    counts = {
        row["region_id"]: row
        for row in cohorts.values("region_id").annotate(
            waiting=Count("id", filter=WAITING),
            running=Count("id", filter=RUNNING),
            closed=Count("id", filter=CLOSED),
            cohorts=Count("id"),
        )
    }
    found = []
    for region in identity.list_regions(within=actor.region_code):
        row: Mapping[str, Any] = counts.get(region.code, {})
        if row or len(region.code) == 6:
            found.append(
                RegionFigures(
                    region.code,
                    region.name,
                    row.get("waiting", 0),
                    row.get("running", 0),
                    row.get("closed", 0),
                    row.get("cohorts", 0),
                    learners.get(region.code, 0),
                )
            )
    return found


def sum_of(rows: list[RegionFigures]) -> RegionFigures:
    """The rows added up."""
    return RegionFigures(
        "",
        "合计",
        sum(row.waiting for row in rows),
        sum(row.running for row in rows),
        sum(row.closed for row in rows),
        sum(row.cohorts for row in rows),
        sum(row.learners for row in rows),
    )


def county_choices(actor: Actor) -> list[tuple[str, str]]:
    """Code and name of the counties of the actor's region, and of other regions where cohorts were filed, for a filter;
    two queries."""
    filed = set(training.visible_cohorts(actor).select_related(None).values_list("region_id", flat=True).distinct())
    regions = identity.list_regions(within=actor.region_code)
    return [(one.code, one.name) for one in regions if one.code in filed or len(one.code) == 6]


def cohort_shelf(actor: Actor) -> Filled:
    """Cohorts the actor may see, as narrow as their list shows them: id, code, title, organisation, region, first and
    last day, learners, capacity, state."""
    return _cohorts(*training.scope_of(actor))


_cohorts = Shelf(
    lambda role, organisation, region, person: training.visible_cohorts(
        training.actor_within(role, organisation, region, person)
    ).values_list(
        *("pk", "code", "title", "organisation__name", "region__name", "starts_on", "ends_on"),
        *("learner_count", "capacity", "state"),
    )
)


def cohort_enrolments(actor: Actor, cohort_id: int) -> QuerySet[training.Enrolment]:
    """The roster of a visible cohort."""
    return training.visible_enrolments(actor).filter(cohort_id=cohort_id)


def get_cohort_head(actor: Actor, cohort_id: int) -> training.Cohort:
    """As ``training.get_cohort`` with what the head of its pages and the hours of its learners need, nothing else."""
    found = _heads(*training.scope_of(actor), cohort_id)
    return found[0] if found else training.get_cohort(actor, cohort_id)


_heads = Prepared(
    lambda role, organisation, region, person, pk: (
        training.visible_cohorts(training.actor_within(role, organisation, region, person))
        .select_related(None)
        .select_related("organisation", "region")
        .filter(pk=pk)
        .only(*HEAD, "organisation__name", "region__name")
    )
)


#: The roster of a cohort that the actor may see, as narrow as its list shows it: id, name, citizen number (sealed),
#: state.
roster_shelf = Shelf(
    lambda cohort_id: (
        training.visible_enrolments(SYSTEM)
        .filter(cohort_id=cohort_id)
        .values_list("pk", "person__name", "person__citizen_number", "state")
    )
)


def learner_rows(rows: Sequence[tuple[Any, ...]], cohort: training.Cohort) -> list[LearnerRow]:
    """The page's learners of one cohort (rows of ``roster_shelf``) with hours and results; constant queries."""
    progress = ledger.progress_in(cohort, (pk for pk, *_ in rows))
    results = exams.results_of(pk for pk, *_ in rows)
    return [
        LearnerRow(pk, name, number, state, progress.get(pk), results.get(pk, [])) for pk, name, number, state in rows
    ]


def plan_rows(cohort: training.Cohort) -> list[tuple[training.PlanLine, Decimal]]:
    """The lines of the filed plan, each with its class hours."""
    per_hour = training.rules_of(cohort)["minutes_per_class_hour"]
    return [
        (line, class_hours(line.minutes * 60, minutes_per_hour=per_hour)) for line in training.list_lines(cohort.pk)
    ]


def stage_rows(cohort_id: int) -> list[StageStanding]:
    """Per stage of a cohort: how many learners finished its hours, and how many passed its assessment."""
    hours: Counter[int] = Counter()
    for stages in ledger.complete_stages(cohort_id).values():
        hours.update(stages)
    passed: Counter[int] = Counter()
    for stages in exams.passed(cohort_id).values():
        passed.update(stages)
    return [
        StageStanding(stage.number, stage.title, hours[stage.number], passed[stage.number])
        for stage in training.list_stages(cohort_id)
    ]
