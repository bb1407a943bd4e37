"""The short way of a beat through the web server: from uvicorn's parser to the writer and back, without a task.

uvicorn makes a scope, a request cycle and a task of every request; for a beat that is half of all its work. Here a
plain beat (``POST`` to ``/study/beats/<digits>``, HTTP/1.1, nothing waiting before it on its connection) goes from the
parser to ``Ingest.take``, and its answer from the writer to the connection. Whatever is not plain takes uvicorn's way
through the same ``Ingest``, so both ways answer alike. Parsing, limits of headers, keep-alive, pipelining and shutdown
stay uvicorn's own.
"""

import http
import logging
from typing import Any, ClassVar, Final

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from zhenxue.kernel.ingest.http import HEADERS, LATER, RETRY_AFTER, Reply
from zhenxue.study.ingest.app import BODY_LIMIT, TOO_LARGE, Ingest
from zhenxue.study.ingest.writer import RETRY

log = logging.getLogger(__name__)

PREFIX: Final = b"/study/beats/"
LONGEST: Final = len(PREFIX) + 18


def beat_protocol(beats: Ingest) -> type["BeatProtocol"]:
    """What ``uvicorn.Config(http=…)`` needs so that plain beats go straight to this ingest."""
    return type("BeatProtocol", (BeatProtocol,), {"beats": beats})


class NoEvent:
    """Nobody waits for the parts of a beat: it is taken when it is whole."""

    def set(self) -> None:
        """Nothing to wake."""


class BeatCycle(RequestResponseCycle):
    """One beat, where uvicorn keeps the cycle of a request; it reads the writer's answer as a future would."""

    message_event: Any = NoEvent()

    def __init__(self, protocol: "BeatProtocol") -> None:
        self.protocol = protocol
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


class BeatProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools with the short way for beats; made by ``beat_protocol``."""

    beats: ClassVar[Ingest]
    cycle: Any  # uvicorn's, or a BeatCycle; None before the first request
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
        if self._is_plain_beat():
            self.cycle = BeatCycle(self)
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if type(cycle) is not BeatCycle:
            super().on_body(body)
        elif not cycle.response_complete:
            cycle.received = cycle.received + body if cycle.received else body
            if len(cycle.received) > BODY_LIMIT:
                cycle.set_result(TOO_LARGE)

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if type(cycle) is not BeatCycle:
            super().on_message_complete()
        elif not cycle.response_complete:
            try:
                reply = self.beats.take(
                    int(self.url[len(PREFIX) :]), self.headers, self.address(), cycle.received, cycle
                )
            except Exception:
                log.exception("a beat could not be taken")
                reply = RETRY
            if reply is not None:
                cycle.set_result(reply)

    def address(self) -> str:
        """Whom the beat is from: the peer, or whom a trusted proxy names."""
        peer = self.client[0] if self.client else ""
        if self._proxies is not None and peer in self._proxies:
            named = [value for name, value in self.headers if name == b"x-forwarded-for"]
            if named:
                return self._proxies.get_trusted_client_address(b", ".join(named).decode("latin1"))[0] or peer
        return peer

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

    def _is_plain_beat(self) -> bool:
        url, parser = self.url, self.parser
        return (
            self._short
            and url.startswith(PREFIX)
            and len(url) <= LONGEST
            and url[len(PREFIX) :].isdigit()
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
        )
