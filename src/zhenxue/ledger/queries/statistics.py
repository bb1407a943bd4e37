"""Duration statistics (A18): total, daily, mean per study day and trend, within any period, per learner and course."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from zhenxue.identity.data import Actor
from zhenxue.kernel.data import Labelled
from zhenxue.ledger.data import SpanKind
from zhenxue.ledger.models import Day, Span
from zhenxue.training import api as training
from zhenxue.training.data import LineMode

SHELF = ("pk", "person__name", "period_seconds", "period_days")


class Step(Labelled):
    """The width of a step of the trend."""

    DAY = "day", "按日"
    WEEK = "week", "按周"
    MONTH = "month", "按月"


@dataclass(frozen=True, slots=True)
class Period:
    """Civil days from ``first`` to ``last``, both counted."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def narrow(self) -> Q:
        return Q(day__gte=self.first, day__lte=self.last)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step of the trend; ``day`` is its only day where the step is one day."""

    first: date
    last: date
    label: str
    online: int
    offline: int
    day: date | None

    @property
    def seconds(self) -> int:
        return self.online + self.offline


@dataclass(frozen=True, slots=True)
class CourseSum:
    """What counts of one course (or offline lesson) of the plan."""

    line_id: int
    title: str
    mode: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Seconds that count in a period; ``mean`` is per day on which anything counted, cut to whole seconds."""

    period: Period
    step: Step
    online: int
    offline: int
    study_days: int
    longest: int
    buckets: list[Bucket]
    courses: list[CourseSum]

    @property
    def total(self) -> int:
        return self.online + self.offline

    @property
    def mean(self) -> int:
        return self.total // self.study_days if self.study_days else 0


@dataclass(frozen=True, slots=True)
class CourseChoice:
    """A course or lesson of the plan that statistics can be narrowed to."""

    line_id: int
    title: str
    mode: LineMode
    unit_ids: tuple[int, ...]

    def narrow(self) -> Q:
        if self.mode is LineMode.OFFLINE:
            return Q(line_id=self.line_id)
        return Q(unit_id__in=self.unit_ids)


def list_courses(cohort: training.Cohort) -> list[CourseChoice]:
    """The courses and lessons of the plan in order."""
    units: dict[int, list[int]] = defaultdict(list)
    for one in training.plan_units_of(cohort):
        units[one.line.pk].append(one.unit.pk)
    return [
        CourseChoice(line.pk, line.title, LineMode(line.mode), tuple(units[line.pk]))
        for line in training.list_lines(cohort.pk)
    ]


def statistics_of(
    *,
    cohort: training.Cohort,
    courses: Sequence[CourseChoice],
    period: Period,
    step: Step,
    enrolment_id: int | None = None,
    course: CourseChoice | None = None,
) -> Statistics:
    """Of one learner, or (without ``enrolment_id``) of the whole cohort; of one of its ``courses``, or of all. Two
    queries."""
    scope = Q(enrolment_id=enrolment_id) if enrolment_id is not None else Q(enrolment__cohort_id=cohort.pk)
    daily = _daily(scope & period.narrow(), course)
    sums = [online + offline for _, online, offline in daily]
    return Statistics(
        period=period,
        step=step,
        online=sum(online for _, online, _ in daily),
        offline=sum(offline for _, _, offline in daily),
        study_days=sum(1 for one in sums if one > 0),
        longest=max(sums, default=0),
        buckets=_buckets(daily, period, step),
        courses=_by_course(scope & period.narrow(), courses),
    )


def learner_shelf(
    actor: Actor, cohort_id: int, period: Period, course: CourseChoice | None
) -> QuerySet[training.Enrolment, Any]:
    """The cohort's learners in sight as rows by name, to be sorted and paged: ``pk``, ``person__name``,
    ``period_seconds``, ``period_days``."""
    rows = training.visible_enrolments(actor).filter(cohort_id=cohort_id)
    seconds: Subquery
    if course is None:
        mine = Day.objects.filter(period.narrow(), enrolment=OuterRef("pk")).values("enrolment")
        worked = mine.filter(Q(online_seconds__gt=0) | Q(offline_seconds__gt=0))
        seconds = Subquery(mine.annotate(t=Sum(F("online_seconds") + F("offline_seconds"))).values("t"))
        days = Subquery(worked.annotate(t=Count("pk")).values("t"))
    else:
        spans = Span.objects.filter(period.narrow(), course.narrow(), enrolment=OuterRef("pk")).values("enrolment")
        seconds = Subquery(spans.annotate(t=Sum("seconds")).values("t"))
        days = Subquery(spans.filter(seconds__gt=0).annotate(t=Count("day", distinct=True)).values("t"))
    counted = rows.annotate(period_seconds=Coalesce(seconds, 0), period_days=Coalesce(days, 0))
    found: QuerySet[training.Enrolment, Any] = counted.values_list(*SHELF, named=True)
    return found


def _daily(where: Q, course: CourseChoice | None) -> list[tuple[date, int, int]]:
    """(day, online, offline) of the days with records, oldest first; one query."""
    if course is None:
        rows = Day.objects.filter(where).values_list("day").annotate(Sum("online_seconds"), Sum("offline_seconds"))
        return [(day, online or 0, offline or 0) for day, online, offline in rows.order_by("day")]
    found: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    spans = Span.objects.filter(where, course.narrow()).exclude(seconds=0)
    for day, kind, seconds in spans.values_list("day", "kind").annotate(Sum("seconds")).order_by("day"):
        found[day][kind == SpanKind.OFFLINE] += seconds
    return [(day, online, offline) for day, (online, offline) in sorted(found.items())]


def _by_course(where: Q, courses: Iterable[CourseChoice]) -> list[CourseSum]:
    units: dict[int, int] = defaultdict(int)
    lines: dict[int, int] = defaultdict(int)
    spans = Span.objects.filter(where).exclude(seconds=0).values_list("unit_id", "line_id")
    for unit_id, line_id, seconds in spans.annotate(Sum("seconds")).order_by():
        if unit_id is not None:
            units[unit_id] += seconds
        elif line_id is not None:
            lines[line_id] += seconds
    return [
        CourseSum(
            one.line_id,
            one.title,
            one.mode.label,
            lines[one.line_id] if one.mode is LineMode.OFFLINE else sum(units[unit] for unit in one.unit_ids),
        )
        for one in courses
    ]


def _buckets(daily: list[tuple[date, int, int]], period: Period, step: Step) -> list[Bucket]:
    """Every step of the period in order, those without study too."""
    sums: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for day, online, offline in daily:
        start = _start(day, step)
        sums[start][0] += online
        sums[start][1] += offline
    buckets, start = [], _start(period.first, step)
    while start <= period.last:
        following = _following(start, step)
        first, last = max(start, period.first), min(following - timedelta(days=1), period.last)
        online, offline = sums[start]
        buckets.append(
            Bucket(first, last, _label(first, last, step), online, offline, first if step is Step.DAY else None)
        )
        start = following
    return buckets


def _start(day: date, step: Step) -> date:
    """The first day of the step in which a day falls; weeks begin on Monday."""
    if step is Step.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step is Step.MONTH else day


def _following(start: date, step: Step) -> date:
    if step is Step.MONTH:
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1)
    return start + timedelta(days=7 if step is Step.WEEK else 1)


def _label(first: date, last: date, step: Step) -> str:
    if step is Step.MONTH:
        return f"{first.year}年{first.month}月"
    if step is Step.WEEK:
        return f"{first.month}月{first.day}日–{last.month}月{last.day}日"
    return f"{first.month}月{first.day}日"
