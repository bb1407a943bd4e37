"""How attempts stand, told to their rooms in groups: each room asks every ten seconds, so a hall asks all the time.

Nothing is locked or written, but that a sign-in is in use, and the refusals that the access log keeps.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from django.db import InterfaceError, OperationalError

from zhenxue.exams.ingest.stores import SiteStore
from zhenxue.exams.ingest.writer import FAULT, PERMITTED, RETRY, refuse
from zhenxue.exams.queries.room import Room, device_digest, rooms_of, state_of
from zhenxue.exams.queries.scope import attempt_not_found
from zhenxue.identity import api as identity
from zhenxue.identity.data import Request, SignIn
from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError
from zhenxue.kernel.ingest.groups import GroupWriter, Reader, Resting
from zhenxue.kernel.ingest.http import Reply

log = logging.getLogger(__name__)

#: What the access log keeps of learners' reading.
LOGGED: Final = frozenset({401, 403})


class Asking(msgspec.Struct, gc=False):
    """A room that asks how its attempt stands."""

    attempt_id: int
    cookie: str
    address: str
    future: Reader | None = None
    reply: Reply = RETRY


class StateReader(GroupWriter[Asking, SiteStore, list[Request]]):
    """Answers the rooms that asked together: four queries for all of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(name="exams-ingest-states", **options)

    def judge(self, store: SiteStore, group: Sequence[Asking]) -> list[Request]:
        now = clock.now()
        requests: list[Request] = []
        sign_ins = identity.sign_ins_of({one.cookie for one in group if one.cookie}, now)
        rooms = rooms_of(one.attempt_id for one in group)
        for one in group:
            sign_in = sign_ins.get(one.cookie)
            try:
                one.reply = 200, msgspec.json.encode(_tell(one, sign_in, rooms.get(one.attempt_id), now))
            except ZhenxueError as refusal:
                one.reply = refuse(refusal)
            status, path = one.reply[0], f"/exams/attempts/{one.attempt_id}/state/"
            requests.append(Request(sign_in, "GET", path, status, one.address or None, is_logged=status in LOGGED))
        return requests

    def keep(self, store: SiteStore, judged: list[Request]) -> None:
        identity.note_requests(requests=judged, now=clock.now())

    def reply_to(self, error: Exception, count: int) -> Reply:
        if isinstance(error, Resting):
            return RETRY
        if isinstance(error, OperationalError | InterfaceError):
            log.warning("%d rooms could not be told how they stand: %s", count, error)
            return RETRY
        log.error("%d rooms could not be told how they stand", count, exc_info=error)
        return FAULT

    def kept(self, judged: list[Request]) -> None:
        """Nothing follows."""


def _tell(one: Asking, sign_in: SignIn | None, room: Room | None, now: dt.datetime) -> dict[str, object]:
    """What a room is told; raises what the page would be refused with."""
    actor = identity.check_may_ask(sign_in, PERMITTED)
    if room is None or actor.person_id != room.person_id:
        raise attempt_not_found()
    return state_of(room, device_digest(one.cookie), now)
