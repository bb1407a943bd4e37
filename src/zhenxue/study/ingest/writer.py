"""Group commit: a thread judges and writes whatever arrived while the last group was written, then answers all of it.

There is no timer: a lone beat is committed at once, a crowd shares one fsync. A beat is answered only after the
transaction that holds it is durable. Where the database lets two transactions write, two lines (a thread and a
connection each) take turns: one judges its group while the other's is being written. The rows are locked from reading
to commit, so two groups with beats of one session follow each other.
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import psycopg

from zhenxue.ledger.data import Reason
from zhenxue.study import protocol
from zhenxue.study.ingest.answers import Answer, answer_of
from zhenxue.study.ingest.stores import Held, Row, Store, beat_row
from zhenxue.study.protocol import Claim, Decision, State, refusals

log = logging.getLogger(__name__)

GROUP_LIMIT: Final = 2_000
WAITING_LIMIT: Final = 20_000
SETTLE_EVERY_MS: Final = 60_000
#: Of so many sessions a process remembers where their last beat came from.
KNOWN_LIMIT: Final = 200_000
SETTLING_EVENTS: Final = frozenset({"pause", "end", "close", "hide"})
#: After a connection that could not be made, beats are answered "try again" for so long without asking once more.
REST_SECONDS: Final = 0.5
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


class Resting(Exception):
    """The database was gone a moment ago; it is not asked again yet."""


type Reply = tuple[int, bytes]


class Reader(Protocol):
    """Who waits for the answer of a beat: an ``asyncio.Future``, or what stands for one."""

    def done(self) -> bool:
        """Whether the answer came already, or nobody waits for it any more."""
        ...

    def set_result(self, reply: Reply, /) -> None:
        """The answer; called on the loop's thread, when the beat is durable."""
        ...


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


class Line:
    """One thread's connection."""

    def __init__(self) -> None:
        self.store: Store | None = None


class Writer:
    """Owns stores and their threads. ``open_store`` is called in each line's thread, again after a database error."""

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
        self._open_store = open_store
        self._key = key
        self._on_settle = on_settle
        self._on_elsewhere = on_elsewhere
        self._on_stop = on_stop
        self._addresses: dict[int, str] = {}  # of the last beat of each session with checks; only inside ``_turn``
        self._now_ms = now_ms
        self._encoder = msgspec.json.Encoder()
        self._waiting: deque[Waiting] = deque()
        self._arrived = threading.Event()
        self._waking = False
        self._stopping = False
        self._turn = threading.Lock()  # held from gathering a group until it is judged
        self._threads = [
            threading.Thread(target=self._run, name=f"study-ingest-writer-{number}", daemon=True)
            for number in range(lines)
        ]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rest_until = 0.0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to write; answers are handed to this loop."""
        self._loop = loop
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Writes what is waiting, then ends the threads."""
        self._stopping = True
        self._arrived.set()
        for thread in self._threads:
            thread.join(timeout=30)
        self._on_stop()

    def submit(self, waiting: Waiting) -> bool:
        """Queues a beat; false when too many wait already. Called on the loop's thread."""
        if len(self._waiting) >= WAITING_LIMIT or self._stopping:
            return False
        self._waiting.append(waiting)
        if not self._waking:
            self._waking = True
            assert self._loop is not None
            self._loop.call_soon(self._wake)
        return True

    def _wake(self) -> None:
        """Once a turn of the loop: all that arrived together wakes the thread one time, and makes one group."""
        self._waking = False
        self._arrived.set()

    def _run(self) -> None:
        line = Line()
        while self._serve(line):
            pass
        if line.store is not None:
            line.store.close()

    def _gather(self) -> list[Waiting]:
        """Waits for beats and takes all that are there; none when the writer stops."""
        while True:
            if not self._stopping:
                self._arrived.wait()
            self._arrived.clear()
            waiting = self._waiting
            group = [waiting.popleft() for _ in range(min(len(waiting), GROUP_LIMIT))]
            if waiting:
                self._arrived.set()
            if group or self._stopping:
                return group

    def _serve(self, line: Line) -> bool:
        """Gathers, judges, writes and answers one group; false when the writer stops."""
        judged: Judged | None = None
        failed: Exception | None = None
        with self._turn:
            group = self._gather()
            if not group:
                return False
            try:
                judged = self._judge(self._opened(line), group)
            except Exception as error:  # noqa: BLE001 - whatever it is, every beat of the group needs an answer
                failed = error
        if judged is not None and line.store is not None:
            try:
                self._keep(line.store, judged)
            except Exception as error:  # noqa: BLE001 - see above
                failed = error
        if failed is not None:
            self._addresses.clear()  # what a beat showed that was not kept is looked at again
            reply = _reply_to(failed, len(group))
            for waiting in group:
                waiting.reply = reply
            self._reopen(line)
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(_resolve, group)
        except RuntimeError:  # the loop has closed: nobody waits for these answers any more
            log.info("%d answers had no reader", len(group))
        if judged is not None and failed is None:
            for session_id, ended in judged.settle:
                self._on_settle(session_id, ended)
            for session_id, address in judged.elsewhere.items():
                self._on_elsewhere(session_id, address)
        return True

    def _opened(self, line: Line) -> Store:
        if line.store is None:
            if time.monotonic() < self._rest_until:
                raise Resting
            line.store = self._open_store()
        return line.store

    def _reopen(self, line: Line) -> None:
        """The next group tries a new connection, but a database that is gone is not asked for every group."""
        if line.store is not None:
            try:
                line.store.close()
            except Exception:
                log.exception("the broken store did not close")
        elif time.monotonic() >= self._rest_until:
            self._rest_until = time.monotonic() + REST_SECONDS
        line.store = None

    def write(self, store: Store, group: Sequence[Waiting]) -> list[tuple[int, bool]]:
        """Judges one group, writes it in one transaction and sets the replies; returns what should be settled now."""
        judged = self._judge(store, group)
        self._keep(store, judged)
        return judged.settle

    def _judge(self, store: Store, group: Sequence[Waiting]) -> Judged:
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

    def _keep(self, store: Store, judged: Judged) -> None:
        """Writes a judged group durably."""
        store.commit(judged.moved, judged.rare, judged.beats)

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


def _resolve(group: Sequence[Waiting]) -> None:
    for waiting in group:
        if waiting.future is not None and not waiting.future.done():
            waiting.future.set_result(waiting.reply)
