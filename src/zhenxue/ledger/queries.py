"""Reads of the ledger: progress in bulk (a constant number of queries), days, spans, and the check against the log."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet, Sum

from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import Fault
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import clock
from zhenxue.kernel.hours import class_hours
from zhenxue.kernel.remembering import Remembered
from zhenxue.ledger import coverage as arithmetic
from zhenxue.ledger.data import DayTotal, LessonRow, Progress, Reason, SpanKind, SpanState, UnitProgress, UnitRow
from zhenxue.ledger.models import Coverage, Day, Span
from zhenxue.ledger.policies import daily_cap_ms
from zhenxue.ledger.policies import required_seconds as required_unit_seconds
from zhenxue.training import api as training
from zhenxue.training.data import LineMode

#: Entries that move a sum.
LOGGED_KINDS = ("ledger.credited", "ledger.attendance_booked", "ledger.withdrawn")


#: By enrolment and unit: how far, for the units that were begun.
type UnitsBegun = dict[int, dict[int, UnitProgress]]


@dataclass(frozen=True, slots=True)
class StageNeed:
    """What one stage of a plan asks for: units to finish, and seconds online and offline."""

    units: frozenset[int]
    online: int
    offline: int


def find_coverage(enrolment_id: int, unit_id: int) -> Coverage | None:
    """What the enrolment has covered of one unit, if it ever began."""
    return Coverage.objects.filter(enrolment_id=enrolment_id, unit_id=unit_id).first()


def required_seconds(unit_seconds: int, rules: dict[str, int]) -> int:
    """How much of a unit must be covered before it counts as finished."""
    return required_unit_seconds(unit_seconds, rules)


def day_left_ms(*, person_id: int, rules: dict[str, int], now: datetime) -> int:
    """How much more the person may earn online on the civil day of ``now``."""
    used = Day.objects.filter(person_id=person_id, day=clock.civil_day(now)).aggregate(total=Sum("online_seconds"))
    return max(0, daily_cap_ms(rules) - (used["total"] or 0) * 1000)


def progress_of(enrolment_ids: Iterable[int]) -> dict[int, Progress]:
    """Class hours done and needed per enrolment, online and offline apart.

    Three queries for the enrolments, plus the plan of each cohort the first time this process meets it. Hours are cut
    to one tenth, never rounded up. ``complete`` means every unit finished and every offline minute attended.
    """
    rows = training.visible_enrolments(SYSTEM).filter(pk__in=list(enrolment_ids))
    return progress_of_rows(rows.select_related(None).select_related("cohort"))


def progress_of_rows(enrolments: Iterable[training.Enrolment]) -> dict[int, Progress]:
    """As ``progress_of`` for enrolments that are loaded with their cohorts: two queries."""
    rows = list(enrolments)
    sums = (
        Coverage.objects.filter(enrolment_id__in=[row.pk for row in rows])
        .values_list("enrolment_id")
        .annotate(total=Sum("seconds"), finished=Count("id", filter=Q(finished_at__isnull=False)))
    )
    return _progress(rows, {enrolment: (seconds or 0, finished) for enrolment, seconds, finished in sums})


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
    progress = _progress(rows, online)
    return {row.pk: (progress[row.pk], units[row.pk]) for row in rows}


def _progress(rows: list[training.Enrolment], online: dict[int, tuple[int, int]]) -> dict[int, Progress]:
    """Progress from seconds and finished units per enrolment; one query for the lessons."""
    days = Day.objects.filter(enrolment_id__in=[row.pk for row in rows]).values_list("enrolment_id")
    offline = dict(days.annotate(Sum("offline_seconds")))
    plans = _stages_of(row.cohort for row in rows)
    answer = {}
    for row in rows:
        stages = plans[row.cohort_id].values()
        needed_online, needed_offline = sum(one.online for one in stages), sum(one.offline for one in stages)
        per_hour = training.rules_of(row.cohort)["minutes_per_class_hour"]
        online_seconds, finished = online.get(row.pk, (0, 0))
        offline_seconds = offline.get(row.pk, 0)
        answer[row.pk] = Progress(
            enrolment_id=row.pk,
            online_seconds=online_seconds,
            offline_seconds=offline_seconds,
            online_required_seconds=needed_online,
            offline_required_seconds=needed_offline,
            minutes_per_hour=per_hour,
            online_hours=class_hours(online_seconds, minutes_per_hour=per_hour),
            offline_hours=class_hours(offline_seconds, minutes_per_hour=per_hour),
            online_required_hours=class_hours(needed_online, minutes_per_hour=per_hour),
            offline_required_hours=class_hours(needed_offline, minutes_per_hour=per_hour),
            complete=finished >= sum(len(one.units) for one in stages) and offline_seconds >= needed_offline,
        )
    return answer


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
    rows = Coverage.objects.filter(enrolment_id__in=list(found)).values_list(
        "enrolment_id", "unit_id", "unit__seconds", "seconds", "position_ms", "covered", "finished_at"
    )
    for enrolment, unit, unit_seconds, seconds, position, covered, finished in rows:
        required = required_unit_seconds(unit_seconds, rules[enrolment])
        seen_to = arithmetic.reach(covered)
        found[enrolment][unit] = UnitProgress(unit, seconds, required, position, seen_to, finished)
    return found


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


def list_spans(enrolment_id: int, day: date) -> list[Span]:
    """Every stretch of one civil day in the order of the clock: credited, refused, withdrawn, each with its reason."""
    rows = Span.objects.filter(enrolment_id=enrolment_id, day=day).select_related("unit", "line")
    return list(rows.order_by("began_at", "id"))


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


def refused_by_reason(spans: Iterable[Span]) -> list[tuple[str, int]]:
    """Claimed seconds that did not count, by the reason's words, the longest first."""
    sums: dict[str, int] = defaultdict(int)
    for span in spans:
        if span.state == SpanState.REFUSED:
            sums[Reason(span.reason).label] += span.claimed_seconds
    return sorted(sums.items(), key=lambda pair: -pair[1])


