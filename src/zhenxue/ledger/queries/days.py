"""One civil day of one enrolment: every stretch with why it counted or not, the sums, and what lies around it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Sum

from zhenxue.identity.data import Actor
from zhenxue.kernel.hours import in_words
from zhenxue.ledger.data import NEVER_MADE_UP, WAITING_STATES, CorrectionKind, Reason, SpanKind, SpanState
from zhenxue.ledger.models import Correction, Day, Span
from zhenxue.ledger.queries.corrections import list_corrections_of_day
from zhenxue.training import api as training

#: Stretches so close, of one state, reason and source, are shown as one.
NEAR = timedelta(seconds=2)


@dataclass(slots=True)
class Stretch:
    """Neighbouring spans of one state, reason, unit and source, as one line of the page."""

    state: SpanState
    reason: Reason
    kind: SpanKind
    title: str
    unit_id: int | None
    line_id: int | None
    source: str
    days_late: int
    began_at: datetime
    ended_at: datetime
    from_ms: int
    to_ms: int
    seconds: int
    claimed_seconds: int
    elsewhere: str = ""
    waiting: Correction | None = None  # that would make it up or withdraw it, and is not decided yet

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def correction_id(self) -> int | None:
        name, _, number = self.source.partition(":")
        return int(number) if name == "correction" and number.isdecimal() else None

    @property
    def session_id(self) -> int | None:
        name, _, number = self.source.partition(":")
        return int(number) if name == "study" and number.isdecimal() else None

    @property
    def shown_seconds(self) -> int:
        """Seconds that count (or no longer count); of a refusal the seconds that did not."""
        return self.claimed_seconds if self.state is SpanState.REFUSED else abs(self.seconds)

    @property
    def words(self) -> str:
        """Why, in words."""
        if self.state is SpanState.MADE_UP:
            return f"经复核补计（原来：{self.reason.label}）" if self.reason else "经复核补计"
        if self.state is SpanState.WITHDRAWN and not self.reason:
            return "经复核撤销"
        if self.state is SpanState.CREDITED and not self.reason:
            return "有学习记录" if self.kind is SpanKind.ONLINE else "出勤"
        return self.elsewhere or self.reason.label

    @property
    def late_words(self) -> str:
        """Said wherever a record was made on a later day."""
        if not self.days_late or self.source.startswith("study:"):
            return ""
        return f"课后 {self.days_late} 天补登" if self.line_id else f"{self.days_late} 天后更正"

    @property
    def clock_words(self) -> str:
        return f"{_clock(self.from_ms)}–{_clock(self.to_ms)}" if self.unit_id and self.to_ms > self.from_ms else ""

    @property
    def can_be_made_up(self) -> bool:
        """Whether one may ask that this refusal be made good."""
        return self.state is SpanState.REFUSED and self.unit_id is not None and self.reason not in NEVER_MADE_UP

    @property
    def can_be_withdrawn(self) -> bool:
        return self.state in {SpanState.CREDITED, SpanState.MADE_UP} and self.unit_id is not None and self.seconds > 0


#: What counts first, what does not last: the order of lanes and sums.
ORDER = (SpanState.CREDITED, SpanState.MADE_UP, SpanState.WITHDRAWN, SpanState.REFUSED)
TONES: dict[SpanState, str] = {
    SpanState.CREDITED: "ok",
    SpanState.MADE_UP: "proof",
    SpanState.WITHDRAWN: "bad",
    SpanState.REFUSED: "idle",
}


@dataclass(frozen=True, slots=True)
class ReasonSum:
    """Seconds of a day by state and reason; of a refusal the seconds that did not count, else those that do."""

    state: SpanState
    reason: Reason
    words: str
    seconds: int

    @property
    def tone(self) -> str:
        return TONES[self.state]


@dataclass(frozen=True, slots=True)
class DayTotals:
    """The sums of a day in seconds: ``counted`` is what stays after withdrawals (``online`` + ``offline``)."""

    credited: int
    made_up: int
    withdrawn: int
    refused: int
    online: int
    offline: int

    @property
    def counted(self) -> int:
        return self.online + self.offline


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Time of this day that counts in another cohort of the same person."""

    title: str
    seconds: int


@dataclass(frozen=True, slots=True)
class WhyDay:
    """Everything the page and the API say of one day."""

    day: date
    stretches: list[Stretch]
    spans: list[Span]
    totals: DayTotals
    sums: list[ReasonSum]
    corrections: list[Correction]
    elsewhere: list[Elsewhere]
    overlap_seconds: int
    previous: date | None
    next: date | None


