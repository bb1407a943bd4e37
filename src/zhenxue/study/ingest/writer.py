"""Beats in groups (``kernel.ingest.groups``): each judged by the protocol and written, then answered."""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import psycopg

from zhenxue.kernel.ingest.groups import REST_SECONDS, GroupWriter, Reader, Resting
from zhenxue.kernel.ingest.http import Reply
from zhenxue.ledger.data import Reason, coverage
from zhenxue.study import protocol
from zhenxue.study.data import ENDED_WORDS
from zhenxue.study.ingest.stores import Held, Row, Store, beat_row
from zhenxue.study.protocol import Claim, Decision, State, refusals

__all__ = ["DISK_FULL", "FORBIDDEN", "REST_SECONDS", "RETRY", "Answer", "Check", "Reader", "Reply", "Waiting", "Writer"]

log = logging.getLogger(__name__)

SETTLE_EVERY_MS: Final = 60_000
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


class Check(msgspec.Struct, gc=False):
    """An open check: the page asks the learner, and the next beat brings the nonce as ``answer``."""

    nonce: str
    answer_within_ms: int


class Answer(msgspec.Struct, gc=False):
    """What the page reads. ``saved_at_ms`` is the server's clock; seconds are whole and of the unit.

    ``position_ms`` lies on the content's axis; ``seen_to_ms`` is how far a video was seen, or how much was read.
    ``ended_because`` is an ``EndReason``. With ``presence`` nothing counts before the check is passed.
    """

    number: int
    ticket: str
    reason: str
    text: str
    credited_seconds: int
    gained_ms: int
    position_ms: int
    seen_to_ms: int
    day_left_seconds: int
    saved_at_ms: int
    ended: bool
    finished: bool
    ended_because: str
    check: Check | msgspec.UnsetType = msgspec.UNSET
    presence: bool | msgspec.UnsetType = msgspec.UNSET


class Waiting(msgspec.Struct, gc=False):
    """A beat on its way through the writer: what it claims, its very bytes, and the two proofs it came with."""

    session_id: int
    claim: Claim
    body: bytes
    proof: bytes
    sign_in_digest: str
    future: Reader | None = None
    reply: Reply = RETRY


class Judged(msgspec.Struct, gc=False):
    """What a group comes to: rows for ``Store.commit``, and the sessions to settle (whether each has ended)."""

    moved: list[Row]
    rare: list[Row]
    beats: list[Row]
    settle: list[tuple[int, bool]]


class Writer(GroupWriter[Waiting, Store, Judged]):
    """Judges beats. ``open_store`` is called in each line's thread, again after a database error."""

    def __init__(
        self,
        *,
        open_store: Callable[[], Store],
        key: bytes,
        on_settle: Callable[[int, bool], None] = lambda session_id, ended: None,
        on_stop: Callable[[], None] = lambda: None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        lines: int = 1,
    ) -> None:
        super().__init__(name="study-ingest-writer", open_store=open_store, on_stop=on_stop, lines=lines)
        self._key = key
        self._on_settle = on_settle
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
        )

    def keep(self, store: Store, judged: Judged) -> None:
        """Writes a judged group durably."""
        store.commit(judged.moved, judged.rare, judged.beats)

    def kept(self, judged: Judged) -> None:
        for session_id, ended in judged.settle:
            self._on_settle(session_id, ended)

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
        return _answer(session, decision.reason, ticket, decision.credit_ms, saved_at_ms=now_ms, now_ms=now_ms)

    def _refuse(self, session: Held, reason: Reason, now_ms: int) -> bytes:
        """What a beat without proof is told: how the session stands, and no ticket."""
        return self._encoder.encode(_answer(session, reason, "", 0, saved_at_ms=now_ms, now_ms=now_ms))

    def _again(self, session: Held, claim: Claim, now_ms: int) -> bytes:
        """The answer that was lost, with the same next ticket."""
        state = session.state
        ticket = self._next_ticket(state, claim.ticket)
        reason = Reason(session.last_reason)
        return self._encoder.encode(
            _answer(session, reason, ticket, session.last_gained_ms, saved_at_ms=state.last_beat_ms, now_ms=now_ms)
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


def _answer(session: Held, reason: Reason, ticket: str, gained_ms: int, *, saved_at_ms: int, now_ms: int) -> Answer:
    state = session.state
    covered_ms = coverage.length(state.covered)
    answer = Answer(  # in the order of its fields: half the time of naming them
        state.number,
        ticket,
        reason.value,
        reason.label,
        state.credited_ms // 1000,
        gained_ms,
        state.position_ms,
        coverage.reach(state.covered) if state.paced else covered_ms,
        state.day_left_ms // 1000,
        saved_at_ms,
        state.ended,
        protocol.is_finished(state, covered_ms),
        session.end_reason,
    )
    if reason is Reason.ENDED:
        answer.text = ENDED_WORDS.get(session.end_reason, reason.label)
    if state.presence_asked_ms:
        answer.presence = True
    if state.check_nonce:
        left_ms = state.check_asked_ms + state.check_answer_ms - now_ms
        answer.check = Check(state.check_nonce, max(0, left_ms))
    return answer


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
