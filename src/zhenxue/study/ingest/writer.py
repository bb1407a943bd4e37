"""Beats in groups (``kernel.ingest.groups``): each judged by the protocol and written, then answered."""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import psycopg

from zhenxue.kernel.ingest.groups import REST_SECONDS, GroupWriter, Line, Reader, Resting
from zhenxue.kernel.ingest.http import Reply
from zhenxue.ledger.data import Reason
from zhenxue.study import protocol
from zhenxue.study.ingest.answers import Answer, answer_of
from zhenxue.study.ingest.stores import Held, Row, Store, beat_row
from zhenxue.study.protocol import Claim, Decision, State, refusals

__all__ = ["DISK_FULL", "FORBIDDEN", "REST_SECONDS", "RETRY", "Reader", "Reply", "Waiting", "Writer"]

log = logging.getLogger(__name__)

SETTLE_EVERY_MS: Final = 60_000
#: Of so many sessions a process remembers where their last beat came from.
KNOWN_LIMIT: Final = 200_000
SETTLING_EVENTS: Final = frozenset({"pause", "end", "close", "hide"})
#: Answered when the beat could not be made durable: nothing was counted, the page keeps it and tries again.
RETRY: Final = (503, msgspec.json.encode({"code": "study.retry", "message": "服务器正忙，进度没有丢，马上自动重试。"}))
DISK_FULL: Final = (
    503,
    msgspec.json.encode(
        {"code": "study.disk_full", "message": "服务器存储空间不足，暂时不能计学时。进度没有丢，会自动重试，请稍等。"}
    ),
)
FORBIDDEN: Final = (
    403,
    msgspec.json.encode({"code": "study.not_yours", "message": "登录已失效，请重新登录后再学习。", "ended": True}),
)


class Waiting(msgspec.Struct, gc=False):
    """A beat on its way through the writer: what it claims, its very bytes, the two proofs it came with, whence."""

    session_id: int
    claim: Claim
    body: bytes
    proof: bytes
    sign_in_digest: str
    future: Reader | None = None
    reply: Reply = RETRY
    address: str = ""


class Judged(msgspec.Struct, gc=False):
    """What a group comes to: rows for ``Store.commit``, the sessions to settle (whether each has ended), and those with
    presence checks whose beats come from elsewhere than before (as this process knows)."""

    moved: list[Row]
    rare: list[Row]
    beats: list[Row]
    settle: list[tuple[int, bool]]
    elsewhere: dict[int, str]


