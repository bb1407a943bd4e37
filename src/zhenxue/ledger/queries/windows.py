"""What lies in a stretch of the server's clock: what counted, what was refused, and how much may still be made good."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet, Sum

from zhenxue.kernel import clock
from zhenxue.kernel.hours import in_words
from zhenxue.ledger import coverage as arithmetic
from zhenxue.ledger.data import COUNTING, NEVER_MADE_UP, Reason, SpanState
from zhenxue.ledger.models import Coverage, Day, Span
from zhenxue.ledger.policies import daily_cap_ms
from zhenxue.training import api as training


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a counting span that lies inside a window, less what was taken back before."""

    day: date
    began_at: datetime
    ended_at: datetime
    from_ms: int
    to_ms: int
    seconds: int


@dataclass(frozen=True, slots=True)
class RefusedTime:
    """Refused seconds of a window that a correction could make good, and where their content begins."""

    seconds: int
    reason: Reason
    from_ms: int
    hopeless: Reason  # the reason of refused time in the window that never is made good; NONE where there is none


@dataclass(frozen=True, slots=True)
class Limit:
    """No more than so many seconds, with the words that say why."""

    seconds: int
    words: str


def counted_parts(enrolment_id: int, unit_id: int, since: datetime, until: datetime) -> list[Part]:
    """What counts of one unit inside ``[since, until)``, less what was withdrawn; two queries.

    Seconds of a span are spread evenly over it; parts are cut so that adjacent ones add up to the whole.
    """
    rows = _touching(Span.objects.filter(enrolment_id=enrolment_id, unit_id=unit_id), since, until)
    counting = list(rows.filter(state__in=COUNTING, seconds__gt=0).order_by("began_at", "pk"))
    return parts_of(counting, list(rows.filter(state=SpanState.WITHDRAWN).order_by("pk")), since, until)


def parts_of(counting: Iterable[Span], gone: Sequence[Span], since: datetime, until: datetime) -> list[Part]:
    """As ``counted_parts``, of spans at hand: those that count by time, and what was taken back."""
    parts = []
    for span in counting:
        later = [(one.began_at, one.ended_at) for one in gone if one.pk > span.pk]
        for start, end in _pieces(span, later, since, until):
            if seconds := _share(span, span.seconds, start, end):
                parts.append(
                    Part(
                        day=span.day,
                        began_at=span.began_at + timedelta(milliseconds=start),
                        ended_at=span.began_at + timedelta(milliseconds=end),
                        from_ms=span.from_ms + _share(span, span.to_ms - span.from_ms, 0, start),
                        to_ms=span.from_ms + _share(span, span.to_ms - span.from_ms, 0, end),
                        seconds=seconds,
                    )
                )
    return parts


def kept_content(row: Coverage, since: datetime, until: datetime) -> list[tuple[int, int]]:
    """Content that the unit's counting spans outside ``[since, until)`` reach over; two queries."""
    rows = Span.objects.filter(enrolment_id=row.enrolment_id, unit_id=row.unit_id)
    taken_back = list(rows.filter(state=SpanState.WITHDRAWN).values_list("began_at", "ended_at"))
    counting = rows.filter(state__in=COUNTING, seconds__gt=0).exclude(began_at__lt=until, ended_at__gt=since)
    return arithmetic.normal(
        (span.from_ms, span.to_ms)
        for span in counting
        if not any(start <= span.began_at and span.ended_at <= end for start, end in taken_back)
    )


def refused_in(enrolment_id: int, unit_id: int, since: datetime, until: datetime) -> RefusedTime:
    """Refused time of one unit inside ``[since, until)`` that may be made good; one query."""
    rows = _touching(Span.objects.filter(enrolment_id=enrolment_id, unit_id=unit_id), since, until)
    return refused_of(rows.filter(state=SpanState.REFUSED).order_by("began_at", "pk"), since, until)


def refused_of(refused: Iterable[Span], since: datetime, until: datetime) -> RefusedTime:
    """As ``refused_in``, of refused spans at hand, by time."""
    seconds, reason, from_ms, hopeless = 0, Reason.NONE, None, Reason.NONE
    for span in refused:
        if Reason(span.reason) in NEVER_MADE_UP:
            hopeless = Reason(span.reason)
            continue
        pieces = _pieces(span, [], since, until)
        seconds += sum(_share(span, span.claimed_seconds, start, end) for start, end in pieces)
        reason = reason or Reason(span.reason)
        from_ms = span.from_ms if from_ms is None else from_ms
    return RefusedTime(seconds, reason, from_ms or 0, hopeless)


def seconds_used(enrolment_ids: Sequence[int], since: datetime, until: datetime) -> int:
    """How many seconds of ``[since, until)`` count for these enrolments (of one person), online; one query."""
    rows = _touching(Span.objects.filter(enrolment_id__in=list(enrolment_ids)), since, until)
    return used_of(rows.exclude(seconds=0).exclude(line__isnull=False), since, until)


def used_of(online: Iterable[Span], since: datetime, until: datetime) -> int:
    """As ``seconds_used``, of one person's online spans at hand."""
    used = 0
    for span in online:
        used += sum(_share(span, span.seconds, start, end) for start, end in _pieces(span, [], since, until))
    return max(0, used)


