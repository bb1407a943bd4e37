"""What the benches of beats share: open sessions made in bulk, the systems under test, and a load of honest beats.

Only benches may go around the operations: sessions are copies of one that a learner could have opened, each with its
own sign-in, key and person; every beat then passes the whole judgement. The load keeps to the page's protocol (the
ticket of the answer before, the proof of the very bytes) and to the limit of beats per sign-in; the limit per address
is off, for all of it comes from one.
"""

import asyncio
import json
import os
import re
import time
from binascii import b2a_base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

from bench.support import ground
from bench.support.ground import ROOT, free_port, run
from zhenxue.study.protocol import proofs

TO_URL = bytes.maketrans(b"+/", b"-_")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r", re.IGNORECASE)
#: Content that one beat claims: less than the time between two beats of one session at full load.
STEP_MS = 60

PLAIN = '''
"""The plain way: one view, one transaction, one ORM insert a beat."""
import json, time
import django
django.setup()
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from zhenxue.study.models import Beat, StudySession

@csrf_exempt
def beat(request, session_id):
    claim = json.loads(request.body)
    now_ms = time.time_ns() // 1_000_000
    with transaction.atomic():
        session = StudySession.objects.select_for_update().get(pk=session_id)
        session.number += 1
        session.last_beat_ms = now_ms
        session.save(update_fields=["number", "last_beat_ms"])
        Beat.objects.create(
            session=session, number=session.number, accepted=True, event=claim["event"], received_ms=now_ms,
            began_ms=now_ms, ended_ms=now_ms, from_ms=claim["from_ms"], to_ms=claim["to_ms"], claimed_ms=0, credit_ms=0,
            rate_percent=claim["rate_percent"], visible=True, focused=True, playing=True, idle_ms=0, reason="",
        )
    answer = JsonResponse({"number": session.number, "ticket": "", "saved_at_ms": now_ms})
    answer["Content-Length"] = str(len(answer.content))
    return answer

urlpatterns = [path("study/beats/<int:session_id>", beat)]
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []
django_application = WSGIHandler()
from a2wsgi import WSGIMiddleware
application = WSGIMiddleware(django_application, workers=8)
'''

BARE = '''
"""The floor: an ASGI endpoint that writes the body as it came, in groups, and answers when it is durable."""
import asyncio, threading, time
from collections import deque
import django
django.setup()
from django.db import connections
from zhenxue.study.ingest.stores import SqliteStore, open_store

waiting, arrived, loop = deque(), threading.Event(), None

def write():
    settings = connections["default"].settings_dict
    sqlite = settings["ENGINE"].endswith("sqlite3")
    connection = open_store(settings)._connection
    connection.execute("CREATE TABLE bench_bare (body text NOT NULL)")
    while True:
        arrived.wait()
        arrived.clear()
        while waiting:
            group = [waiting.popleft() for _ in range(min(len(waiting), 2000))]
            bodies = [body for body, _ in group]
            if sqlite:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO bench_bare VALUES (?)", [(body,) for body in bodies])
                connection.execute("COMMIT")
            else:
                connection.execute("INSERT INTO bench_bare SELECT unnest(%s::text[])", (bodies,))
            loop.call_soon_threadsafe(resolve, group)

def resolve(group):
    for _, future in group:
        future.set_result(None)

ANSWER = b'{"number":1,"ticket":"","saved_at_ms":1}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]

async def application(scope, receive, send):
    global loop
    if scope["type"] != "http":
        return
    if loop is None:
        loop = asyncio.get_running_loop()
        threading.Thread(target=write, daemon=True).start()
    message = await receive()
    future = loop.create_future()
    waiting.append((message["body"].decode(), future))
    arrived.set()
    await future
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})
'''

SETUP = """
import datetime as dt, json, sys
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.factories.study import make_studying, units_of
from zhenxue.identity.models import Person
from zhenxue.kernel import clock
from zhenxue.study import protocol
from zhenxue.study.models import StudySession
now = clock.now()
running = make_studying(now=now)
enrolment, unit = running.enrolments[0], units_of(running)[0]
count = int(sys.argv[1])
now_ms = int(now.timestamp() * 1000)
people = Person.objects.bulk_create([
    Person(name="学员", citizen_number="", citizen_index=f"bench{number}", birth_date=dt.date(1990, 1, 1), gender="f",
           created_at=now) for number in range(count)], batch_size=2000)
sessions = StudySession.objects.bulk_create([
    StudySession(person=person, enrolment=enrolment, unit=unit,
        sign_in_digest=protocol.sign_in_digest(f"bench-{number}"), beat_key=f"{number:064x}", device="bench",
        opened_at=now, paced=True, unit_ms=7_200_000, finish_ms=6_840_000,
        released="[[0,7200000]]", beat_ms=10_000, max_gap_ms=60_000, max_rate_percent=100, idle_ms=600_000,
        key_lead_ms=30_000, check_min_ms=600_000, check_max_ms=1_200_000, check_answer_ms=60_000, check_left_ms=900_000,
        counts_until_ms=now_ms + 864_000_000, cap_ms=21_600_000, ticket_digest=protocol.digest("first"),
        clock_ms=now_ms, last_beat_ms=now_ms, day_end_ms=now_ms + 80_000_000, day_left_ms=21_600_000,
        settled_ms=now_ms + 3_600_000)
    for number, person in enumerate(people)], batch_size=2000)
print(json.dumps([sessions[0].pk, sessions[-1].pk]))
"""

UVICORN = ["-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--loop", "uvloop", "--http", "httptools"]
#: Ours as the scaled layout starts it, the peers under the same server.
COMMANDS = {
    "ours": ["-m", "zhenxue.config.cli", "web", "--only", "beats"],
    "plain": [*UVICORN, "bench_plain:application"],
    "bare": [*UVICORN, "bench_bare:application"],
}
COUNTS = {
    "ours": "select count(*) from study_beat",
    "plain": "select count(*) from study_beat",
    "bare": "select count(*) from bench_bare",
}


