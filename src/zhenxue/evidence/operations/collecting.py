"""The collector: asks every witness side by side, waits for nobody, and never holds the sequencer up.

One thread for each question that is under way does the network; everything that touches the database happens in the
caller's thread, between.
"""

import datetime as dt
import http.client
import logging
import ssl
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from zhenxue.evidence.errors import LogBroken
from zhenxue.evidence.models import Witness, WitnessTrouble
from zhenxue.evidence.operations.cosigning import Question, Reply, ask, note_silence, take
from zhenxue.evidence.queries.log import find_head
from zhenxue.kernel.straight import trusted
from zhenxue.tlog.witnessing import MAX_ANSWER_BYTES, PATH

PACE = dt.timedelta(seconds=5)  # between two questions to one witness, however fast the log grows
REFRESH = dt.timedelta(minutes=10)  # a log at rest is cosigned again, so that the time of the cosignature stays fresh
LONGEST_REST = dt.timedelta(seconds=60)  # after failures
CONNECT_SECONDS = 4.0  # for each step of the network
ANSWER_SECONDS = 8.0  # for the whole answer
MOST_AT_ONCE = 16

log = logging.getLogger("zhenxue.cosign")

type Send = Callable[[str, bytes], Reply]


@dataclass(slots=True)
class _Rest:
    """How often a witness failed in a row, and until when it is left alone."""

    failures: int
    until: dt.datetime


@dataclass(slots=True)
class _Flight:
    question: Question
    reply: Future[Reply]


def send(url: str, body: bytes) -> Reply:
    """One POST; never raises. Follows no redirect, reads no more than an answer may hold, waits no longer than said."""
    end = time.monotonic() + ANSWER_SECONDS
    parts = urlsplit(url + PATH)
    try:
        connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Reply(0, fault=_fault(error))
    try:
        connection.request("POST", parts.path, body, {"Content-Type": "text/plain; charset=utf-8"})
        answer = connection.getresponse()
        read = b""
        while part := answer.read1(8192):
            read += part
            if len(read) > MAX_ANSWER_BYTES:
                return Reply(0, fault="答复太长")
            if time.monotonic() > end:
                return Reply(0, fault="答复太慢")
        return Reply(answer.status, read)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Reply(0, fault=_fault(error))
    finally:
        connection.close()


@dataclass(slots=True)
class Collector:
    """Keeps what must be remembered between two steps; a new one starts fresh, from the database."""

    send: Send = send
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(MOST_AT_ONCE, "cosign"))
    _flights: dict[int, _Flight] = field(default_factory=dict)
    _rests: dict[int, _Rest] = field(default_factory=dict)

    def step(self, now: dt.datetime, *, everybody: bool = False) -> int:
        """Takes what came back and asks whom it is time to ask (``everybody``: all); how many are under way."""
        self._land(now)
        head = find_head()
        if head is not None:
            for witness in Witness.objects.filter(retired_at__isnull=True).order_by("pk"):
                if witness.pk not in self._flights and (everybody or self._is_due(witness, head.size, now)):
                    self._start(witness.pk, now)
        return len(self._flights)

    def collect(self, clock: Callable[[], dt.datetime]) -> None:
        """Asks everybody once, and waits until all have answered or were given up."""
        self.step(clock(), everybody=True)
        while self._flights:
            wait([flight.reply for flight in self._flights.values()], return_when=FIRST_COMPLETED)
            self._land(clock())

    def close(self) -> None:
        """Lets go; questions under way end by themselves within their time."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_due(self, witness: Witness, size: int, now: dt.datetime) -> bool:
        rest = self._rests.get(witness.pk)
        if rest is not None and now < rest.until:
            return False
        if witness.answered_at is None or rest is not None:
            return True
        if witness.asked_at is not None and now - witness.asked_at < PACE:
            return False
        return (
            witness.cosigned_size != size
            or now - witness.answered_at >= REFRESH
            or WitnessTrouble.objects.filter(witness=witness, until__isnull=True).exists()
        )

    def _start(self, witness_id: int, now: dt.datetime) -> None:
        try:
            question = ask(witness_id, now=now)
        except LogBroken:
            log.critical("no proof for a witness can be made from the stored tiles; run: zhenxue verify", exc_info=True)
            note_silence(witness_id, "本平台的存证链数据块损坏，作不出证明", now=now)
            self._tire(witness_id, now)
            return
        if question is not None:
            self._fly(question)

    def _fly(self, question: Question) -> None:
        reply = self._pool.submit(self.send, question.url, question.body)
        self._flights[question.witness_id] = _Flight(question, reply)

    def _land(self, now: dt.datetime) -> None:
        for witness_id, flight in list(self._flights.items()):
            if not flight.reply.done():
                continue
            del self._flights[witness_id]
            again = take(flight.question, flight.reply.result(), now=now)
            if again is not None:
                self._fly(again)
            elif Witness.objects.filter(pk=witness_id, answered_at=now).exists():
                self._rests.pop(witness_id, None)
            else:
                self._tire(witness_id, now)

    def _tire(self, witness_id: int, now: dt.datetime) -> None:
        before = self._rests.get(witness_id)
        failures = before.failures + 1 if before else 1
        self._rests[witness_id] = _Rest(failures, now + min(PACE * 2 ** min(failures - 1, 10), LONGEST_REST))


def collect(clock: Callable[[], dt.datetime], *, send: Send = send) -> None:
    """Asks every active witness once about the newest checkpoint, and stores what they answer."""
    collector = Collector(send)
    try:
        collector.collect(clock)
    finally:
        collector.close()


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=trusted())
    return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)


def _fault(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "连接超时"
    if isinstance(error, ConnectionRefusedError):
        return "连接被拒绝，见证服务可能没有运行"
    if isinstance(error, ssl.SSLError):
        return f"TLS 证书或连接有误：{error.reason or type(error).__name__}"
    return f"连接失败：{type(error).__name__}"