def made_up_in(enrolment_id: int, unit_id: int, since: datetime, until: datetime) -> int:
    """Seconds of a window that were made good already and still count; two queries."""
    parts = counted_parts(enrolment_id, unit_id, since, until)
    rows = _touching(Span.objects.filter(enrolment_id=enrolment_id, unit_id=unit_id), since, until)
    return made_up_of(parts, rows.filter(state=SpanState.MADE_UP))


def made_up_of(parts: Iterable[Part], made_up: Iterable[Span]) -> int:
    """As ``made_up_in``, of counted parts and made up spans at hand."""
    booked = [(one.began_at, one.ended_at) for one in made_up]
    return sum(
        part.seconds for part in parts if any(start <= part.began_at and part.ended_at <= end for start, end in booked)
    )


def make_up_limits(
    *, enrolment: training.Enrolment, unit_id: int, unit_seconds: int, since: datetime, until: datetime
) -> list[Limit]:
    """The ceilings of what may be made good in ``[since, until)`` of one civil day, each with its words.

    Refused time where there is any (else the length of the stretch), the person's free time, the unit, the day's cap.
    """
    mine = [one.pk for one in training.list_enrolments_of_person(enrolment.person_id)] or [enrolment.pk]
    covered = Coverage.objects.filter(enrolment_id=enrolment.pk, unit_id=unit_id).first()
    return limits_of(
        since=since,
        until=until,
        refused=refused_in(enrolment.pk, unit_id, since, until),
        made_up=made_up_in(enrolment.pk, unit_id, since, until),
        used=seconds_used(mine, since, until),
        unit_left=unit_seconds - (covered.seconds if covered else 0),
        cap=daily_cap_ms(training.rules_of(enrolment.cohort)) // 1000,
        of_day=seconds_of_day(enrolment.person_id, clock.civil_day(since)),
    )


def limits_of(
    *,
    since: datetime,
    until: datetime,
    refused: RefusedTime,
    made_up: int,
    used: int,
    unit_left: int,
    cap: int,
    of_day: int,
) -> list[Limit]:
    """As ``make_up_limits``, of sums at hand; seconds throughout."""
    free = max(0, int((until - since).total_seconds()) - used)
    unit_left, day_left = max(0, unit_left), max(0, cap - of_day)
    limits = []
    if refused.seconds:
        left = max(0, refused.seconds - made_up)
        limits.append(_limit(left, "这段时间没有计入的一共 {}", "这段时间没有计入的都已经补计"))
    day = f"{clock.civil_day(since):%Y-%m-%d} 的学时"
    return [
        *limits,
        _limit(free, "这段时间里还没有计入学时的只有 {}", "这段时间都已经计入学时"),
        _limit(unit_left, "这个单元最多还能计 {}", "这个单元的学时已计满"),
        _limit(day_left, day + "离每日上限还有 {}", day + "已到每日上限"),
    ]


def _limit(seconds: int, some: str, none: str) -> Limit:
    """A limit told by ``some``, whose ``{}`` is how much is left, or by ``none`` when nothing is."""
    if seconds:
        return Limit(seconds, f"{some.format(in_words(seconds))}，补计不能超过它。")
    return Limit(0, f"{none}，不能再补计。")


def seconds_of_day(person_id: int, day: date) -> int:
    """Online seconds of a person on one civil day, over all cohorts."""
    found = Day.objects.filter(person_id=person_id, day=day).aggregate(total=Sum("online_seconds"))
    return found["total"] or 0


def touches(span: Span, since: datetime, until: datetime) -> bool:
    """Whether a span shares time with the window of one civil day, or (lasting no time at all) lies in it."""
    days = clock.civil_day(since) <= span.day <= clock.civil_day(until)
    return days and span.began_at < until and (span.ended_at > since or span.began_at >= since)


def _touching(rows: QuerySet[Span], since: datetime, until: datetime) -> QuerySet[Span]:
    """Spans that share time with the window, or (lasting no time at all) lie in it."""
    days = Q(day__gte=clock.civil_day(since), day__lte=clock.civil_day(until))
    return rows.filter(days, began_at__lt=until).filter(Q(ended_at__gt=since) | Q(began_at__gte=since))


def _pieces(
    span: Span, without: Sequence[tuple[datetime, datetime]], since: datetime, until: datetime
) -> list[tuple[int, int]]:
    """The span's milliseconds (from its beginning) inside the window, less some stretches of the clock."""
    start, end = max(0, _ms(since, span.began_at)), min(_lasted(span), _ms(until, span.began_at))
    covered = arithmetic.normal((_ms(one, span.began_at), _ms(other, span.began_at)) for one, other in without)
    if end <= start:
        return [(0, 0)] if _lasted(span) == 0 else []
    return arithmetic.new_parts(covered, start, end)


def _share(span: Span, whole: int, start: int, end: int) -> int:
    """The part of ``whole`` that falls on ``[start, end)`` milliseconds of the span, cut cumulatively."""
    lasted = _lasted(span)
    return whole * end // lasted - whole * start // lasted if lasted else whole


def _lasted(span: Span) -> int:
    return _ms(span.ended_at, span.began_at)


def _ms(moment: datetime, since: datetime) -> int:
    return (moment - since) // timedelta(milliseconds=1)