def why_day(actor: Actor, enrolment: training.Enrolment, day: date) -> WhyDay:
    """One day explained; a constant number of queries. ``actor`` decides whether another cohort is named."""
    spans = _spans_of(enrolment.pk, day)
    stretches = join_stretches(spans)
    overlap = [one for one in stretches if one.reason is Reason.OVERLAP]
    elsewhere = _elsewhere(actor, enrolment, day, overlap)
    corrections = list_corrections_of_day(enrolment.pk, day)
    _mark_waiting(stretches, corrections)
    before = Span.objects.filter(enrolment=enrolment, day__lt=day).order_by("-day").values_list("day", flat=True)
    after = Span.objects.filter(enrolment=enrolment, day__gt=day).order_by("day").values_list("day", flat=True)
    return WhyDay(
        day=day,
        stretches=stretches,
        spans=spans,
        totals=totals_of(spans),
        sums=sums_of(spans),
        corrections=corrections,
        elsewhere=elsewhere,
        overlap_seconds=sum(one.claimed_seconds for one in overlap),
        previous=before.first(),
        next=after.first(),
    )


def _spans_of(enrolment_id: int, day: date) -> list[Span]:
    """Every stretch of one civil day in the order of the clock: credited, refused, withdrawn, made up."""
    rows = Span.objects.filter(enrolment_id=enrolment_id, day=day).select_related("unit", "line")
    return list(rows.order_by("began_at", "id"))


def join_stretches(spans: Iterable[Span]) -> list[Stretch]:
    """Spans as lines of a page: neighbours of one kind become one, and nothing is lost of their seconds."""
    joined: list[Stretch] = []
    last: dict[tuple[object, ...], Stretch] = {}
    for span in spans:
        key = (span.state, span.reason, span.unit_id, span.line_id, span.source, span.days_late)
        known = last.get(key)
        if known is not None and span.began_at - known.ended_at <= NEAR and span.line_id is None:
            known.ended_at = max(known.ended_at, span.ended_at)
            known.to_ms = max(known.to_ms, span.to_ms)
            known.from_ms = min(known.from_ms, span.from_ms)
            known.seconds += span.seconds
            known.claimed_seconds += span.claimed_seconds
            continue
        last[key] = Stretch(
            state=SpanState(span.state),
            reason=Reason(span.reason),
            kind=SpanKind(span.kind),
            title=span.unit.title if span.unit else span.line.title if span.line else "",
            unit_id=span.unit_id,
            line_id=span.line_id,
            source=span.source,
            days_late=span.days_late,
            began_at=span.began_at,
            ended_at=span.ended_at,
            from_ms=span.from_ms,
            to_ms=span.to_ms,
            seconds=span.seconds,
            claimed_seconds=span.claimed_seconds,
        )
        joined.append(last[key])
    return joined


def totals_of(spans: Iterable[Span]) -> DayTotals:
    """The sums of some spans."""
    by_state: dict[str, int] = defaultdict(int)
    by_kind: dict[str, int] = defaultdict(int)
    for span in spans:
        by_state[span.state] += span.claimed_seconds if span.state == SpanState.REFUSED else span.seconds
        by_kind[span.kind] += span.seconds
    return DayTotals(
        credited=by_state[SpanState.CREDITED],
        made_up=by_state[SpanState.MADE_UP],
        withdrawn=by_state[SpanState.WITHDRAWN],
        refused=by_state[SpanState.REFUSED],
        online=by_kind[SpanKind.ONLINE],
        offline=by_kind[SpanKind.OFFLINE],
    )


def sums_of(spans: Iterable[Span]) -> list[ReasonSum]:
    """Seconds by state and reason, in the order of the states, the longest first."""
    seconds: dict[tuple[SpanState, Reason], int] = defaultdict(int)
    words: dict[tuple[SpanState, Reason], str] = {}
    for one in join_stretches(spans):
        key = (one.state, one.reason)
        seconds[key] += one.claimed_seconds if one.state is SpanState.REFUSED else one.seconds
        words.setdefault(key, one.words)
    found = [ReasonSum(state, reason, words[state, reason], total) for (state, reason), total in seconds.items()]
    return sorted(found, key=lambda one: (ORDER.index(one.state), -abs(one.seconds)))


