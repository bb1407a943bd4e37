"""Group commit: one thread judges and writes whatever arrived while its last commit ran, then answers all of it.

There is no timer: a lone beat is committed at once, a crowd shares one fsync. A beat is answered only after the
transaction that holds it is durable.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from zhenxue.ledger.data import Reason, coverage
from zhenxue.study import protocol
from zhenxue.study.ingest.stores import Held, Row, Store
from zhenxue.study.protocol import Claim, Decision

log = logging.getLogger(__name__)

GROUP_LIMIT: Final = 2_000
WAITING_LIMIT: Final = 20_000
SETTLE_EVERY_MS: Final = 60_000
#: Answered when the beat could not be made durable: nothing was counted, the page keeps it and tries again.
RETRY: Final = (503, msgspec.json.encode({"code": "study.retry", "message": "服务器正忙，进度没有丢，马上自动重试。"}))
FORBIDDEN: Final = (
    403,
    msgspec.json.encode({"code": "study.not_yours", "message": "登录已失效，请重新登录后再学习。", "ended": True}),
)


class Answer(msgspec.Struct, gc=False):
    """What the page reads. ``saved_at_ms`` is the server's clock; seconds are whole and of the unit."""

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


class Waiting(msgspec.Struct, gc=False):
    """A beat on its way through the writer."""

    session_id: int
    claim: Claim
    sign_in_digest: str
    future: "asyncio.Future[tuple[int, bytes]] | None" = None
    reply: tuple[int, bytes] = RETRY


class Writer:
    """Owns the store and its thread. ``open_store`` is called in that thread, again after any database error."""

    def __init__(
        self,
        *,
        open_store: Callable[[], Store],
        key: bytes,
        on_settle: Callable[[int, bool], None] = lambda session_id, ended: None,
        on_stop: Callable[[], None] = lambda: None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._open_store = open_store
        self._key = key
        self._on_settle = on_settle
        self._on_stop = on_stop
        self._now_ms = now_ms
        self._encoder = msgspec.json.Encoder()
        self._waiting: deque[Waiting] = deque()
        self._arrived = threading.Event()
        self._stopping = False
        self._store: Store | None = None
        self._thread = threading.Thread(target=self._run, name="study-ingest-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.groups = 0
        self.beats = 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to write; answers are handed to this loop."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """Writes what is waiting, then ends the thread."""
        self._stopping = True
        self._arrived.set()
        self._thread.join(timeout=30)
        self._on_stop()

    def submit(self, waiting: Waiting) -> bool:
        """Queues a beat; false when too many wait already."""
        if len(self._waiting) >= WAITING_LIMIT or self._stopping:
            return False
        self._waiting.append(waiting)
        self._arrived.set()
        return True

    def _run(self) -> None:
        while True:
            self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                self._serve(self._take())
            if self._stopping:
                break
        if self._store is not None:
            self._store.close()

    def _take(self) -> list[Waiting]:
        waiting = self._waiting
        return [waiting.popleft() for _ in range(min(len(waiting), GROUP_LIMIT))]

    def _serve(self, group: list[Waiting]) -> None:
        settle: list[tuple[int, bool]] = []
        try:
            if self._store is None:
                self._store = self._open_store()
            settle = self.write(self._store, group)
        except Exception:
            log.exception("a group of %d beats could not be written", len(group))
            for waiting in group:
                waiting.reply = RETRY
            self._reopen()
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(_resolve, group)
        except RuntimeError:  # the loop has closed: nobody waits for these answers any more
            log.info("%d answers had no reader", len(group))
        for session_id, ended in settle:
            self._on_settle(session_id, ended)

    def _reopen(self) -> None:
        if self._store is not None:
            try:
                self._store.close()
            except Exception:
                log.exception("the broken store did not close")
        self._store = None

    def write(self, store: Store, group: Sequence[Waiting]) -> list[tuple[int, bool]]:
        """Judges one group, writes it in one transaction and sets the replies; returns what should be settled now."""
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
            if protocol.is_retry(session.state, claim):
                waiting.reply = (200, self._again(session, claim))
                continue
            decision = protocol.judge_beat(session.state, claim, now_ms)
            beats.append(_beat_row(claim, decision, now_ms))
            waiting.reply = (200 if decision.accepted else 409, self._apply(session, claim, decision, now_ms))
            if decision.accepted and _settle_now(session, claim, decision, now_ms):
                settle[waiting.session_id] = settle.get(waiting.session_id, False) or claim.event == "close"
        store.commit([session.values() for session in held.values() if session.moved], beats)
        self.groups += 1
        self.beats += len(beats)
        return list(settle.items())

    def _apply(self, session: Held, claim: Claim, decision: Decision, now_ms: int) -> bytes:
        """Moves the session and makes the answer."""
        state = decision.state
        answer = Answer(
            number=state.number,
            ticket="",
            reason=decision.reason.value,
            text=decision.reason.label,
            credited_seconds=state.credited_ms // 1000,
            gained_ms=decision.credit_ms,
            position_ms=state.position_ms,
            seen_to_ms=coverage.reach(state.covered),
            day_left_seconds=state.day_left_ms // 1000,
            saved_at_ms=now_ms,
            ended=state.ended,
            finished=protocol.is_finished(state),
        )
        if not decision.accepted:
            return self._encoder.encode(answer)
        session.last_answer = self._encoder.encode(answer).decode()
        answer.ticket = self._next_ticket(
            state.session_id, state.unit_id, state.number, state.position_ms, claim.ticket
        )
        session.state = msgspec.structs.replace(
            state, last_ticket_digest=state.ticket_digest, ticket_digest=protocol.digest(answer.ticket)
        )
        session.moved = True
        return self._encoder.encode(answer)

    def _again(self, session: Held, claim: Claim) -> bytes:
        """The answer that was lost, with the same next ticket."""
        answer = msgspec.json.decode(session.last_answer, type=Answer)
        state = session.state
        answer.ticket = self._next_ticket(
            state.session_id, state.unit_id, state.number, answer.position_ms, claim.ticket
        )
        answer.ended = state.ended
        return self._encoder.encode(answer)

    def _next_ticket(self, session_id: int, unit_id: int, number: int, position_ms: int, previous: str) -> str:
        return protocol.make_ticket(
            self._key,
            session_id=session_id,
            unit_id=unit_id,
            number=number + 1,
            position_ms=position_ms,
            previous=previous,
        )


def _beat_row(claim: Claim, decision: Decision, now_ms: int) -> Row:
    return (
        decision.state.session_id,
        claim.number,
        decision.accepted,
        claim.event,
        now_ms,
        decision.began_ms,
        decision.ended_ms,
        decision.from_ms,
        decision.to_ms,
        decision.claimed_ms,
        decision.credit_ms,
        claim.rate_percent,
        claim.visible,
        claim.focused,
        claim.playing,
        claim.idle_ms,
        decision.reason.value,
    )


def _settle_now(session: Held, claim: Claim, decision: Decision, now_ms: int) -> bool:
    """The ledger is brought up to date at a pause, at the end, when the unit or the day is full, and each minute."""
    if claim.event in {"pause", "end", "close", "hide"} or decision.reason is Reason.DAILY_CAP:
        return True
    if now_ms - session.settled_ms >= SETTLE_EVERY_MS:
        session.settled_ms = now_ms
        return True
    return decision.credit_ms > 0 and decision.finished


def _resolve(group: Sequence[Waiting]) -> None:
    for waiting in group:
        if waiting.future is not None and not waiting.future.done():
            waiting.future.set_result(waiting.reply)
