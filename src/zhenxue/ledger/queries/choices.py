"""Whose time of a period was refused and may be made good: the rows that a batch is picked from."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Sum

from zhenxue.catalogue.data import UnitKind
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.ledger.data import (
    COUNTING,
    NEVER_MADE_UP,
    WAITING_STATES,
    Choice,
    CorrectionKind,
    Reason,
    RowKey,
    Silent,
    SpanKind,
    SpanState,
    Window,
)
from zhenxue.ledger.models import Correction, Coverage, Day, Span
from zhenxue.ledger.policies import daily_cap_ms
from zhenxue.ledger.queries.windows import limits_of, made_up_of, parts_of, refused_of, touches, used_of
from zhenxue.training import api as training
from zhenxue.training.data import EnrolmentState


@dataclass(frozen=True, slots=True)
class Choices:
    """Whom a batch may be picked from, and the active learners of whom nothing came in the window."""

    rows: list[Choice]
    silent: list[Silent]


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What the ledger holds about the learners of a choice, read in a constant number of queries."""

    spans: Mapping[tuple[int, date], list[Span]]  # of the unit, by enrolment and day, by time
    used: Mapping[tuple[int, date], list[Span]]  # online in any cohort, by person and day
    seconds: Mapping[int, int]  # of the unit, by enrolment
    of_day: Mapping[tuple[int, date], int]  # by person and day
    waiting: Mapping[int, list[tuple[datetime, datetime]]]  # by enrolment
    unit_seconds: int
    cap: int


def units_to_make_up(cohort: training.Cohort) -> list[tuple[int, str]]:
    """Units of the plan whose time may be made good (a self-test counts by its answers), with their titles."""
    planned = training.plan_units_of(cohort)
    timed = [one for one in planned if one.unit.kind != UnitKind.SELF_TEST]
    return [(one.unit.pk, f"{one.line.title} · {one.unit.title}") for one in timed]


def window_of(window: Window, day: date) -> tuple[datetime, datetime]:
    """The two moments between which a window lies on one of its days."""
    since = datetime.combine(day, window.since, clock.CIVIL_ZONE)
    if window.until is None:
        return since, clock.start_of_day(day + timedelta(days=1))
    return since, datetime.combine(day, window.until, clock.CIVIL_ZONE)


def list_choices(
    *,
    actor: Actor,
    cohort: training.Cohort,
    window: Window,
    q: str = "",
    only: Collection[RowKey] | None = None,
) -> Choices:
    """Every learner in sight with refused time of the unit in the window, a row a day, by name; and who was silent.

    What a row would propose is the least of the ceilings of a single make-up, after the rows of the same learner that
    stand before it. ``why_not`` says why a row cannot be proposed. ``q`` keeps names that contain it, ``only`` the rows
    of these keys. The number of queries does not depend on the number of learners.
    """
    rows = training.visible_enrolments(actor).filter(cohort_id=cohort.pk)
    enrolments = list((rows.filter(person__name__icontains=q) if q else rows).order_by("person__name", "pk"))
    ledger = _read(cohort, window, enrolments)
    found = Choices([], [])
    for enrolment in enrolments:
        if enrolment.state == EnrolmentState.ACTIVE and not _has_spans(enrolment, window, ledger):
            found.silent.append(Silent(enrolment.pk, enrolment.person.name))
        left = ledger.unit_seconds - ledger.seconds.get(enrolment.pk, 0)
        for day in _days(window):
            if only is not None and (enrolment.pk, day) not in only:
                continue
            choice = _choice(enrolment, day, window, ledger, left)
            if choice is not None:
                found.rows.append(choice)
                left -= choice.seconds
    return found


def _has_spans(enrolment: training.Enrolment, window: Window, ledger: _Ledger) -> bool:
    return any(
        touches(span, *window_of(window, day))
        for day in _days(window)
        for span in ledger.spans.get((enrolment.pk, day), ())
    )


