"""How attempts stand, as their exam rooms ask again and again: read for many rooms together."""

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from django.db.models import Q

from zhenxue.exams.models import Attempt, RoomMessage
from zhenxue.kernel.clock import CIVIL_ZONE, milliseconds
from zhenxue.kernel.prepared import Prepared, padded

type Word = tuple[int, str, dt.datetime]  # number, text, moment


class Room(NamedTuple):
    """An attempt as far as its room has to know it, and whose it is."""

    attempt_id: int
    exam_id: int
    person_id: int
    started_at: dt.datetime
    deadline_at: dt.datetime
    state: str
    sequence: int
    device: str
    presence_asked_at: dt.datetime | None
    paused_at: dt.datetime | None
    words: tuple[Word, ...] = ()


_COLUMNS = ("pk", "exam_id", "enrolment__person_id", *Room._fields[3:-1])
_rooms = Prepared(lambda attempts: Attempt.objects.filter(pk__in=attempts).values_list(*_COLUMNS))
_words = Prepared(
    lambda exams, attempts: (
        RoomMessage.objects.filter(Q(attempt__in=attempts) | Q(attempt__isnull=True), exam__in=exams)
        .order_by("pk")
        .values_list("exam_id", "attempt_id", "pk", "text", "sent_at")
    )
)


def rooms_of(attempt_ids: Iterable[int]) -> dict[int, Room]:
    """The rooms of attempts, whosever they are, with what the invigilator said since each began; two queries."""
    wanted = padded(sorted(set(attempt_ids)))
    rooms = {row[0]: Room(*row) for row in _rooms(wanted)} if wanted else {}
    if rooms:
        said = _words(padded(sorted({one.exam_id for one in rooms.values()})), wanted)
        for attempt_id, room in rooms.items() if said else ():
            mine = [one for one in said if one[0] == room.exam_id and one[1] in {None, attempt_id}]
            rooms[attempt_id] = room._replace(words=tuple(one[2:] for one in mine if one[4] >= room.started_at))
    return rooms


def state_of(room: Room, device: str, now: dt.datetime) -> dict[str, object]:
    """What an exam room is told: the state, the server's clock, whether it goes on here, what it waits for, words."""
    return {
        "state": room.state,
        "server_now": milliseconds(now),
        "deadline": milliseconds(room.deadline_at),
        "sequence": room.sequence,
        "here": room.device == device,
        "messages": [
            {"number": number, "text": text, "at": f"{at.astimezone(CIVIL_ZONE):%H:%M}"}
            for number, text, at in room.words
        ],
        "presence": room.presence_asked_at is not None,
        "paused": room.paused_at is not None,
    }


@lru_cache(maxsize=20_000)
def device_digest(session_key: str) -> str:
    """A digest of a sign-in's session: an attempt keeps that of the one from which it is answered."""
    return sha256(session_key.encode()).hexdigest()
