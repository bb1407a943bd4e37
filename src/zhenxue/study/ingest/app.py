"""The lean ASGI app that answers beats: no Django middleware, msgspec, writer threads (see ``writer``).

``POST /study/beats/<session id>`` with a JSON ``protocol.Claim``. A beat proves itself by three things: the one-use
ticket of the session's last answer; ``X-Beat-Proof``, the HMAC of its very bytes under the key that the device agreed
on when the session opened; and the sign-in cookie whose digest the session was opened with. The cookie needs no
look-up, and the last beat of a closing page (``fetch`` with ``keepalive``) carries it.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from zhenxue.kernel.ingest.http import Receive, Reply, Scope, Send, find_cookie, problem, read_body, respond
from zhenxue.kernel.ingest.limits import Limits
from zhenxue.study.ingest.writer import DISK_FULL, RETRY, Reader, Waiting, Writer
from zhenxue.study.protocol import Claim, sign_in_digest

PREFIX: Final = "/study/beats/"
BODY_LIMIT: Final = 4_096
NOT_FOUND: Final = problem(404, "study.no_such_session", "没有找到这个学习会话，请回到课程页重新进入。")
NOT_POST: Final = problem(405, "study.only_post", "这个地址只接收学习心跳。")
NOT_JSON: Final = problem(415, "study.only_json", "学习心跳必须是 JSON。")
TOO_LARGE: Final = problem(413, "study.too_large", "学习心跳太大。")
MALFORMED: Final = problem(422, "study.malformed", "学习心跳的格式不对，没有计入学时。请刷新页面。")
TOO_MANY: Final = problem(429, "study.too_many", "上报太频繁，请稍等几秒，页面会自动重试。")
NO_SIGN_IN: Final = problem(401, "study.signed_out", "登录已失效，请重新登录后再学习。")


class Ingest:
    """The ASGI application. ``make_writer`` is called at start-up: each process owns its thread and connection."""

    def __init__(
        self,
        *,
        make_writer: Callable[[], Writer],
        cookie_name: Callable[[], str],
        make_limits: Callable[[], Limits] = Limits,
    ) -> None:
        self._make_writer = make_writer
        self._make_limits = make_limits
        self._cookie_name = cookie_name
        self._cookie_prefix = b""
        self._limits = Limits()
        self._writer: Writer | None = None
        self._decode = msgspec.json.Decoder(Claim).decode

    def start(self) -> Writer:
        """Starts the writer on the running loop (lifespan start-up; at the latest with the first beat)."""
        if self._writer is None:
            self._cookie_prefix = self._cookie_name().encode() + b"="
            self._limits = self._make_limits()
            self._writer = self._make_writer()
            self._writer.start(asyncio.get_running_loop())
        return self._writer

    async def stop(self) -> None:
        """Writes what waits and ends the thread (lifespan shut-down)."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await asyncio.get_running_loop().run_in_executor(None, writer.stop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await respond(send, await self._answer(scope, receive))
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    def take(
        self, session_id: int, headers: Iterable[tuple[bytes, bytes]], address: str, body: bytes, reader: Reader
    ) -> Reply | None:
        """One whole beat, on the loop's thread: the answer if it is refused at once; else the reader gets it later."""
        content_type, cookie, proof = b"", b"", b""
        for name, value in headers:
            if name == b"cookie":
                cookie = value
            elif name == b"x-beat-proof":
                proof = value
            elif name == b"content-type":
                content_type = value
        if not content_type.startswith(b"application/json"):
            return NOT_JSON
        writer = self._writer or self.start()
        key = find_cookie(cookie, self._cookie_prefix)
        if not key:
            return NO_SIGN_IN
        sign_in = sign_in_digest(key)
        if not self._limits.allow(sign_in, address):
            return TOO_MANY
        try:
            claim = self._decode(body)
        except (msgspec.DecodeError, RecursionError):
            return MALFORMED
        if self._limits.disk_is_full():
            return DISK_FULL
        return (
            None if writer.submit(Waiting(session_id, claim, body, proof, sign_in, reader, address=address)) else RETRY
        )

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        number = scope["path"].removeprefix(PREFIX).rstrip("/")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return NOT_FOUND
        if scope["method"] != "POST":
            return NOT_POST
        body = await read_body(receive, BODY_LIMIT)
        if body is None:
            return TOO_LARGE
        client = scope.get("client")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        reply = self.take(int(number), scope["headers"], client[0] if client else "", body, future)
        return await future if reply is None else reply

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
