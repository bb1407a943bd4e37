"""The record of conduct around an attempt (A20): what its page tells, and what the server sees itself.

What a page tells is a claim and decides nothing; that it tells nothing at all is written down as well.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from zhenxue.exams.data import AttemptState, ConductClaim, ConductKind
from zhenxue.exams.errors import OtherDevice
from zhenxue.exams.models import Attempt, ConductEvent, ConductStream, RoomMessage
from zhenxue.exams.operations.presence import is_at_the_door
from zhenxue.exams.policies import check_sits
from zhenxue.exams.queries.scope import attempt_not_found
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Invalid
from zhenxue.notices import api as notices

#: What a page may tell of; the rest only the server sees.
TOLD = frozenset(
    {
        *(ConductKind.OPENED, ConductKind.LEFT, ConductKind.PASTE, ConductKind.COPY, ConductKind.RESIZE),
        *(ConductKind.FULLSCREEN, ConductKind.OFFLINE),
    }
)
MOST_IN_A_BATCH = 60
#: An attempt keeps at most so many; a page that tells more tells nothing new.
MOST_EVENTS = 2_000
#: What was kept while the network was away may be so old.
OLDEST = dt.timedelta(hours=4)
LONGEST_MS = 4 * 3600 * 1000
#: A page that lives is heard of every minute; after so long it is silent.
SILENT_AFTER = dt.timedelta(minutes=3)
#: The same second device is noted once in so long.
SECOND_AGAIN = dt.timedelta(minutes=5)
NUMBERS = ("characters", "question", "width", "height", "own")


def take_conduct(
    *, actor: Actor, attempt_id: int, device: str, claims: Sequence[ConductClaim], seen: int = 0, now: dt.datetime
) -> int:
    """Keeps what a page tells, in its own order; how many events were new. A repeated batch changes nothing.

    ``seen`` is the newest message of the invigilator that was shown. Raises ``Refused``, ``AttemptEnded``,
    ``OtherDevice``, or ``Invalid`` for a batch that is too long.
    """
    if len(claims) > MOST_IN_A_BATCH:
        raise Invalid("exams.conduct_batch", "一次上报的内容太多，请刷新页面。")
    attempt = Attempt.objects.select_related("enrolment").filter(pk=attempt_id).first()
    if attempt is None:
        raise attempt_not_found()
    check_sits(actor, attempt)
    if attempt.device != device:
        raise OtherDevice
    with transaction.atomic():
        hear(attempt, now=now)
        if seen:
            mine = Q(exam=attempt.exam_id, attempt=attempt, pk__lte=seen, seen_at__isnull=True)
            RoomMessage.objects.filter(mine).update(seen_at=now)
        return _keep(attempt, claims, now)


def hear(attempt: Attempt, *, now: dt.datetime) -> None:
    """The page lives; a silence that was noted ends."""
    if ConductStream.objects.filter(attempt=attempt, silent_since__isnull=True).update(heard_at=now):
        return
    stream, _ = ConductStream.objects.get_or_create(attempt=attempt)
    if stream.silent_since is not None:
        lasted = min(int((now - stream.silent_since).total_seconds() * 1000), LONGEST_MS)
        silences = ConductEvent.objects.filter(attempt=attempt, kind=ConductKind.SILENT, lasted_ms__isnull=True)
        silences.update(lasted_ms=lasted)
    stream.heard_at, stream.silent_since = now, None
    stream.save(update_fields=["heard_at", "silent_since"])


def note_conduct(
    attempt_id: int, kind: ConductKind, *, now: dt.datetime, lasted_ms: int | None = None, **facts: Any
) -> None:
    """Writes down what the server saw itself."""
    ConductEvent.objects.create(attempt_id=attempt_id, kind=kind, at=now, lasted_ms=lasted_ms, facts=facts)


def note_second(attempt: Attempt, *, device: str, now: dt.datetime) -> None:
    """Another device shows the attempt's page and is refused; reloading it there is no new event. Who can let it in
    hears of it."""
    seconds = ConductEvent.objects.filter(
        attempt=attempt, kind=ConductKind.SECOND, at__gt=now - SECOND_AGAIN, facts__device=device[:12]
    )
    if seconds.exists():
        return
    with transaction.atomic():
        note_conduct(attempt.pk, ConductKind.SECOND, now=now, device=device[:12])
        if attempt.device:  # not let in yet
            name, exam = attempt.enrolment.person.name, attempt.exam
            notices.notify_many(
                person_ids=identity.managers_of(exam.cohort.organisation_id),
                kind="exams.room",
                title="学员要换设备考试",
                text=f"{name} 在另一台设备上打开了“{exam.title}”。确认是本人后，可以放行。",
                link=f"/exams/attempts/{attempt.pk}/room/",
                now=now,
            )


def note_check(attempt_id: int, *, check_id: int, passed: bool, now: dt.datetime) -> None:
    """A presence check of the attempt is over."""
    note_conduct(attempt_id, ConductKind.CAPTURE, now=now, check=check_id, passed=passed)


def watch_silence(*, now: dt.datetime) -> int:
    """Notes the pages that should be heard of and are not; how many were new."""
    since = now - SILENT_AFTER
    unheard = Q(stream__isnull=True) | Q(stream__silent_since__isnull=True, stream__heard_at__lt=since)
    rows = Attempt.objects.filter(
        unheard, state=AttemptState.OPEN, started_at__lt=since, deadline_at__gt=now, paused_at__isnull=True
    ).select_related("stream")
    noted = 0
    for attempt in rows:
        begun = attempt.proven_at or attempt.started_at
        stream: ConductStream | None = getattr(attempt, "stream", None)
        if is_at_the_door(attempt) or (stream is None and begun > since):
            continue
        heard = stream.heard_at if stream is not None and stream.heard_at else begun
        with transaction.atomic():
            made, is_new = ConductStream.objects.get_or_create(attempt=attempt, defaults={"silent_since": heard})
            if not is_new:
                quiet = ConductStream.objects.filter(pk=made.pk, silent_since__isnull=True, heard_at__lt=since)
                if not quiet.update(silent_since=heard):
                    continue
            note_conduct(attempt.pk, ConductKind.SILENT, now=heard)
            noted += 1
    return noted


def _keep(attempt: Attempt, claims: Sequence[ConductClaim], now: dt.datetime) -> int:
    if not claims:
        return 0
    room = MOST_EVENTS - ConductEvent.objects.filter(attempt=attempt).count()
    known = set(
        ConductEvent.objects.filter(attempt=attempt, client_sequence__in=[one.sequence for one in claims]).values_list(
            "client_sequence", flat=True
        )
    )
    fresh = {one.sequence: one for one in claims if one.sequence not in known and one.kind in TOLD}
    rows = [
        ConductEvent(
            attempt=attempt,
            kind=one.kind,
            at=max(attempt.started_at, now - min(dt.timedelta(milliseconds=max(one.ago_ms, 0)), OLDEST)),
            client_sequence=one.sequence,
            lasted_ms=None if one.lasted_ms is None else min(max(one.lasted_ms, 0), LONGEST_MS),
            facts=_plain(one.facts),
        )
        for one in list(fresh.values())[: max(room, 0)]
    ]
    ConductEvent.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _plain(facts: Mapping[str, Any]) -> dict[str, int]:
    """The known whole numbers of what a page says, within bounds; anything else is left out."""
    found = {name: facts.get(name) for name in NUMBERS}
    return {name: min(max(value, 0), 10_000_000) for name, value in found.items() if type(value) is int}
