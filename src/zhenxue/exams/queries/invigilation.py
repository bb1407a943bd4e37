"""Who is in the exam room and how they stand, live; a page of it in a constant number of queries."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery

from zhenxue.exams.data import AttemptState, ConductKind
from zhenxue.exams.models import Answer, Attempt, ConductEvent, Exam
from zhenxue.exams.queries.conduct import Tally, tallies_of
from zhenxue.identity.data import Actor
from zhenxue.integrity import api as integrity
from zhenxue.training import api as training
from zhenxue.training.data import EnrolmentState

#: How a learner stands, in the order of an exam.
PLACES = (
    ("absent", "未到"),
    ("door", "入场核验"),
    ("sitting", "作答中"),
    ("break", "休息"),
    ("waiting", "等待换设备"),
    ("silent", "没有上报"),
    ("handed", "已交卷"),
    ("marked", "已评分"),
    ("voided", "已作废"),
)
TONES = {"sitting": "ok", "door": "wait", "break": "wait", "waiting": "bad", "silent": "bad", "handed": "ok"}
OPEN = Q(state=AttemptState.OPEN)
DOOR = OPEN & Q(presence_asked_at__isnull=False, proven_at__isnull=True)
BREAK = OPEN & Q(paused_at__isnull=False)
WAITING = OPEN & Q(device="")
SILENT = OPEN & Q(stream__silent_since__isnull=False, paused_at__isnull=True)
CONDITIONS = {
    "door": DOOR,
    "break": BREAK,
    "waiting": WAITING,
    "silent": SILENT,
    "sitting": OPEN & ~DOOR & ~BREAK,
    "handed": Q(state=AttemptState.SUBMITTED),
    "marked": Q(state=AttemptState.MARKED),
    "voided": Q(state=AttemptState.VOIDED),
}


@dataclass(frozen=True, slots=True)
class Seat:
    """One learner of the class in an exam."""

    enrolment: training.Enrolment
    attempt: Attempt | None
    place: str
    answered: int = 0
    last_saved: dt.datetime | None = None
    tallies: tuple[Tally, ...] = ()
    wants_device: bool = False
    incidents: int = 0

    @property
    def label(self) -> str:
        return dict(PLACES)[self.place]

    @property
    def tone(self) -> str:
        return TONES.get(self.place, "idle")

    @property
    def questions(self) -> int:
        return len(self.attempt.sheet) if self.attempt else 0

    @property
    def strange(self) -> list[Tally]:
        return [one for one in self.tallies if one.is_strange]

    @property
    def presence(self) -> tuple[str, str]:
        """In a word how presence stands, with the tone of its tag; empty where nothing was asked."""
        attempt = self.attempt
        if attempt is None:
            return "", ""
        if attempt.presence_asked_at is not None and attempt.state == AttemptState.OPEN:
            return "等待核验", "wait"
        if attempt.presence_missed:
            return f"漏做 {attempt.presence_missed} 次", "bad"
        return ("已核验", "ok") if attempt.proven_at else ("", "")


def roster_of(actor: Actor, exam: Exam) -> QuerySet[training.Enrolment]:
    """The learners of the exam's class with ``attempt_id``, ``began`` and ``saves`` of their newest attempt."""
    newest = Attempt.objects.filter(exam=exam, enrolment=OuterRef("pk")).order_by("-number")
    rows = training.visible_enrolments(actor).filter(cohort=exam.cohort_id)
    seated = Attempt.objects.filter(exam=exam).values("enrolment")
    return (
        rows.filter(Q(state=EnrolmentState.ACTIVE) | Q(pk__in=seated))
        .select_related("person")
        .annotate(
            attempt_id=Subquery(newest.values("pk")[:1]),
            began=Subquery(newest.values("started_at")[:1]),
            saves=Subquery(newest.values("sequence")[:1]),
        )
    )


def in_place(rows: QuerySet[Any], exam: Exam, place: str) -> QuerySet[Any]:
    """Those of ``roster_of`` who stand so; who sits a second attempt is told by it alone."""
    if place == "absent":
        return rows.filter(attempt_id__isnull=True)
    found = Attempt.objects.filter(CONDITIONS[place], exam=exam).values("pk")
    return rows.filter(attempt_id__in=found)


