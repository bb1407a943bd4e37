"""The few parts of HTTP that a lean handler needs."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

import msgspec

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
#: Status and JSON.
type Reply = tuple[int, bytes]

LATER: Final = frozenset({429, 503})
RETRY_AFTER: Final = (b"retry-after", b"2")
HEADERS: Final = [(b"content-type", b"application/json; charset=utf-8"), (b"cache-control", b"no-store")]


def problem(status: int, code: str, message: str) -> Reply:
    """An answer that says what is wrong; the shape is that of every JSON error of the site."""
    return status, msgspec.json.encode({"code": code, "message": message})


async def respond(send: Send, reply: Reply) -> None:
    """Sends an answer; one that says "later" says when."""
    status, body = reply
    headers = [*HEADERS, (b"content-length", b"%d" % len(body))]
    if status in LATER:
        headers.append(RETRY_AFTER)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def find_cookie(header: bytes, prefix: bytes) -> bytes:
    """The value of the cookie whose name and ``=`` are the prefix; empty if there is none."""
    parts: Iterable[bytes] = header.split(b";") if b";" in header else (header,)
    for part in parts:
        part = part.strip()
        if part.startswith(prefix):
            return part[len(prefix) :].strip(b'"')
    return b""


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """The whole body, or ``None`` for one of more than ``limit`` bytes."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        if len(body) > limit:
            return None
        message = await receive()
        body += message.get("body", b"")
    return body if len(body) <= limit else None
