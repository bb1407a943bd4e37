"""The ingest as a real HTTP server on a free loopback port, in a thread or in a process of its own."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from django.db import connections

from tests.factories.study import COOKIE, TODAY, Page, make_studying, page_of
from tests.support.postgres import free_port
from zhenxue.kernel import clock
from zhenxue.kernel.ingest.lane import short_ways
from zhenxue.study import pageside
from zhenxue.study.ingest import application, make_limits, make_writer
from zhenxue.study.ingest.app import Ingest
from zhenxue.study.models import StudySession
from zhenxue.study.protocol import Claim

START_SECONDS = 120


@dataclass
class Line:
    """Somebody's connection to the ingest."""

    port: int
    cookie: str = COOKIE
    key: bytes = b""

    def of(self, page: Page) -> "Line":
        """The line of one page, with its proof."""
        return Line(self.port, page.cookie, page.beat_key)

    def post(
        self,
        session_id: int | str,
        body: bytes | dict[str, Any] | Claim,
        *,
        key: bytes | None = None,
        content_type: str = "application/json",
        method: str = "POST",
    ) -> tuple[int, dict[str, Any]]:
        """One request, proven by ``key`` (by default that of the page the line was made for); status and answer."""
        key = self.key if key is None else key
        if isinstance(body, Claim):
            body = {name: getattr(body, name) for name in body.__struct_fields__}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": content_type}
        if key:
            headers["X-Beat-Proof"] = pageside.proof(key, raw)
        if self.cookie:
            headers["Cookie"] = f"other=1; {settings.SESSION_COOKIE_NAME}={self.cookie}"
        try:
            connection.request(method, f"/study/beats/{session_id}", raw, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


@pytest.fixture
def line(transactional_db: None) -> Iterator[Line]:
    """The ingest in a thread of this process, on the test's database, with the short way of beats (``ingest.lane``)."""
    app = Ingest(make_writer=make_writer, cookie_name=lambda: settings.SESSION_COOKIE_NAME, make_limits=make_limits)
    assert type(app) is type(application)
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="warning", lifespan="on", access_log=False, http=short_ways(app)
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    yield Line(port)
    server.should_exit = True
    thread.join(60)


@pytest.fixture
def page(transactional_db: None) -> Page:
    """An open session whose clock is the real one, ten seconds old."""
    opened = page_of(make_studying(now=TODAY), now=clock.now()).open()
    age(opened.session_id, 10)
    return opened


@dataclass
class Process:
    """The ingest as ``uvicorn zhenxue.study.ingest:application`` in its own process: plain ASGI."""

    line: Line
    popen: subprocess.Popen[bytes]

    def kill(self) -> None:
        """As a power cut would: no chance to finish anything."""
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(60)


@pytest.fixture
def process(transactional_db: None) -> Iterator[Process]:
    """The ingest in a process that may be killed."""
    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        url = f"sqlite:///{database['NAME']}"
    else:
        url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    port = free_port()
    server = [sys.executable, "-m", "uvicorn", "zhenxue.study.ingest:application"]
    popen = subprocess.Popen(
        [*server, "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "ZHENXUE_DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = Process(Line(port), popen)

    def answers() -> bool:
        assert popen.poll() is None, "the ingest process ended at once"
        with contextlib.suppress(OSError):
            return found.line.post(0, {})[0] == 403
        return False

    wait_for(answers)
    yield found
    if popen.poll() is None:
        found.kill()


def age(session_id: int, seconds: int) -> None:
    """Makes a session older, as if so much time had passed since its last beat."""
    session = StudySession.objects.get(pk=session_id)
    session.clock_ms -= seconds * 1000
    session.last_beat_ms -= seconds * 1000
    session.save(update_fields=["clock_ms", "last_beat_ms"])


def wait_for(condition: Any, seconds: float = START_SECONDS) -> None:
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)