BODY = (
    b'{"number":%d,"ticket":"%b","from_ms":%d,"to_ms":%d,'
    b'"rate_percent":100,"visible":true,"focused":true,"playing":true,"event":"tick","idle_ms":1200}'
)


@dataclass(slots=True)
class Session:
    """The page's side of one open session."""

    pk: int
    cookie: str
    key: bytes
    number: int = 0
    ticket: bytes = b"first"
    head: bytes = b""
    mac: proofs.Mac = field(init=False)

    def __post_init__(self) -> None:
        self.mac = proofs.Mac(self.key)
        self.head = (
            f"POST /study/beats/{self.pk} HTTP/1.1\r\nHost: localhost\r\nCookie: zhenxue={self.cookie}\r\n"
            "Content-Type: application/json\r\nX-Beat-Proof: "
        ).encode()

    def request(self) -> bytes:
        """The next beat as it goes over the wire."""
        at = self.number * STEP_MS
        body = BODY % (self.number + 1, self.ticket, at, at + STEP_MS)
        proof = b2a_base64(self.mac.digest(body), newline=False).translate(TO_URL)
        return b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (self.head, proof[:43], len(body), body)


@dataclass
class Result:
    """What one load run saw: seconds it took, and how long each beat waited for its durable answer."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    credited: int = 0

    @property
    def answered(self) -> int:
        return len(self.waits)

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    def percentile(self, percent: int) -> float:
        """Milliseconds that so many per cent of the beats waited at most."""
        waits = sorted(self.waits)
        return waits[min(len(waits) - 1, len(waits) * percent // 100)] * 1000


class Page(asyncio.Protocol):
    """One keep-alive connection over which its sessions send in turn, each answer before the next beat."""

    def __init__(
        self, sessions: Sequence[Session], end: float, turns: int, result: Result, done: "asyncio.Future[None]"
    ) -> None:
        self.sessions, self.end, self.turns, self.result, self.done = sessions, end, turns, result, done
        self.turn = 0
        self.sent = 0.0
        self.held = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self.held = data = self.held + data if self.held else data
        split = data.find(b"\r\n\r\n")
        if split < 0:
            return
        found = LENGTH.search(data, 0, split + 2)
        if found is None or len(data) < split + 4 + int(found[1]):
            return
        body, self.held = data[split + 4 :], b""
        self.result.waits.append(time.perf_counter() - self.sent)
        if not data.startswith(b"HTTP/1.1 200"):
            self._stop(SystemExit(f"refused: {data.decode()}"))
            return
        session = self.sessions[self.turn % len(self.sessions)]
        start = body.find(b'"ticket":"') + 10
        session.number += 1
        session.ticket = body[start : body.index(b'"', start)]
        self.result.credited += b'"gained_ms":0' not in body
        self.turn += 1
        if self.turn < self.turns and self.sent < self.end:
            self._send()
        else:
            self._stop(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or SystemExit("the server closed a connection"))

    def _send(self) -> None:
        assert self.transport is not None
        request = self.sessions[self.turn % len(self.sessions)].request()
        self.sent = time.perf_counter()
        self.transport.write(request)

    def _stop(self, error: BaseException | None) -> None:
        assert self.transport is not None
        if not self.done.done():
            if error is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(error)
        self.transport.close()


def load(
    port: int, sessions: Sequence[Session], *, connections: int, seconds: float = 3600.0, turns: int = 1_000_000_000
) -> Result:
    """All sessions over so many connections, as fast as the answers come; each connection sends ``turns`` at most."""

    async def run_all() -> Result:
        loop = asyncio.get_running_loop()
        result = Result()
        began = time.perf_counter()
        ends = []
        for number in range(connections):
            done: asyncio.Future[None] = loop.create_future()
            own = sessions[number::connections]
            await loop.create_connection(
                lambda own=own, done=done: Page(own, began + seconds, turns, result, done),  # type: ignore[misc] - bound here
                "127.0.0.1",
                port,
            )
            ends.append(done)
        await asyncio.gather(*ends)
        result.seconds = time.perf_counter() - began
        return result

    return uvloop.run(run_all())


def prepare(environment: dict[str, str], count: int) -> list[Session]:
    """Migrates and makes so many open sessions."""
    first, last = json.loads(run(["-W", "ignore", "-c", SETUP, str(count)], environment).strip().splitlines()[-1])
    return [
        Session(pk, f"bench-{number}", bytes.fromhex(f"{number:064x}"))
        for number, pk in enumerate(range(first, last + 1))
    ]


def ask(environment: dict[str, str], sql: str) -> int:
    """One number from the database."""
    code = (
        "import sys, django; django.setup(); from django.db import connection; cursor = connection.cursor(); "
        "cursor.execute(sys.argv[1]); print(cursor.fetchone()[0])"
    )
    return int(run(["-W", "ignore", "-c", code, sql], environment).strip().splitlines()[-1])


@contextmanager
def server(system: str, environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A uvicorn process that serves one system; the free port it listens on, and its process id."""
    folder = Path(environment["ZHENXUE_DATA_FOLDER"])
    (folder / "bench_plain.py").write_text(PLAIN)
    (folder / "bench_bare.py").write_text(BARE)
    port = free_port()
    words = [*COMMANDS[system], "--host", "127.0.0.1", "--port", str(port)]
    child = {
        **environment,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
        "PYTHONWARNINGS": "ignore",
        "ZHENXUE_BEATS_PER_ADDRESS": "0",
    }
    with ground.server(words, child, port) as process_id:
        yield port, process_id