def check_against_log() -> Iterator[evidence.Finding]:
    """Recomputes credited seconds from the log alone and names every row of the ledger that differs.

    Holds three sums against it: ``Coverage`` per enrolment and unit, ``Span`` per enrolment, unit or lesson and day,
    and ``Day``. Entries that are not sequenced yet count as well; they committed with the rows.
    """
    online: dict[tuple[int, int], int] = defaultdict(int)
    by_day: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    spans: dict[tuple[int, str, int, str], int] = defaultdict(int)
    for entry in evidence.iterate_bodies(kinds=LOGGED_KINDS):
        kind, body = entry.kind, entry.body
        enrolment, day, seconds = body["enrolment"], body["day"], body["seconds"]
        if kind == "ledger.credited":
            online[enrolment, body["unit"]] += seconds
            by_day[enrolment, day][0] += seconds
            spans[enrolment, "unit", body["unit"], day] += seconds
        else:
            by_day[enrolment, day][1] += seconds
            spans[enrolment, "line", body["line"], day] += seconds
    yield from _compare_coverage(dict(online))
    yield from _compare_days({key: (sums[0], sums[1]) for key, sums in by_day.items()})
    yield from _compare_spans(dict(spans))


def _compare_coverage(logged: dict[tuple[int, int], int]) -> Iterator[evidence.Finding]:
    for enrolment, unit, seconds in Coverage.objects.values_list("enrolment_id", "unit_id", "seconds").iterator():
        proven = logged.pop((enrolment, unit), 0)
        if seconds != proven:
            yield _finding(f"ledger_coverage：学籍 {enrolment} 单元 {unit} 记 {seconds} 秒，存证合计 {proven} 秒")
    for (enrolment, unit), proven in logged.items():
        if proven:
            yield _finding(f"ledger_coverage：学籍 {enrolment} 单元 {unit} 的记录缺失，存证合计 {proven} 秒")


def _compare_days(logged: dict[tuple[int, str], tuple[int, int]]) -> Iterator[evidence.Finding]:
    rows = Day.objects.values_list("enrolment_id", "day", "online_seconds", "offline_seconds")
    for enrolment, day, online, offline in rows.iterator():
        proven = logged.pop((enrolment, day.isoformat()), (0, 0))
        if (online, offline) != proven:
            yield _finding(
                f"ledger_day：学籍 {enrolment} 在 {day} 记线上 {online} 秒、线下 {offline} 秒，"
                f"存证合计线上 {proven[0]} 秒、线下 {proven[1]} 秒"
            )
    for (enrolment, day_text), proven in logged.items():
        if any(proven):
            yield _finding(f"ledger_day：学籍 {enrolment} 在 {day_text} 的记录缺失，存证合计 {sum(proven)} 秒")


def _compare_spans(logged: dict[tuple[int, str, int, str], int]) -> Iterator[evidence.Finding]:
    rows = Span.objects.values_list("enrolment_id", "unit_id", "line_id", "day").annotate(total=Sum("seconds"))
    for enrolment, unit, line, day, seconds in rows.order_by("enrolment_id").iterator():
        key = (enrolment, "unit", unit, day.isoformat()) if unit else (enrolment, "line", line, day.isoformat())
        proven = logged.pop(key, 0)
        if seconds != proven:
            place = f"单元 {unit}" if unit else f"课次 {line}"
            yield _finding(f"ledger_span：学籍 {enrolment} {place} 在 {day} 合计 {seconds} 秒，存证合计 {proven} 秒")
    for (enrolment, what, number, day_text), proven in logged.items():
        if proven:
            place = f"{'单元' if what == 'unit' else '课次'} {number}"
            yield _finding(f"ledger_span：学籍 {enrolment} {place} 在 {day_text} 的记录缺失，存证合计 {proven} 秒")


def _finding(text: str) -> evidence.Finding:
    return evidence.Finding(Fault.PROJECTION, text)
