"""The HTTP side (c2sp.org/tlog-witness): a lean ASGI app; judging and storing happen one at a time in one thread.

``POST /add-checkpoint`` and, for monitors, ``GET /<SHA-256 of the origin in hex>/checkpoint``. Nobody signs in: a
request proves itself by the log's signature.
"""

import asyncio
import datetime as dt
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from zhenxue.tlog.cosignatures import cosign
from zhenxue.tlog.notes import Signer
from zhenxue.tlog.witnessing import MAX_REQUEST_BYTES, PATH
from zhenxue.witness.judging import TEXT_TYPE, Answer, Refused, Submission, authenticate, judge, read, say
from zhenxue.witness.store import Head, Store, known_of

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

BODY_SECONDS: Final = 10.0
MOST_WAITING: Final = 64  # requests that wait for the one thread; more are asked to come again
CHECKPOINT: Final = re.compile(r"/([0-9a-f]{64})/checkpoint")

log = logging.getLogger("zhenxue.witness")


class Witness:
    """Judge, remember, sign: the whole witness but for the network. Not for two threads at once."""

    def __init__(self, signer: Signer, store: Store, clock: Callable[[], dt.datetime]) -> None:
        self._signer = signer
        self._store = store
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to one request; what it promises is on the disk before it is returned."""
        try:
            request = read(body)
            submission = authenticate(request, self._store.keys(request.checkpoint.origin))
        except Refused as refused:
            return refused.answer
        with self._store.turn():
            return self._take(submission, int(self._clock().timestamp()))

    def find_checkpoint(self, origin_hash: str) -> Answer:
        """The newest cosigned checkpoint of a log."""
        note = self._store.find_note(origin_hash)
        return say(404, "no checkpoint of this log was cosigned") if note is None else Answer(200, note.encode())

    def _take(self, submission: Submission, at: int) -> Answer:
        shown = submission.checkpoint
        head: Head | None = self._store.head(shown.origin)
        refusal = judge(submission, known_of(head))
        if refusal is not None:
            if refusal.reason is not None:
                self._store.keep_refusal(submission, refusal.reason, head, at)
                log.warning("refused %s at size %d: %s", shown.origin, shown.size, refusal.reason)
            return refusal
        if head is not None and at < head.at:
            return say(503, "the clock is behind the last cosignature")
        line = cosign(shown.text(), self._signer, at)
        self._store.keep_head(submission, line, at)
        return Answer(200, line.encode())


class Application:
    """The ASGI application around a witness that ``open_witness`` makes at start-up, in its own thread."""

    def __init__(self, open_witness: Callable[[], Witness], close: Callable[[], None] = lambda: None) -> None:
        self._open = open_witness
        self._close = close
        self._witness: Witness | None = None
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="witness")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(scope, receive)
            headers = [
                (b"content-type", answer.content_type.encode()),
                (b"content-length", b"%d" % len(answer.body)),
                (b"cache-control", b"no-store"),
            ]
            if answer.status == 405:
                headers.append((b"allow", b"POST" if scope["path"] == PATH else b"GET, HEAD"))
            if answer.status == 503:
                headers.append((b"retry-after", b"2"))
            body = b"" if scope["method"] == "HEAD" else answer.body
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        if path == PATH:
            if method != "POST":
                return say(405, "only POST")
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await _read(receive)
            except TimeoutError:
                return say(408, "the request did not arrive in time")
            if body is None:
                return say(413, "the request is too long")
            return await self._run(lambda witness: witness.add_checkpoint(body))
        match = CHECKPOINT.fullmatch(path)
        if match is None:
            return say(404, "not found")
        if method not in {"GET", "HEAD"}:
            return say(405, "only GET")
        return await self._run(lambda witness: witness.find_checkpoint(match[1]))

    async def _run(self, work: Callable[[Witness], Answer]) -> Answer:
        witness = self._witness
        if witness is None or self._waiting >= MOST_WAITING:
            return say(503, "busy, try again")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, witness)
        except sqlite3.Error:
            log.exception("the store cannot be used")
            return say(503, "the store cannot be used")
        except Exception:
            log.exception("a request could not be answered")
            return Answer(500, b"internal error\n", TEXT_TYPE)
        finally:
            self._waiting -= 1

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._witness = await loop.run_in_executor(self._thread, self._open)
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await loop.run_in_executor(self._thread, self._close)
                self._thread.shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None as soon as it is too long."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > MAX_REQUEST_BYTES:
            return None
        if not message.get("more_body"):
            return b"".join(parts)
