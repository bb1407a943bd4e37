"""The lean ASGI app that takes answers: no Django middleware, writer threads with grouped commits (see ``writer``).

``POST /exams/attempts/<attempt>/answers/<position>/`` with JSON (``saving.Message``). Whose answer it is says the
session's cookie, looked up anew with every group; the token against foreign sites is checked by Django's own code.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie
from django.middleware.csrf import CsrfViewMiddleware

from zhenxue.exams.ingest.writer import RETRY, AnswerWriter, Waiting, refuse
from zhenxue.exams.operations.saving import read_message
from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError
from zhenxue.kernel.ingest.http import Receive, Reply, Scope, Send, problem, read_body, respond
from zhenxue.kernel.ingest.limits import Limits
from zhenxue.kernel.web.errors import SessionChanged

PATH: Final = re.compile(r"/exams/attempts/([0-9]{1,18})/answers/([0-9]{1,4})/", re.ASCII)
BODY_LIMIT: Final = 256 * 1024

TOO_LARGE: Final = problem(413, "exams.too_large", "作答太长，没有保存。请缩短后再试。")
TOO_MANY: Final = problem(429, "exams.too_many", "保存太频繁，请稍等几秒，页面会自动重试。")
WRONG_HOST: Final = problem(
    422, "kernel.bad_request", "提交的内容不完整或被改动过，没有保存。请返回上一页，刷新后再试。"
)
DISK_FULL: Final = problem(
    503, "exams.disk_full", "服务器存储空间不足，这道题还没有保存。作答留在本机，会自动重试，请不要关闭页面。"
)


def takes(scope: Scope) -> bool:
    """Whether a request is an answer of the exam room's script; forms, and everything else, are Django's."""
    if scope["type"] != "http" or scope["method"] != "POST" or PATH.fullmatch(scope["path"]) is None:
        return False
    return any(name == b"content-type" and value.startswith(b"application/json") for name, value in scope["headers"])


class Answers:
    """The ASGI application. ``make_writer`` is called at start-up: each process owns its threads and connections."""

    def __init__(self, *, make_writer: Callable[[], AnswerWriter], make_limits: Callable[[], Limits] = Limits) -> None:
        self._make_writer = make_writer
        self._make_limits = make_limits
        self._limits = Limits()
        self._writer: AnswerWriter | None = None

    def start(self) -> AnswerWriter:
        """Starts the writer on the running loop (at start-up; at the latest with the first answer)."""
        if self._writer is None:
            self._limits = self._make_limits()
            self._writer = self._make_writer()
            self._writer.start(asyncio.get_running_loop())
        return self._writer

    async def stop(self) -> None:
        """Writes what waits and ends the threads."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await asyncio.get_running_loop().run_in_executor(None, writer.stop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, await self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        writer = self._writer or self.start()
        found = PATH.fullmatch(scope["path"])
        body = await read_body(receive, BODY_LIMIT)
        if body is None or found is None:
            return TOO_LARGE
        request = LeanRequest(scope)
        cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if not self._limits.allow(cookie, request.META["REMOTE_ADDR"]):
            return TOO_MANY
        if self._limits.disk_is_full():
            return DISK_FULL
        try:
            request.get_host()
            _check_token(request)
            message = read_message(body)
        except DisallowedHost:
            return WRONG_HOST
        except ZhenxueError as refusal:
            return refuse(refusal)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        waiting = Waiting(
            attempt_id=int(found[1]),
            position=int(found[2]),
            message=message,
            cookie=cookie,
            path=scope["path"],
            address=request.META["REMOTE_ADDR"],
            arrived_at=clock.now(),
            future=future,
        )
        return await future if writer.submit(waiting) else RETRY


class LeanRequest(HttpRequest):
    """As much of Django's request as its check of the token needs."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.method = "POST"
        self.path = self.path_info = scope["path"]
        self._lean_scheme = str(scope.get("scheme", "http"))
        client, server = scope.get("client"), scope.get("server")
        self.META: dict[str, Any] = {
            "REMOTE_ADDR": client[0] if client else "",
            "SERVER_NAME": server[0] if server else "",
            "SERVER_PORT": str(server[1]) if server else "",
        }
        for name, value in scope["headers"]:
            key = f"HTTP_{name.decode('latin1').upper().replace('-', '_')}"
            text = value.decode("latin1")
            self.META[key] = f"{self.META[key]},{text}" if key in self.META else text
        self.COOKIES = parse_cookie(self.META.get("HTTP_COOKIE", ""))

    def _get_scheme(self) -> str:
        return self._lean_scheme


class _Csrf(CsrfViewMiddleware):
    """Django's check; what it refuses is said by the caller."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason, status=403)


_csrf = _Csrf(lambda request: HttpResponse())


def _view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _check_token(request: HttpRequest) -> None:
    """Raises ``SessionChanged`` without the token that belongs to this browser's cookie, or from a foreign site."""
    _csrf.process_request(request)
    if _csrf.process_view(request, _view, (), {}) is not None:
        raise SessionChanged