def seats_of(exam: Exam, enrolments: Sequence[training.Enrolment]) -> list[Seat]:
    """The rows of a page of ``roster_of``; five queries, however many."""
    return _seats(exam, enrolments, {one.pk: getattr(one, "attempt_id", None) for one in enrolments})


def _seats(exam: Exam, enrolments: Sequence[training.Enrolment], numbers: Mapping[int, int | None]) -> list[Seat]:
    known = [number for number in numbers.values() if number]
    rows = Attempt.objects.select_related("stream").in_bulk(known)
    counts = {
        attempt: (count, last)
        for attempt, count, last in Answer.objects.filter(attempt_id__in=known)
        .exclude(given=[])
        .values_list("attempt_id")
        .annotate(Count("pk"), Max("saved_at"))
        .order_by()
    }
    tallies = tallies_of(known)
    waiting = _wanting(known)
    incidents: dict[int, int] = {}
    for one in integrity.open_incidents_of(cohort_id=exam.cohort_id):
        if one.enrolment_id is not None:
            incidents[one.enrolment_id] = incidents.get(one.enrolment_id, 0) + 1
    seats = []
    for enrolment in enrolments:
        attempt = rows.get(numbers[enrolment.pk] or 0)
        answered, last = counts.get(attempt.pk, (0, None)) if attempt else (0, None)
        seats.append(
            Seat(
                enrolment,
                attempt,
                place_of(attempt),
                answered,
                last,
                tuple(tallies.get(attempt.pk, ())) if attempt else (),
                attempt is not None and attempt.pk in waiting,
                incidents.get(enrolment.pk, 0),
            )
        )
    return seats


def seat_of(attempt: Attempt) -> Seat:
    """One attempt as a row of the room, be it the newest or not."""
    return _seats(attempt.exam, [attempt.enrolment], {attempt.enrolment_id: attempt.pk})[0]


def place_of(attempt: Attempt | None) -> str:
    """How a learner stands by their newest attempt."""
    if attempt is None:
        return "absent"
    if attempt.state != AttemptState.OPEN:
        closed = {AttemptState.SUBMITTED: "handed", AttemptState.MARKED: "marked", AttemptState.VOIDED: "voided"}
        return closed[AttemptState(attempt.state)]
    if attempt.presence_asked_at is not None and attempt.proven_at is None:
        return "door"
    if attempt.paused_at is not None:
        return "break"
    if attempt.device == "":
        return "waiting"
    stream = getattr(attempt, "stream", None)
    return "silent" if stream is not None and stream.silent_since is not None else "sitting"


@dataclass(frozen=True, slots=True)
class RoomFigures:
    """Counts over the whole room."""

    enrolled: int
    absent: int
    sitting: int
    door: int
    handed: int
    ended: int


def room_figures(exam: Exam, enrolled: int) -> RoomFigures:
    """One query."""
    counts = Attempt.objects.filter(exam=exam).aggregate(
        seated=Count("enrolment", distinct=True),
        sitting=Count("pk", filter=OPEN & ~DOOR),
        door=Count("pk", filter=DOOR),
        handed=Count("enrolment", distinct=True, filter=~OPEN),
        ended=Count("pk", filter=Q(ended_by="staff")),
    )
    absent = max(enrolled - counts["seated"], 0)
    return RoomFigures(enrolled, absent, counts["sitting"], counts["door"], counts["handed"], counts["ended"])


def _wanting(attempt_ids: Sequence[int]) -> set[int]:
    """Attempts whose page a second device showed after the last move or release: it waits to be let in."""
    seconds = ConductEvent.objects.filter(attempt_id__in=attempt_ids, attempt__state=AttemptState.OPEN)
    rows = (
        seconds.values_list("attempt_id")
        .annotate(
            asked=Max("at", filter=Q(kind=ConductKind.SECOND)),
            settled=Max("at", filter=Q(kind__in=[ConductKind.MOVED, ConductKind.RELEASED])),
        )
        .filter(asked__isnull=False)
        .filter(Q(settled__isnull=True) | Q(asked__gt=F("settled")))
        .order_by()
    )
    return {attempt for attempt, *_ in rows}
