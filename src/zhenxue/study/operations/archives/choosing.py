"""Which beats may leave the hot table: those of ended, settled sessions of closed cohorts, explained by their spans."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from zhenxue.kernel import clock, partitions
from zhenxue.ledger import api as ledger
from zhenxue.study.data import ArchiveState, SessionState
from zhenxue.study.models import ArchivedSession, Beat
from zhenxue.training.data import CohortState

#: Sessions read at a time.
CHUNK = 500
#: Beats and spans of a session may differ by less than this: the ledger writes whole seconds, and drops what was
#: refused for less than one.
TOLERANCE_MS = 2_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """One session's beats of the month."""

    session_id: int
    cohort_id: int
    row_count: int
    credit_ms: int


@dataclass(slots=True)
class Choice:
    """What of a month may be archived now, and why the rest may not: sessions by reason."""

    sessions: list[Chosen] = field(default_factory=list)
    held: int = 0
    restored: int = 0  # back in the table for a while; ``seal_again`` takes them out against their own file
    unsettled: int = 0
    unexplained: list[int] = field(default_factory=list)
    waiting_rows: int = 0  # beats of cohorts that run, or closed too lately

    @property
    def row_count(self) -> int:
        return sum(one.row_count for one in self.sessions)


def in_month(month: dt.date) -> Q:
    """Beats received in a civil month."""
    low, high = partitions.first_ms(month), partitions.first_ms(partitions.next_month(month))
    return Q(received_ms__gte=low, received_ms__lt=high)


def finished_months(now: dt.datetime) -> Iterator[dt.date]:
    """The months that are over and may still hold beats, oldest first."""
    found = Beat.objects.aggregate(first=Min("received_ms"), last=Max("received_ms"))
    if found["first"] is None:
        return
    current = partitions.coming_months(now)[0]
    month = partitions.month_at(found["first"])
    while month < current and month <= partitions.month_at(found["last"]):
        yield month
        month = partitions.next_month(month)


def choose(month: dt.date, *, now: dt.datetime) -> Choice:
    """Looks through the beats of a month."""
    grace = now - dt.timedelta(days=settings.ARCHIVE_GRACE_DAYS)
    closed = Q(session__enrolment__cohort__state=CohortState.CLOSED, session__enrolment__cohort__closed_at__lte=grace)
    beats = Beat.objects.filter(in_month(month))
    choice = Choice(waiting_rows=beats.exclude(closed).count())
    cohorts, enrolments = ledger.holds_in_force()
    held = Q(session__enrolment__cohort__in=cohorts) | Q(session__enrolment__in=enrolments)
    settled = Q(session__state=SessionState.ENDED, session__settled_number=F("session__number"))
    moved = ArchivedSession.objects.filter(archive__month=month, archive__state=ArchiveState.RESTORED)
    restored = Q(session__in=moved.values("session"))
    choice.restored = _sessions(beats.filter(restored))
    choice.held = _sessions(beats.filter(closed).filter(held))
    choice.unsettled = _sessions(beats.filter(closed).exclude(held).exclude(settled))
    ready = beats.filter(closed).filter(settled).exclude(held).exclude(restored)
    of_session = ready.values("session_id", "session__enrolment_id", "session__enrolment__cohort_id")
    sums = of_session.annotate(rows=Count("id"), credit=Sum("credit_ms")).order_by("session_id")
    found = sums.values_list("session_id", "session__enrolment_id", "session__enrolment__cohort_id", "rows", "credit")
    for some in batched(found.iterator(), CHUNK, strict=False):
        wrong = _unexplained({session: enrolment for session, enrolment, *_ in some})
        choice.unexplained += sorted(wrong)
        choice.sessions += [
            Chosen(session, cohort, count, credit) for session, _, cohort, count, credit in some if session not in wrong
        ]
    return choice


def _sessions(beats: QuerySet[Beat]) -> int:
    return int(beats.aggregate(found=Count("session", distinct=True))["found"])


def _unexplained(enrolment_of: dict[int, int]) -> set[int]:
    """Sessions whose spans do not account for what their beats earned: counted, or refused by the ledger."""
    earned = _earned(list(enrolment_of))
    sums = ledger.sums_of_sources(set(enrolment_of.values()))
    wrong = set()
    for session_id in enrolment_of:
        beats_ms = earned.get(session_id, 0)
        spans = sums.get(f"study:{session_id}") or ledger.SourceSums(0, 0)
        too_much = spans.credited * 1000 > beats_ms + TOLERANCE_MS
        too_little = beats_ms > (spans.credited + spans.refused) * 1000 + TOLERANCE_MS
        if too_much or too_little:
            wrong.add(session_id)
    return wrong


def _earned(session_ids: Sequence[int]) -> dict[int, int]:
    """What all beats of the sessions earned, in whatever month: those in the table and those in archives."""
    hot = Beat.objects.filter(session_id__in=session_ids).values_list("session_id").annotate(Sum("credit_ms"))
    moved = ArchivedSession.objects.filter(session_id__in=session_ids, archive__state=ArchiveState.SEALED)
    earned = dict(hot.order_by())
    for session_id, credit_ms in moved.values_list("session_id", "credit_ms"):
        earned[session_id] = earned.get(session_id, 0) + credit_ms
    return earned


def first_free_part(parts: Sequence[int]) -> int:
    """The number of the next part of a month."""
    return max(parts, default=0) + 1


def is_over(month: dt.date, now: dt.datetime) -> bool:
    """Whether the civil month has ended."""
    return clock.milliseconds(now) >= partitions.first_ms(partitions.next_month(month))
