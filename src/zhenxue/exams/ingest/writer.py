"""Answers in groups (``kernel.ingest.groups``): each judged by the rules of ``operations.saving``, then all written and
acknowledged.

The rows of the attempts are held from reading to commit, in the order of their ids, so that numbers have no gaps and no
doubles however many processes take answers. What one answer does wrong is its own matter: it is refused alone.
"""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from django.db import DatabaseError, InterfaceError, OperationalError

from zhenxue.exams.ingest.stores import Place, SiteStore, hold, standing_at, write
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations.saving import (
    Message,
    Standing,
    acknowledgement,
    check_may_save,
    judge_answer,
    question_at,
)
from zhenxue.exams.queries.content import Content, contents_of
from zhenxue.exams.queries.room import device_digest
from zhenxue.exams.queries.scope import attempt_not_found
from zhenxue.exams.queries.sitting import questions_on
from zhenxue.identity import api as identity
from zhenxue.identity.data import Request, Role, SignIn
from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError
from zhenxue.kernel.ingest.groups import GroupWriter, Line, Reader, Resting
from zhenxue.kernel.ingest.http import Reply, problem

log = logging.getLogger(__name__)

PERMITTED: Final = frozenset({Role.LEARNER})
#: Answered when the answer could not be made durable: the page keeps it and tries again.
RETRY: Final = problem(503, "exams.retry", "服务器正忙，这道题还没有保存。作答留在本机，马上自动重试。")
FAULT: Final = problem(500, "kernel.fault", "这不是您的操作造成的，问题已经记录。这道题还没有保存，请稍后再试。")


def refuse(refusal: ZhenxueError) -> Reply:
    """A refusal as every JSON error of the site."""
    body = {"code": refusal.code, "message": refusal.message, "fields": refusal.fields}
    return refusal.status, msgspec.json.encode(body)


class Waiting(msgspec.Struct, gc=False):
    """An answer on its way through the writer."""

    attempt_id: int
    position: int
    message: Message
    cookie: str
    path: str
    address: str
    arrived_at: dt.datetime  # what the deadline is held against
    future: Reader | None = None
    reply: Reply = RETRY


@dataclass(slots=True)
class Known:
    """What the judgement of a group looks at, read when its attempts are held."""

    sign_ins: Mapping[str, SignIn]
    attempts: Mapping[int, Attempt]
    sheets: Mapping[int, Sequence[int]]
    contents: Mapping[int, Content]
    standing: dict[Place, Standing]


@dataclass(slots=True)
class Judged:
    """What a group comes to: new answers by attempt and question, the last number of each attempt that used one, the
    access log."""

    stands: dict[Place, Standing] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)


class AnswerWriter(GroupWriter[Waiting, SiteStore, Judged]):
    """Judges and keeps answers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(name="exams-ingest-writer", **options)

    def judge(self, store: SiteStore, group: Sequence[Waiting]) -> Judged:
        store.begin()
        known = _look(group)
        judged = Judged()
        for one in group:
            try:
                one.reply = 200, msgspec.json.encode(_judge(one, known, judged))
            except ZhenxueError as refusal:
                one.reply = refuse(refusal)
            except DatabaseError:  # the transaction is lost, and with it the group
                raise
            except Exception:
                log.exception("an answer could not be judged: attempt %d, position %d", one.attempt_id, one.position)
                one.reply = FAULT
            sign_in = known.sign_ins.get(one.cookie)
            judged.requests.append(Request(sign_in, "POST", one.path, one.reply[0], one.address or None))
        return judged

    def keep(self, store: SiteStore, judged: Judged) -> None:
        write(judged.numbers, judged.stands)
        identity.note_requests(requests=judged.requests, now=clock.now())
        store.commit()

    def kept(self, judged: Judged) -> None:
        """Nothing follows: attempts whose time is over are handed in by the next page or the periodic job."""

    def failed(self, line: Line[SiteStore], group: Sequence[Waiting], error: Exception) -> None:
        """A group that the database refuses for what one answer holds is tried again, each alone."""
        is_gone = isinstance(error, OperationalError | InterfaceError | Resting)
        if is_gone or len(group) == 1:
            super().failed(line, group, error)
            return
        self.reopen(line)
        for one in group:
            try:
                store = self.opened(line)
                self.keep(store, self.judge(store, [one]))
            except Exception as caught:  # noqa: BLE001 - whatever it is, every answer needs a reply
                super().failed(line, [one], caught)

    def reply_to(self, error: Exception, count: int) -> Reply:
        if isinstance(error, Resting):
            return RETRY
        if isinstance(error, OperationalError | InterfaceError):
            log.warning("a group of %d answers could not be written: %s", count, error)
            return RETRY
        log.error("a group of %d answers could not be written", count, exc_info=error)
        return FAULT if isinstance(error, DatabaseError) else RETRY


def _look(group: Sequence[Waiting]) -> Known:
    sign_ins = identity.sign_ins_of({one.cookie for one in group if one.cookie}, clock.now())
    attempts = hold(one.attempt_id for one in group)
    sheets = questions_on(attempts.values())
    places: set[Place] = set()
    for one in group:
        questions = sheets.get(one.attempt_id, ())
        if 1 <= one.position <= len(questions):
            places.add((one.attempt_id, questions[one.position - 1]))
    contents = contents_of(question for _, question in places)
    return Known(sign_ins, attempts, sheets, contents, standing_at(places))


def _judge(one: Waiting, known: Known, judged: Judged) -> dict[str, Any]:
    """The acknowledgement of one answer; raises what the page's form would be refused with."""
    actor = identity.check_may_ask(known.sign_ins.get(one.cookie), PERMITTED)
    attempt = known.attempts.get(one.attempt_id)
    if attempt is None:
        raise attempt_not_found()
    check_may_save(actor, attempt, device_digest(one.cookie), one.arrived_at)
    question_id = question_at(known.sheets[attempt.pk], one.position)
    place = attempt.pk, question_id
    verdict = judge_answer(
        known.contents[question_id],
        one.message.given,
        one.message.client_sequence,
        position=one.position,
        standing=known.standing.get(place),
        sequence=attempt.sequence,
        now=one.arrived_at,
    )
    if verdict.is_new:
        attempt.sequence = judged.numbers[attempt.pk] = verdict.saved.sequence
    if verdict.stands is not None:
        known.standing[place] = judged.stands[place] = verdict.stands
    return acknowledgement(verdict.saved, clock.now())
