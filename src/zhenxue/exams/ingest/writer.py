"""Answers in groups (``kernel.ingest.groups``): each judged by the rules of ``operations.saving``, then all written and
acknowledged.

The rows of the attempts are held from reading to commit, in the order of their ids, so that numbers have no gaps and no
doubles however many processes take answers. What one answer does wrong is its own matter: it is refused alone.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import msgspec
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from zhenxue.exams.models import Answer, Attempt
from zhenxue.exams.operations.common import not_found
from zhenxue.exams.operations.saving import Message, Standing, acknowledgement, check_may_save, judge_answer, line_at
from zhenxue.exams.queries.content import contents_of
from zhenxue.identity import api as identity
from zhenxue.identity.data import Request, Role, SignIn
from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError
from zhenxue.kernel.ingest.groups import GroupWriter, Line, Reader, Resting
from zhenxue.kernel.ingest.http import Reply, problem

log = logging.getLogger(__name__)

#: How long a group may wait for the database: the page gives up an answer after 10 s and sends it again.
PATIENCE_MS: Final = 8_000
SETTINGS: Final = {
    "postgresql": (
        "SET synchronous_commit = on",
        f"SET lock_timeout = {PATIENCE_MS}",
        f"SET statement_timeout = {PATIENCE_MS}",
    ),
    "sqlite": (f"PRAGMA busy_timeout = {PATIENCE_MS}", "PRAGMA synchronous = FULL"),
}
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
class Judged:
    """What a group comes to: new answers by attempt and question, numbers each attempt used, the access log."""

    stands: dict[tuple[int, int], Standing] = field(default_factory=dict)
    used: dict[int, int] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)


class SiteStore:
    """This thread's connection of Django, with one transaction at a time."""

    def __init__(self) -> None:
        connection.close_if_unusable_or_obsolete()
        with connection.cursor() as cursor:
            for statement in SETTINGS[connection.vendor]:
                cursor.execute(statement)
        self._open: transaction.Atomic | None = None

    def begin(self) -> None:
        self._open = transaction.atomic()
        self._open.__enter__()

    def commit(self) -> None:
        """Durably before it returns."""
        found, self._open = self._open, None
        assert found is not None
        found.__exit__(None, None, None)

    def close(self) -> None:
        found, self._open = self._open, None
        try:
            if found is not None:
                transaction.set_rollback(True)
                found.__exit__(None, None, None)
        finally:
            connection.close()


class AnswerWriter(GroupWriter[Waiting, SiteStore, Judged]):
    """Judges and keeps answers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(name="exams-ingest-writer", **options)

    def judge(self, store: SiteStore, group: Sequence[Waiting]) -> Judged:
        store.begin()
        now = clock.now()
        sign_ins = identity.sign_ins_of({one.cookie for one in group if one.cookie}, now)
        attempts = _held({one.attempt_id for one in group})
        standing = _standing(group, attempts)
        judged = Judged()
        for one in group:
            sign_in, attempt = sign_ins.get(one.cookie), attempts.get(one.attempt_id)
            try:
                saved = _judge(one, sign_in, attempt, standing, judged)
                one.reply = 200, msgspec.json.encode(saved)
            except ZhenxueError as refusal:
                one.reply = refuse(refusal)
            except DatabaseError:  # the transaction is lost, and with it the group
                raise
            except Exception:
                log.exception("an answer could not be judged: attempt %d, position %d", one.attempt_id, one.position)
                one.reply = FAULT
            judged.requests.append(Request(sign_in, "POST", one.path, one.reply[0], one.address or None))
        return judged

    def keep(self, store: SiteStore, judged: Judged) -> None:
        by_count: dict[int, list[int]] = {}
        for attempt_id, count in judged.used.items():
            by_count.setdefault(count, []).append(attempt_id)
        for count, ids in by_count.items():
            Attempt.objects.filter(pk__in=ids).update(sequence=F("sequence") + count)
        Answer.objects.bulk_create(
            [
                Answer(
                    attempt_id=attempt,
                    question_id=question,
                    given=one.given,
                    sequence=one.sequence,
                    client_sequence=one.client_sequence,
                    saved_at=one.saved_at,
                )
                for (attempt, question), one in judged.stands.items()
            ],
            update_conflicts=True,
            unique_fields=["attempt", "question"],
            update_fields=["given", "sequence", "client_sequence", "saved_at"],
        )
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


def _judge(
    one: Waiting,
    sign_in: SignIn | None,
    attempt: Attempt | None,
    standing: dict[tuple[int, int], Standing],
    judged: Judged,
) -> dict[str, Any]:
    """The acknowledgement of one answer; raises what the page's form would be refused with."""
    actor = identity.check_may_ask(sign_in, PERMITTED)
    if attempt is None:
        raise not_found()
    check_may_save(actor, attempt, sha256(one.cookie.encode()).hexdigest(), one.arrived_at)
    question_id = line_at(attempt, one.position).question_id
    place = attempt.pk, question_id
    verdict = judge_answer(
        contents_of([question_id])[question_id],
        one.message.given,
        one.message.client_sequence,
        position=one.position,
        standing=standing.get(place),
        sequence=attempt.sequence,
        now=one.arrived_at,
    )
    if verdict.is_new:
        attempt.sequence = verdict.saved.sequence
        judged.used[attempt.pk] = judged.used.get(attempt.pk, 0) + 1
    if verdict.stands is not None:
        standing[place] = judged.stands[place] = verdict.stands
    return acknowledgement(verdict.saved, clock.now())


def _held(attempt_ids: set[int]) -> dict[int, Attempt]:
    """The attempts, held by this transaction in the order of their ids."""
    rows = Attempt.objects.select_for_update(of=("self",), no_key=True).select_related("enrolment")
    return {one.pk: one for one in rows.filter(pk__in=attempt_ids).order_by("pk")}


def _standing(group: Sequence[Waiting], attempts: dict[int, Attempt]) -> dict[tuple[int, int], Standing]:
    """What stands for the questions that are answered; read when the attempts are held."""
    questions = set()
    for one in group:
        attempt = attempts.get(one.attempt_id)
        if attempt is not None and 1 <= one.position <= len(attempt.sheet):
            questions.add(int(attempt.sheet[one.position - 1][0]))
    contents_of(questions)  # all at once, for the judgement of each
    rows = Answer.objects.filter(attempt__in=attempts, question__in=questions)
    columns = ("attempt_id", "question_id", "given", "sequence", "client_sequence", "saved_at")
    return {(row[0], row[1]): Standing(*row[2:]) for row in rows.values_list(*columns)}