def as_json(enrolment: training.Enrolment, why: WhyDay) -> dict[str, Any]:
    """The same day for machines: seconds are whole, moments ISO 8601 with zone; every span, none joined."""
    return {
        "enrolment": enrolment.pk,
        "cohort": {"id": enrolment.cohort_id, "code": enrolment.cohort.code, "title": enrolment.cohort.title},
        "day": why.day.isoformat(),
        "time_zone": "Asia/Shanghai",
        "totals": {
            "counted": why.totals.counted,
            "online": why.totals.online,
            "offline": why.totals.offline,
            "credited": why.totals.credited,
            "made_up": why.totals.made_up,
            "withdrawn": why.totals.withdrawn,
            "refused": why.totals.refused,
        },
        "sums": [
            {"state": str(one.state), "reason": str(one.reason), "words": one.words, "seconds": one.seconds}
            for one in why.sums
        ],
        "spans": [
            {
                "id": span.pk,
                "state": span.state,
                "reason": span.reason,
                "kind": span.kind,
                "unit": span.unit_id,
                "lesson": span.line_id,
                "title": span.unit.title if span.unit else span.line.title if span.line else "",
                "began_at": span.began_at.isoformat(),
                "ended_at": span.ended_at.isoformat(),
                "from_ms": span.from_ms,
                "to_ms": span.to_ms,
                "seconds": span.seconds,
                "claimed_seconds": span.claimed_seconds,
                "source": span.source,
                "recorded_at": span.created_at.isoformat(),
                "days_late": span.days_late,
            }
            for span in why.spans
        ],
        "corrections": [
            {
                "id": one.pk,
                "kind": one.kind,
                "state": one.state,
                "unit": one.unit_id,
                "began_at": one.began_at.isoformat(),
                "ended_at": one.ended_at.isoformat(),
                "seconds": one.seconds,
                "booked_seconds": one.booked_seconds,
            }
            for one in why.corrections
        ],
        "elsewhere": [{"cohort": one.title, "seconds": one.seconds} for one in why.elsewhere],
        "overlap_seconds": why.overlap_seconds,
        "previous": why.previous.isoformat() if why.previous else None,
        "next": why.next.isoformat() if why.next else None,
    }


def _elsewhere(actor: Actor, enrolment: training.Enrolment, day: date, overlap: Sequence[Stretch]) -> list[Elsewhere]:
    """What counts that day in the person's other cohorts; overlapping stretches are told where they count instead."""
    rows = Day.objects.filter(person_id=enrolment.person_id, day=day).exclude(enrolment=enrolment)
    found = dict(rows.values_list("enrolment_id").annotate(Sum("online_seconds")))
    if not found:
        for one in overlap:
            one.elsewhere = f"这 {in_words(one.claimed_seconds)}已在本班别的单元计入，不重复计入"
        return []
    seen = training.visible_enrolments(actor).filter(pk__in=found)
    titles = {one.pk: one.cohort.title for one in seen}
    others = list(Span.objects.filter(enrolment_id__in=found, day=day, seconds__gt=0, unit__isnull=False))
    for one in overlap:
        where = next((span for span in others if _meet(span, one)), None)
        name = "本班别的单元" if where is None else f"“{titles.get(where.enrolment_id, '另一个班期')}”"
        one.elsewhere = f"这 {in_words(one.claimed_seconds)}已计入{name}，同一时间不重复计入"
    return [Elsewhere(titles.get(pk, "另一个班期"), seconds) for pk, seconds in sorted(found.items()) if seconds]


def _mark_waiting(stretches: Iterable[Stretch], corrections: Iterable[Correction]) -> None:
    """Which stretches are being corrected already, so that nobody asks twice."""
    open_ones = [one for one in corrections if one.state in WAITING_STATES]
    for stretch in stretches:
        withdraws = CorrectionKind.WITHDRAW if stretch.can_be_withdrawn else None
        wanted = CorrectionKind.MAKE_UP if stretch.can_be_made_up else withdraws
        mine = (one for one in open_ones if (one.unit_id, one.kind) == (stretch.unit_id, wanted))
        stretch.waiting = next((one for one in mine if _meet(one, stretch)), None)


def _meet(one: Span | Correction, stretch: Stretch) -> bool:
    return one.began_at < stretch.ended_at and one.ended_at > stretch.began_at


def _clock(ms: int) -> str:
    return f"{ms // 60_000:02}:{ms // 1000 % 60:02}"
