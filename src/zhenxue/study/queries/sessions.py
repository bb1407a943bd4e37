"""Study sessions: the open one, those of a day, what the hand-over page says; archives of their beats."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.ledger.data import Reason
from zhenxue.study import protocol
from zhenxue.study.data import OpenElsewhere, SessionState
from zhenxue.study.errors import NoSuchSession
from zhenxue.study.models import BeatArchive, StudySession
from zhenxue.study.policies import check_can_keep_archives


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session with what was refused in it: (words of the reason, how many beats), the most frequent first."""

    session: StudySession
    refused: list[tuple[str, int]]


def find_open_session(person_id: int) -> StudySession | None:
    """The person's open session, if any."""
    rows = StudySession.objects.select_related("unit", "enrolment__cohort")
    return rows.filter(person_id=person_id, state=SessionState.OPEN).first()


def get_session(session_id: int) -> StudySession:
    """A session with unit and cohort, or ``NoSuchSession``."""
    rows = StudySession.objects.select_related("unit__material__video", "enrolment__cohort")
    found = rows.filter(pk=session_id).first()
    if found is None:
        raise NoSuchSession
    return found


def sessions_of_day(enrolment_id: int, day: dt.date) -> list[SessionLine]:
    """Study sessions of one enrolment that were open on a civil day, in their order; one query."""
    begin = clock.start_of_day(day)
    rows = StudySession.objects.filter(enrolment_id=enrolment_id, opened_at__lt=begin + dt.timedelta(days=1))
    rows = rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=begin)).select_related("unit")
    return [SessionLine(row, _refused_in(row)) for row in rows.order_by("opened_at", "pk")]


def _refused_in(session: StudySession) -> list[tuple[str, int]]:
    counts = protocol.refusals.counts(session.refusals)
    found = [(Reason(reason).label, count) for reason, count in counts.items()]
    return sorted(found, key=lambda pair: -pair[1])


def describe_open(session: StudySession) -> OpenElsewhere:
    """What the hand-over page says about a session."""
    seen = clock.at(session.last_beat_ms)
    return OpenElsewhere(session.pk, session.unit.title, session.device, session.opened_at, seen)


def list_archives(actor: Actor) -> QuerySet[BeatArchive]:
    """Archives of raw beats; raises ``Refused`` for who may not see them."""
    check_can_keep_archives(actor)
    return BeatArchive.objects.all()