def _choice(enrolment: training.Enrolment, day: date, window: Window, ledger: _Ledger, left: int) -> Choice | None:
    since, until = window_of(window, day)
    spans = [span for span in ledger.spans.get((enrolment.pk, day), ()) if touches(span, since, until)]
    refused = [span for span in spans if span.state == SpanState.REFUSED]
    if not refused:
        return None
    open_to_it = [span for span in refused if Reason(span.reason) not in NEVER_MADE_UP]
    around = open_to_it or refused
    began = max(since, min(span.began_at for span in around))
    ended = min(until, max(span.ended_at for span in around))
    mine = refused_of(refused, began, ended)
    why_not, seconds = "", 0
    if not mine.seconds:
        why_not = f"没有计入是因为“{mine.hopeless.label}”，不能补计。" if mine.hopeless else "没有可以补计的时间。"
    elif enrolment.left_at is not None and ended > enrolment.left_at:
        why_not = "这段时间在学员退出班期之后。"
    elif any(start < ended and end > began for start, end in ledger.waiting.get(enrolment.pk, ())):
        why_not = "这段时间已有一条补计在等待处理。"
    else:
        counting = [span for span in spans if span.state in COUNTING and span.seconds > 0]
        gone = [span for span in spans if span.state == SpanState.WITHDRAWN]
        made_up = [span for span in spans if span.state == SpanState.MADE_UP]
        inside = [span for span in ledger.used.get((enrolment.person_id, day), ()) if touches(span, began, ended)]
        limits = limits_of(
            since=began,
            until=ended,
            refused=mine,
            made_up=made_up_of(parts_of(counting, gone, began, ended), made_up),
            used=used_of(inside, began, ended),
            unit_left=left,
            cap=ledger.cap,
            of_day=ledger.of_day.get((enrolment.person_id, day), 0),
        )
        tightest = min(limits, key=lambda limit: limit.seconds)
        seconds, why_not = tightest.seconds, "" if tightest.seconds else tightest.words
    return Choice(
        enrolment_id=enrolment.pk,
        name=enrolment.person.name,
        day=day,
        began_at=began,
        ended_at=ended,
        reason=mine.reason or mine.hopeless,
        claimed_seconds=mine.seconds,
        seconds=seconds,
        why_not=why_not,
    )


def _read(cohort: training.Cohort, window: Window, enrolments: list[training.Enrolment]) -> _Ledger:
    days = {"day__gte": window.first_day, "day__lte": window.last_day}
    of_unit = Span.objects.filter(enrolment__cohort_id=cohort.pk, unit_id=window.unit_id, **days)
    spans: dict[tuple[int, date], list[Span]] = defaultdict(list)
    for span in of_unit.order_by("began_at", "pk"):
        spans[span.enrolment_id, span.day].append(span)
    concerned = {number for number, _ in spans}
    people = {one.person_id for one in enrolments if one.pk in concerned}
    used: dict[tuple[int, date], list[Span]] = defaultdict(list)
    elsewhere = Span.objects.filter(enrolment__person_id__in=people, kind=SpanKind.ONLINE, **days).exclude(seconds=0)
    for span in elsewhere.select_related("enrolment"):
        used[span.enrolment.person_id, span.day].append(span)
    totals = Day.objects.filter(person_id__in=people, **days).values_list("person_id", "day")
    covered = Coverage.objects.filter(enrolment__cohort_id=cohort.pk, unit_id=window.unit_id)
    asked = Correction.objects.filter(
        enrolment__cohort_id=cohort.pk,
        unit_id=window.unit_id,
        kind=CorrectionKind.MAKE_UP,
        state__in=WAITING_STATES,
        **days,
    )
    waiting: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for enrolment_id, began_at, ended_at in asked.values_list("enrolment_id", "began_at", "ended_at"):
        waiting[enrolment_id].append((began_at, ended_at))
    unit = next(one.unit for one in training.plan_units_of(cohort) if one.unit.pk == window.unit_id)
    return _Ledger(
        spans=spans,
        used=used,
        seconds=dict(covered.values_list("enrolment_id", "seconds")),
        of_day={(person, day): total for person, day, total in totals.annotate(total=Sum("online_seconds"))},
        waiting=waiting,
        unit_seconds=unit.seconds,
        cap=daily_cap_ms(training.rules_of(cohort)) // 1000,
    )


def _days(window: Window) -> Iterator[date]:
    for number in range((window.last_day - window.first_day).days + 1):
        yield window.first_day + timedelta(days=number)
