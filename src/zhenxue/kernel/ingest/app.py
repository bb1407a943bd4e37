"""What lean handlers share: an ASGI application before a group writer, which starts and stops with the server.

A whole message comes to ``take`` in one of two ways that answer alike: as a request of ASGI, or straight from the
parser (``kernel.ingest.lane``). No Django middleware runs.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

from zhenxue.kernel.ingest.groups import GroupWriter, Reader
from zhenxue.kernel.ingest.http import Receive, Reply, Scope, Send, read_body, respond
from zhenxue.kernel.ingest.limits import Limits

type Headers = Iterable[tuple[bytes, bytes]]


class Place(NamedTuple):
    """The numbers in an address: whom or what a message is for."""

    first: int
    second: int = 0


class Origin(NamedTuple):
    """Whence a message comes (``address``), and under which scheme and at which door of the server it came in."""

    address: str
    scheme: str = "http"
    host: str = ""
    port: int = 0


class LeanApp[W: GroupWriter[Any, Any, Any]](ABC):
    """A lean handler. ``make_writer`` is called at start-up: each process owns its threads and connections."""

    body_limit: ClassVar[int]
    too_large: ClassVar[Reply]
    #: Answered when our own code fails before the message is queued.
    broken: ClassVar[Reply]

    def __init__(self, *, make_writer: Callable[[], W], make_limits: Callable[[], Limits] = Limits) -> None:
        self._make_writer = make_writer
        self._make_limits = make_limits
        self._limits = Limits()
        self._writer: W | None = None

    @abstractmethod
    def find(self, method: str, path: str) -> Place | Reply:
        """Where a request goes, or what is answered to one that goes nowhere."""

    @abstractmethod
    def find_plain(self, method: bytes, target: bytes, headers: Headers) -> Place | None:
        """Where a request goes that may take the short way; none for whatever is in any way unusual."""

    @abstractmethod
    def take(self, place: Place, headers: Headers, origin: Origin, body: bytes, reader: Reader) -> Reply | None:
        """One whole message, on the loop's thread: what is answered at once, if it is; else the reader is answered."""

    def start(self) -> W:
        """Starts the writer on the running loop (at start-up; at the latest with the first message)."""
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
        if scope["type"] == "http":
            await respond(send, await self._answer(scope, receive))
        elif scope["type"] == "lifespan":
            await lifespan([self], receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        place = self.find(scope["method"], scope["path"])
        if not isinstance(place, Place):
            return place
        body = await read_body(receive, self.body_limit)
        if body is None:
            return self.too_large
        client, server = scope.get("client") or ("", 0), scope.get("server") or ("", 0)
        origin = Origin(client[0], scope.get("scheme", "http"), server[0], server[1])
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        reply = self.take(place, scope["headers"], origin, body, future)
        return await future if reply is None else reply


async def lifespan(apps: Sequence[LeanApp[Any]], receive: Receive, send: Send) -> None:
    """Starts the handlers with the server, and lets them write what waits at its end."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            for app in apps:
                app.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            for app in reversed(apps):
                await app.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
