"""What the rules of ``integrity`` look at of study: sessions that have ended, their beats, their sign-ins."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet, Sum

from zhenxue.integrity.api import BeatFact, Owner, SessionFacts, SignInFacts
from zhenxue.kernel import clock
from zhenxue.ledger.data import Reason
from zhenxue.study import protocol
from zhenxue.study.data import Event, SessionState
from zhenxue.study.models import Beat, StudySession

#: How long ago the session may lie that another is held against beat by beat.
COMPARED_DAYS = 7
#: Sessions of less beats say too little to be held against each other.
FEWEST_BEATS = 20
COLUMNS = (
    *("pk", "person_id", "enrolment_id", "enrolment__cohort_id", "unit_id", "opened_at", "ended_at", "refusals"),
    *("device_fingerprint", "ip", "sign_in__ip", "number"),
)


def sessions_between(since: dt.datetime, until: dt.datetime) -> list[SessionFacts]:
    """Sessions that ended in ``[since, until)``, with their beats; three queries."""
    rows = list(_narrow(StudySession.objects.filter(ended_at__gte=since, ended_at__lt=until)))
    keys = [row.pk for row in rows]
    beats, keys_ahead, sums = _beats_of(keys), _keys_ahead(keys), _sums_of(keys)
    return [_facts(row, beats[row.pk], keys_ahead.get(row.pk, 0), sums.get(row.pk, (0, 0))) for row in rows]


def sessions_beside(fresh: Sequence[SessionFacts]) -> list[SessionFacts]:
    """What sessions are compared with, themselves included: the same learner's of the day, the same device's of the
    day, and the same class's of the same unit with about as many beats in the week; four queries at most."""
    if not fresh:
        return []
    known = {one.context: one for one in fresh}
    first = min(one.began_at for one in fresh)
    begin = clock.start_of_day(clock.civil_day(first))
    learners = {one.owner.enrolment_id for one in fresh}
    devices = {one.device for one in fresh if one.device}
    day = Q(opened_at__gte=begin) & (Q(enrolment_id__in=learners) | Q(device_fingerprint__in=devices))
    rivals = Q(pk__in=[])
    for one in fresh:
        if len(one.beats) >= FEWEST_BEATS:
            near = len(one.beats) // 10
            rivals |= Q(
                enrolment__cohort_id=one.owner.cohort_id,
                unit_id=one.unit_id,
                number__range=(len(one.beats) - near, len(one.beats) + near),
            )
    week = Q(opened_at__gte=first - dt.timedelta(days=COMPARED_DAYS), state=SessionState.ENDED) & rivals
    rows = [row for row in _narrow(StudySession.objects.filter(day | week)) if f"study:{row.pk}" not in known]
    compared = {(one.owner.cohort_id, one.unit_id): len(one.beats) for one in fresh if len(one.beats) >= FEWEST_BEATS}
    beats = _beats_of(row.pk for row in rows if (row.enrolment.cohort_id, row.unit_id) in compared)
    return [*fresh, *(_facts(row, beats[row.pk], 0, (0, 0)) for row in rows)]


def sign_ins_between(since: dt.datetime, until: dt.datetime) -> list[SignInFacts]:
    """The sign-ins, from the day before on, of those who studied in ``[since, until)``; two queries."""
    busy = StudySession.objects.filter(opened_at__gte=since, opened_at__lt=until).values("person_id")
    rows = StudySession.objects.filter(
        person_id__in=busy, opened_at__gte=since - dt.timedelta(days=1), opened_at__lt=until, sign_in__isnull=False
    ).select_related("sign_in", "enrolment")
    found: dict[int, SignInFacts] = {}
    for row in rows.order_by("opened_at", "pk"):
        sign_in = row.sign_in
        if sign_in is None or sign_in.pk in found:
            continue
        found[sign_in.pk] = SignInFacts(
            owner=Owner(row.person_id, row.enrolment_id, row.enrolment.cohort_id),
            began_at=sign_in.opened_at,
            ended_at=sign_in.ended_at or sign_in.seen_at,
            address=sign_in.ip or "",
            key=str(sign_in.pk),
        )
    return list(found.values())


def _narrow(rows: QuerySet[StudySession]) -> QuerySet[StudySession]:
    return rows.select_related("enrolment", "sign_in").order_by("ended_at", "pk")


def _beats_of(session_ids: Iterable[int]) -> dict[int, tuple[BeatFact, ...]]:
    """Accepted beats by session; their offsets still count from 1970."""
    found: dict[int, list[BeatFact]] = defaultdict(list)
    rows = Beat.objects.filter(session_id__in=list(session_ids), accepted=True).order_by("session_id", "number")
    columns = ("session_id", "received_ms", "event", "from_ms", "to_ms", "idle_ms")
    for session_id, received_ms, event, from_ms, to_ms, idle_ms in rows.values_list(*columns).iterator(5_000):
        found[session_id].append(BeatFact(received_ms, event, from_ms, to_ms, idle_ms))
    return defaultdict(tuple, {key: tuple(beats) for key, beats in found.items()})


def _keys_ahead(session_ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    rows = Beat.objects.filter(session_id__in=session_ids, accepted=True, reason=Reason.NO_KEY)
    for session_id in rows.values_list("session_id", flat=True):
        found[session_id] += 1
    return found


def _sums_of(session_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Milliseconds reported on while the page was out of sight, and in all."""
    rows = Beat.objects.filter(session_id__in=session_ids, accepted=True).order_by()
    sums = rows.values("session_id").annotate(
        every=Sum("ended_ms") - Sum("began_ms"),
        hidden=Sum("ended_ms", filter=_HIDDEN, default=0) - Sum("began_ms", filter=_HIDDEN, default=0),
    )
    return {row["session_id"]: (row["hidden"], row["every"]) for row in sums}


_HIDDEN = Q(visible=False) | Q(event=Event.HIDE)


def _facts(row: StudySession, beats: tuple[BeatFact, ...], keys_ahead: int, sums: tuple[int, int]) -> SessionFacts:
    opened_ms = clock.milliseconds(row.opened_at)
    return SessionFacts(
        context=f"study:{row.pk}",
        owner=Owner(row.person_id, row.enrolment_id, row.enrolment.cohort_id),
        unit_id=row.unit_id,
        began_at=row.opened_at,
        ended_at=row.ended_at or clock.at(row.last_beat_ms),
        device=row.device_fingerprint,
        address=row.ip or "",
        sign_in_address=(row.sign_in.ip or "") if row.sign_in else "",
        hidden_ms=sums[0],
        reported_ms=sums[1],
        keys_ahead=keys_ahead,
        refusals=protocol.refusals.counts(row.refusals),
        beats=tuple(
            BeatFact(one.offset_ms - opened_ms, one.event, one.from_ms, one.to_ms, one.idle_ms) for one in beats
        ),
    )
