"""Progress in bulk (a constant number of queries): hours done and needed, units, stages, lessons, days."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import READING_KINDS
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import clock
from zhenxue.kernel.hours import class_hours
from zhenxue.kernel.prepared import Prepared
from zhenxue.kernel.remembering import Remembered
from zhenxue.ledger import coverage as arithmetic
from zhenxue.ledger.data import DayTotal, LessonRow, Progress, Reason, SpanKind, SpanState, UnitProgress, UnitRow
from zhenxue.ledger.models import Coverage, Day, Span
from zhenxue.ledger.policies import daily_cap_ms, required_seconds
from zhenxue.ledger.queries.windows import seconds_of_day
from zhenxue.training import api as training
from zhenxue.training.data import LineMode

#: By enrolment and unit: how far, for the units that were begun.
type UnitsBegun = dict[int, dict[int, UnitProgress]]


@dataclass(frozen=True, slots=True)
class StageNeed:
    """What one stage of a plan asks for: units to finish, and seconds online and offline."""

    units: frozenset[int]
    online: int
    offline: int


@dataclass(frozen=True, slots=True)
class CohortNeed:
    """What a whole plan asks for: units to finish, seconds, and the same in class hours of so many minutes."""

    units: int
    online: int
    offline: int
    per_hour: int
    online_hours: Decimal
    offline_hours: Decimal


def find_coverage(enrolment_id: int, unit_id: int) -> Coverage | None:
    """What the enrolment has covered of one unit, if it ever began."""
    return Coverage.objects.filter(enrolment_id=enrolment_id, unit_id=unit_id).first()


def day_left_ms(*, person_id: int, rules: dict[str, int], now: datetime) -> int:
    """How much more the person may earn online on the civil day of ``now``."""
    return max(0, daily_cap_ms(rules) - seconds_of_day(person_id, clock.civil_day(now)) * 1000)


def progress_of(enrolment_ids: Iterable[int]) -> dict[int, Progress]:
    """Class hours done and needed per enrolment, online and offline apart.

    Three queries for the enrolments, plus the plan of each cohort the first time this process meets it. Hours are cut
    to one tenth, never rounded up. ``complete`` means every unit finished and every offline minute attended.
    """
    rows = training.visible_enrolments(SYSTEM).filter(pk__in=list(enrolment_ids))
    return progress_of_rows(rows.select_related(None).select_related("cohort"))


def progress_of_rows(enrolments: Iterable[training.Enrolment]) -> dict[int, Progress]:
    """As ``progress_of`` for enrolments that are loaded with their cohorts: two queries."""
    return _counted({row.pk: row.cohort for row in enrolments})


def progress_in(cohort: training.Cohort, enrolment_ids: Iterable[int]) -> dict[int, Progress]:
    """As ``progress_of`` for enrolments of one cohort: two queries."""
    return _counted(dict.fromkeys(enrolment_ids, cohort))


def standing_of(
    enrolments: Iterable[training.Enrolment], known: UnitsBegun | None = None
) -> dict[int, tuple[Progress, dict[int, UnitProgress]]]:
    """Hours and the units begun, for enrolments that are loaded with their cohorts: two queries for both, one where the
    units are ``known`` (``units_begun``)."""
    rows = list(enrolments)
    units = units_begun(rows) if known is None else known
    online = {
        enrolment: (sum(one.seconds for one in begun.values()), sum(1 for one in begun.values() if one.finished_at))
        for enrolment, begun in units.items()
    }
    progress = _progress({row.pk: row.cohort for row in rows}, online)
    return {row.pk: (progress[row.pk], units[row.pk]) for row in rows}


def _counted(cohorts: Mapping[int, training.Cohort]) -> dict[int, Progress]:
    """Progress by enrolment, of enrolments with their cohorts, by what the coverage sums up to."""
    sums = _sums(list(cohorts))
    return _progress(cohorts, {enrolment: (seconds, finished) for enrolment, seconds, finished in sums})


_sums = Prepared(
    lambda enrolments: (
        Coverage.objects.filter(enrolment_id__in=enrolments)
        .values_list("enrolment_id")
        .annotate(Sum("seconds"), Count("finished_at"))
    )
)
_offline_sums = Prepared(
    lambda enrolments: (
        Day.objects.filter(enrolment_id__in=enrolments).values_list("enrolment_id").annotate(Sum("offline_seconds"))
    )
)
_begun = Prepared(
    lambda enrolments: Coverage.objects.filter(enrolment_id__in=enrolments).values_list(
        *("enrolment_id", "unit_id", "unit__seconds", "seconds", "position_ms", "covered", "finished_at", "tested_at")
    )
)


def _progress(cohorts: Mapping[int, training.Cohort], online: Mapping[int, tuple[int, int]]) -> dict[int, Progress]:
    """Progress from seconds and finished units per enrolment; one query for the lessons."""
    offline = dict(_offline_sums(list(cohorts)))
    needs = _needs_in_hours(cohorts.values())
    answer = {}
    for enrolment, cohort in cohorts.items():
        need = needs[cohort.pk]
        online_seconds, finished = online.get(enrolment, (0, 0))
        offline_seconds = offline.get(enrolment, 0)
        answer[enrolment] = Progress(
            enrolment_id=enrolment,
            online_seconds=online_seconds,
            offline_seconds=offline_seconds,
            online_required_seconds=need.online,
            offline_required_seconds=need.offline,
            minutes_per_hour=need.per_hour,
            online_hours=class_hours(online_seconds, minutes_per_hour=need.per_hour),
            offline_hours=class_hours(offline_seconds, minutes_per_hour=need.per_hour),
            online_required_hours=need.online_hours,
            offline_required_hours=need.offline_hours,
            complete=finished >= need.units and offline_seconds >= need.offline,
        )
    return answer


def _needs_in_hours(cohorts: Iterable[training.Cohort]) -> dict[int, CohortNeed]:
    """What all stages of each cohort ask for together."""
    once = {one.pk: one for one in cohorts}
    plans = _stages_of(once.values())
    found = {}
    for cohort_id, cohort in once.items():
        stages, per_hour = plans[cohort_id].values(), training.rules_of(cohort)["minutes_per_class_hour"]
        online, offline = sum(one.online for one in stages), sum(one.offline for one in stages)
        found[cohort_id] = CohortNeed(
            units=sum(len(one.units) for one in stages),
            online=online,
            offline=offline,
            per_hour=per_hour,
            online_hours=class_hours(online, minutes_per_hour=per_hour),
            offline_hours=class_hours(offline, minutes_per_hour=per_hour),
        )
    return found


def unit_progress(enrolment_id: int) -> dict[int, UnitProgress]:
    """How far the enrolment is in each unit it has begun; two queries."""
    rows = training.visible_enrolments(SYSTEM).select_related(None).select_related("cohort")
    return units_begun(rows.filter(pk=enrolment_id)).get(enrolment_id, {})


def unit_progress_of_row(enrolment: training.Enrolment) -> dict[int, UnitProgress]:
    """As ``unit_progress`` for an enrolment that is loaded with its cohort: one query."""
    return units_begun([enrolment])[enrolment.pk]


def units_begun(enrolments: Iterable[training.Enrolment]) -> UnitsBegun:
    """How far each enrolment is in each unit it has begun, for enrolments loaded with their cohorts: one query."""
    rules = {one.pk: training.rules_of(one.cohort) for one in enrolments}
    found: UnitsBegun = {enrolment: {} for enrolment in rules}
    for enrolment, unit, unit_seconds, seconds, position, covered, finished, tested in _begun(list(found)):
        required = required_seconds(unit_seconds, rules[enrolment])
        seen_to, covered_ms = arithmetic.reach(covered), arithmetic.length(covered)
        found[enrolment][unit] = UnitProgress(unit, seconds, required, position, seen_to, finished, covered_ms, tested)
    return found


def missing_self_test(*, enrolment_id: int, unit: catalogue.Unit, rules: dict[str, int]) -> catalogue.Unit | None:
    """The unit whose self-test a reading unit still waits for (it may be the unit itself); ``None`` if for nothing.

    Where the rule ``reading_needs_self_test`` is 0, and for units of versions from before it, reading alone finishes.
    """
    test = catalogue.self_test_of(unit) if rules["reading_needs_self_test"] else None
    if test is None:
        return None
    passed = Coverage.objects.filter(enrolment_id=enrolment_id, unit_id=test.pk, tested_at__isnull=False).exists()
    return None if passed else test


def complete_stages(cohort_id: int) -> dict[int, set[int]]:
    """Per enrolment of the cohort, the numbers of the stages whose units are all finished and lessons all attended.

    Enrolments without any record are absent. A constant number of queries.
    """
    plan = _needs_of({cohort_id: training.plan_units(cohort_id)})[cohort_id]
    finished = _finished_units(Coverage.objects.filter(enrolment__cohort_id=cohort_id))
    attended = Span.objects.filter(enrolment__cohort_id=cohort_id)
    return _judge_stages(lambda enrolment: plan, finished, attended)


def complete_stages_of(
    enrolments: Iterable[training.Enrolment], known: UnitsBegun | None = None
) -> dict[int, set[int]]:
    """As ``complete_stages`` for some enrolments, of one cohort or several, loaded with their cohorts: two queries, one
    where the units begun are ``known``."""
    rows = list(enrolments)
    stages = _stages_of(row.cohort for row in rows)
    plans = {row.pk: stages[row.cohort_id] for row in rows}
    if known is None:
        finished = _finished_units(Coverage.objects.filter(enrolment_id__in=list(plans)))
    else:
        begun = {enrolment: known[enrolment].values() for enrolment in plans}
        finished = {key: {one.unit_id for one in units if one.finished_at} for key, units in begun.items()}
    attended = Span.objects.filter(enrolment_id__in=list(plans))
    return _judge_stages(plans.__getitem__, finished, attended)


def _finished_units(coverage: QuerySet[Coverage]) -> dict[int, set[int]]:
    finished: dict[int, set[int]] = defaultdict(set)
    for enrolment, unit in coverage.filter(finished_at__isnull=False).values_list("enrolment_id", "unit_id"):
        finished[enrolment].add(unit)
    return finished


def _judge_stages(
    plan_of: Callable[[int], dict[int, StageNeed]], finished: Mapping[int, set[int]], spans: QuerySet[Span]
) -> dict[int, set[int]]:
    attended: dict[int, dict[int, int]] = defaultdict(dict)
    lessons = spans.filter(kind=SpanKind.OFFLINE).values_list("enrolment_id", "line__stage__number")
    for enrolment, stage, seconds in lessons.annotate(Sum("seconds")):
        attended[enrolment][stage] = seconds
    return {
        enrolment: {
            number
            for number, need in plan_of(enrolment).items()
            if need.units <= finished.get(enrolment, set()) and attended[enrolment].get(number, 0) >= need.offline
        }
        for enrolment in sorted({*finished, *attended})
    }


def _stages_of(cohorts: Iterable[training.Cohort]) -> dict[int, dict[int, StageNeed]]:
    """What the stages of each cohort ask for; frozen plans are read once a process, all that are new together."""
    rows = {one.pk: one for one in cohorts}
    frozen = {(one.pk, one.plan_digest): one for one in rows.values() if training.is_frozen(one)}
    kept = _stages.many(frozen, lambda keys: _read_stages([frozen[key] for key in keys]))
    known = {cohort_id: stages for (cohort_id, _), stages in kept.items()}
    others = [one for one in rows.values() if one.pk not in known]
    fresh = _read_stages(others) if others else {}
    return known | {cohort_id: stages for (cohort_id, _), stages in fresh.items()}


#: Needs of the stages of filed plans, by cohort and digest.
_stages: Remembered[tuple[int, str], dict[int, StageNeed]] = Remembered(20_000)


def _read_stages(cohorts: Sequence[training.Cohort]) -> dict[tuple[int, str], dict[int, StageNeed]]:
    needs = _needs_of(training.plans_of(cohorts))
    return {(one.pk, one.plan_digest): needs[one.pk] for one in cohorts}


def _needs_of(plans: Mapping[int, Sequence[training.PlanUnit]]) -> dict[int, dict[int, StageNeed]]:
    return {
        cohort_id: {
            number: StageNeed(
                frozenset(one.unit.pk for one in plans[cohort_id] if one.stage_number == number),
                need.online,
                need.offline,
            )
            for number, need in stages.items()
        }
        for cohort_id, stages in training.required_by_stages(plans).items()
    }


def stage_complete(enrolment_id: int, stage_number: int) -> bool:
    """Whether one learner has finished every unit and attended every lesson of a stage."""
    row = training.visible_enrolments(SYSTEM).filter(pk=enrolment_id).first()
    return row is not None and stage_number in complete_stages_of([row]).get(enrolment_id, set())


def list_days(enrolment_id: int) -> list[DayTotal]:
    """The civil days on which something counted, oldest first."""
    rows = Day.objects.filter(enrolment_id=enrolment_id).order_by("day")
    return [DayTotal(row.day, row.online_seconds, row.offline_seconds) for row in rows]


def list_unit_rows(enrolment: training.Enrolment, known: dict[int, UnitProgress]) -> list[UnitRow]:
    """The online part of the plan in study order, with what counts of each unit (``known``). The plan once."""
    rows = []
    for planned in training.plan_units_of(enrolment.cohort):
        unit, done = planned.unit, known.get(planned.unit.pk)
        rows.append(
            UnitRow(
                stage_number=planned.stage_number,
                course=planned.line.title,
                title=unit.title,
                unit_seconds=unit.seconds,
                seconds=done.seconds if done else 0,
                percent=done.percent if done else 0,
                finished_at=done.finished_at if done else None,
                waits_for_test=done is not None and unit.kind in READING_KINDS and done.waits_for_test,
            )
        )
    return rows


def list_lesson_rows(enrolment: training.Enrolment) -> list[LessonRow]:
    """The offline lessons of the plan in order, with what is booked now (after corrections)."""
    spans = Span.objects.filter(enrolment=enrolment, kind=SpanKind.OFFLINE).exclude(state=SpanState.WITHDRAWN)
    latest = {span.line_id: span for span in spans.order_by("pk")}
    rows = []
    for line in training.list_lines(enrolment.cohort_id):
        if line.mode != LineMode.OFFLINE:
            continue
        span = latest.get(line.pk)
        rows.append(
            LessonRow(
                stage_number=line.stage.number,
                title=line.title,
                starts_at=line.starts_at,
                lesson_seconds=line.minutes * 60,
                seconds=span.seconds if span else 0,
                booked=span is not None,
                reason=Reason(span.reason).label if span else "",
            )
        )
    return rows