class Writer(GroupWriter[Waiting, Store, Judged]):
    """Judges beats. ``open_store`` is called in each line's thread, again after a database error."""

    def __init__(
        self,
        *,
        open_store: Callable[[], Store],
        key: bytes,
        on_settle: Callable[[int, bool], None] = lambda session_id, ended: None,
        on_elsewhere: Callable[[int, str], None] = lambda session_id, address: None,
        on_stop: Callable[[], None] = lambda: None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        lines: int = 1,
    ) -> None:
        super().__init__(name="study-ingest-writer", open_store=open_store, on_stop=on_stop, lines=lines)
        self._key = key
        self._on_settle = on_settle
        self._on_elsewhere = on_elsewhere
        self._addresses: dict[int, str] = {}  # of the last beat of each session with checks; only inside ``_turn``
        self._now_ms = now_ms
        self._encoder = msgspec.json.Encoder()

    def write(self, store: Store, group: Sequence[Waiting]) -> list[tuple[int, bool]]:
        """Judges one group, writes it in one transaction and sets the replies; returns what should be settled now."""
        judged = self.judge(store, group)
        self.keep(store, judged)
        return judged.settle

    def judge(self, store: Store, group: Sequence[Waiting]) -> Judged:
        """Begins the transaction of a group and sets the replies, which hold once it is kept."""
        held = store.begin(list({waiting.session_id for waiting in group}))
        now_ms = self._now_ms()
        beats: list[Row] = []
        settle: dict[int, bool] = {}
        elsewhere: dict[int, str] = {}
        addresses = self._addresses
        if len(addresses) > KNOWN_LIMIT:
            addresses.clear()  # sessions that ended long ago; the living are asked about once more
        for waiting in group:
            session = held.get(waiting.session_id)
            if session is None or session.sign_in_digest != waiting.sign_in_digest:
                waiting.reply = FORBIDDEN
                continue
            claim = waiting.claim
            proof = protocol.check_proof(session.beat_key, waiting.body, waiting.proof)
            if protocol.is_retry(session.state, claim, proof):
                waiting.reply = (200, self._again(session, claim, now_ms))
                continue
            decision = protocol.judge_beat(session.state, claim, proof, now_ms)
            if decision.accepted:
                beats.append(beat_row(claim, decision, now_ms))
                answer = self._accept(session, claim, decision, now_ms)
                waiting.reply = (200, self._encoder.encode(answer))
                if session.state.presence_every_ms and addresses.get(waiting.session_id) != waiting.address:
                    addresses[waiting.session_id] = elsewhere[waiting.session_id] = waiting.address
                if _settle_now(session, claim, decision, answer.finished, now_ms):
                    settle[waiting.session_id] = settle.get(waiting.session_id, False) or claim.event == "close"
            else:
                session.refusals, kept = refusals.note(session.refusals, decision.reason, decision.claimed_ms, now_ms)
                session.rare = True
                if kept:
                    beats.append(beat_row(claim, decision, now_ms))
                waiting.reply = (409, self._refuse(session, decision.reason, now_ms))
        return Judged(
            [session.values() for session in held.values() if session.moved],
            [session.rare_values() for session in held.values() if session.rare],
            beats,
            list(settle.items()),
            elsewhere,
        )

    def keep(self, store: Store, judged: Judged) -> None:
        """Writes a judged group durably."""
        store.commit(judged.moved, judged.rare, judged.beats)

    def kept(self, judged: Judged) -> None:
        for session_id, ended in judged.settle:
            self._on_settle(session_id, ended)
        for session_id, address in judged.elsewhere.items():
            self._on_elsewhere(session_id, address)

    def failed(self, line: Line[Store], group: Sequence[Waiting], error: Exception) -> None:
        self._addresses.clear()  # what a beat showed that was not kept is looked at again
        super().failed(line, group, error)

    def reply_to(self, error: Exception, count: int) -> Reply:
        return _reply_to(error, count)

    def _accept(self, session: Held, claim: Claim, decision: Decision, now_ms: int) -> Answer:
        """Moves the session, opens or renews its check, and makes the answer with the next ticket."""
        state = decision.state
        if decision.answered or not (state.check_left_ms or state.check_nonce):
            state = protocol.follow_up(state, self._key, answered=decision.answered, now_ms=now_ms)
            session.rare = True
        if protocol.presence_due(state):
            state.presence_asked_ms = now_ms
            session.rare = True
        ticket = self._next_ticket(state, claim.ticket)
        state.last_ticket_digest, state.ticket_digest = state.ticket_digest, protocol.digest(ticket)
        session.state = state  # made by the judgement for this beat alone
        session.last_gained_ms, session.last_reason = decision.credit_ms, decision.reason.value
        session.moved = True
        return answer_of(session, decision.reason, ticket, decision.credit_ms, saved_at_ms=now_ms, now_ms=now_ms)

    def _refuse(self, session: Held, reason: Reason, now_ms: int) -> bytes:
        """What a beat without proof is told: how the session stands, and no ticket."""
        return self._encoder.encode(answer_of(session, reason, "", 0, saved_at_ms=now_ms, now_ms=now_ms))

    def _again(self, session: Held, claim: Claim, now_ms: int) -> bytes:
        """The answer that was lost, with the same next ticket."""
        state = session.state
        ticket = self._next_ticket(state, claim.ticket)
        reason = Reason(session.last_reason)
        return self._encoder.encode(
            answer_of(session, reason, ticket, session.last_gained_ms, saved_at_ms=state.last_beat_ms, now_ms=now_ms)
        )

    def _next_ticket(self, state: State, previous: str) -> str:
        return protocol.make_ticket(
            self._key,
            session_id=state.session_id,
            unit_id=state.unit_id,
            number=state.number + 1,
            position_ms=state.position_ms,
            previous=previous,
        )


def _reply_to(error: Exception, beats: int) -> Reply:
    """What the beats of a group that was not written are told; nothing of it was counted."""
    if isinstance(error, Resting):
        return RETRY
    if isinstance(error, sqlite3.Error | psycopg.Error):
        log.warning("a group of %d beats could not be written: %s", beats, error)
    else:
        log.error("a group of %d beats could not be written", beats, exc_info=error)
    full = isinstance(error, psycopg.errors.DiskFull) or getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
    return DISK_FULL if full else RETRY


def _settle_now(session: Held, claim: Claim, decision: Decision, finished: bool, now_ms: int) -> bool:
    """The ledger is brought up to date at a pause, at the end, when the unit or the day is full, and each minute."""
    if claim.event in SETTLING_EVENTS or decision.reason is Reason.DAILY_CAP:
        return True
    if now_ms - session.settled_ms >= SETTLE_EVERY_MS:
        session.settled_ms = now_ms
        return True
    if session.state.presence_asked_ms and decision.credit_ms:
        return True
    return finished and decision.credit_ms > 0
