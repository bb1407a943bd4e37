"""The short way of a message through the web server: from uvicorn's parser to the writer and back, without a task.

uvicorn makes a scope, a request cycle and a task of every request; for a message to a lean handler that is half of all
its work. Here a plain one (HTTP/1.1, nothing waiting before it on its connection, ``LeanApp.find_plain`` knows where
it goes) passes from the parser to ``LeanApp.take``, and its answer from the writer to the connection. Whatever is not
plain takes uvicorn's way through the same handler, so both ways answer alike. Parsing, limits of headers, keep-alive,
pipelining and shutdown stay uvicorn's own.
"""

import http
import logging
from typing import Any, ClassVar, Final

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from zhenxue.kernel.ingest.app import LeanApp, Origin, Place
from zhenxue.kernel.ingest.http import HEADERS, LATER, RETRY_AFTER, Reply

log = logging.getLogger(__name__)

SCHEMES: Final = frozenset({"http", "https"})


def short_ways(*apps: LeanApp[Any]) -> type["ShortProtocol"]:
    """What ``uvicorn.Config(http=…)`` needs so that plain messages go straight to these handlers."""
    return type("ShortProtocol", (ShortProtocol,), {"apps": apps})


class NoEvent:
    """Nobody waits for the parts of a message: it is taken when it is whole."""

    def set(self) -> None:
        """Nothing to wake."""


class ShortCycle(RequestResponseCycle):
    """One message, where uvicorn keeps the cycle of a request; it reads the writer's answer as a future would."""

    message_event: Any = NoEvent()

    def __init__(self, protocol: "ShortProtocol", app: LeanApp[Any], place: Place) -> None:
        self.protocol = protocol
        self.app, self.place = app, place
        self.received = b""
        self.disconnected = False
        self.response_complete = False
        self.keep_alive = protocol.parser.should_keep_alive()

    def done(self) -> bool:
        """Whether nobody reads the answer any more."""
        return self.response_complete or self.disconnected or self.protocol.transport.is_closing()

    def set_result(self, reply: Reply, /) -> None:
        """Sends the answer."""
        protocol = self.protocol
        self.response_complete = True
        protocol.transport.write(protocol.head(reply, self.keep_alive) + reply[1])
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()


class ShortProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools with the short way; made by ``short_ways``."""

    apps: ClassVar[tuple[LeanApp[Any], ...]] = ()
    cycle: Any  # uvicorn's, or a ShortCycle; None before the first request
    #: Heads of answers by status, with the default headers (uvicorn renews them each second) that they were made of.
    _heads: ClassVar[dict[int, tuple[object, bytes]]] = {}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._short = not (self.access_log or self.root_path or self.limit_concurrency is not None)
        app = self.config.loaded_app
        self._proxies = app.trusted_hosts if isinstance(app, ProxyHeadersMiddleware) else None

    def on_message_begin(self) -> None:
        """The scope waits until it is known to be needed."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        """Here the two ways part."""
        way = self._short_way()
        if way is not None:
            self.cycle = ShortCycle(self, *way)
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if type(cycle) is not ShortCycle:
            super().on_body(body)
        elif not cycle.response_complete:
            cycle.received = cycle.received + body if cycle.received else body
            if len(cycle.received) > cycle.app.body_limit:
                cycle.set_result(cycle.app.too_large)

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if type(cycle) is not ShortCycle:
            super().on_message_complete()
        elif not cycle.response_complete:
            try:
                reply = cycle.app.take(cycle.place, self.headers, self.origin(), cycle.received, cycle)
            except Exception:
                log.exception("a message could not be taken")
                reply = cycle.app.broken
            if reply is not None:
                cycle.set_result(reply)

    def origin(self) -> Origin:
        """Whom the message is from: the peer, or whom a trusted proxy names; and the scheme that the proxy names."""
        peer, scheme = self.client[0] if self.client else "", str(self.scheme)
        host, port = self.server or ("", 0)
        if self._proxies is not None and peer in self._proxies:
            named = []
            for name, value in self.headers:
                if name == b"x-forwarded-for":
                    named.append(value)
                elif name == b"x-forwarded-proto" and (said := value.decode("latin1").strip()) in SCHEMES:
                    scheme = said
            if named:
                peer = self._proxies.get_trusted_client_address(b", ".join(named).decode("latin1"))[0] or peer
        return Origin(peer, scheme, host, port or 0)

    def head(self, reply: Reply, keep_alive: bool) -> bytes:
        """Status line and headers of an answer."""
        status, body = reply
        made_of, start = self._heads.get(status, (None, b""))
        headers = self.server_state.default_headers
        if made_of is not headers:
            lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}".encode()]
            extra = [RETRY_AFTER] if status in LATER else []
            lines += [b"%b: %b" % header for header in (*headers, *HEADERS, *extra)]
            start = b"\r\n".join([*lines, b"content-length: "])
            self._heads[status] = headers, start
        return b"%b%d%b" % (start, len(body), b"\r\n\r\n" if keep_alive else b"\r\nconnection: close\r\n\r\n")

    def _short_way(self) -> tuple[LeanApp[Any], Place] | None:
        parser, place = self.parser, None
        if not self._short:
            return None
        for app in self.apps:
            place = app.find_plain(parser.get_method(), self.url, self.headers)
            if place is not None:
                break
        if place is None or parser.get_http_version() != "1.1" or self.expect_100_continue or parser.should_upgrade():
            return None
        waits = self.pipeline or self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete)
        return None if waits else (app, place)
