"""How many durable beats a second: our ingest against a plain Django view with an ORM insert, in the same run.

``python bench/beats.py [--quick] [--connections N] [--databases sqlite,postgres]``

Each system is a server process of its own on a free loopback port with its own fresh, migrated database (SQLite in WAL
with synchronous=FULL; a private PostgreSQL with fsync and synchronous_commit on). The load comes from this process:
keep-alive connections, one study session each, every beat with the ticket of the answer before it, so that every beat
passes the whole judgement. The peer is what one would write first: a Django WSGI view that decodes the JSON, reads the
session with ``select_for_update`` and inserts the beat by the ORM, each in its own transaction. Both are checked
afterwards: the table must hold every beat that was answered.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support import ground
from bench.support.ground import ROOT, cpu_seconds, database, free_port, report, run

COOKIE = "bench-sign-in"
#: Content that one beat claims: less than the time between two beats of one session at full load.
STEP_MS = 5

PEER = '''
"""The plain way: one view, one transaction, one ORM insert a beat."""
import json, time
import django
from django.conf import settings
django.setup()
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

SETUP = """
import datetime as dt, json, os, sys, time
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.factories.study import make_studying, units_of
from zhenxue.kernel import clock
from zhenxue.study import protocol
from zhenxue.study.models import StudySession
from django.conf import settings
from zhenxue.identity.models import Person
now = clock.now()
running = make_studying(now=now)
enrolment, unit = running.enrolments[0], units_of(running)[0]
count = int(sys.argv[1])
now_ms = int(now.timestamp() * 1000)
people = Person.objects.bulk_create([
    Person(name="学员", citizen_number="", citizen_index=f"bench{number}", birth_date=dt.date(1990, 1, 1), gender="f",
           created_at=now) for number in range(count)])
key = protocol.ticket_key(settings.SECRET_KEY)
sessions = StudySession.objects.bulk_create([
    StudySession(person=person, enrolment=enrolment, unit=unit, sign_in_digest=protocol.sign_in_digest(sys.argv[2]),
        device="bench", opened_at=now, paced=True, unit_ms=7_200_000, finish_ms=6_840_000, beat_ms=10_000,
        max_gap_ms=30_000_000, max_rate_percent=100, idle_ms=600_000, counts_until_ms=now_ms + 864_000_000,
        cap_ms=21_600_000, ticket_digest=protocol.digest("first"), clock_ms=now_ms - 3_000_000,
        last_beat_ms=now_ms, day_end_ms=now_ms + 80_000_000, day_left_ms=21_600_000, settled_ms=now_ms + 3_600_000)
    for person in people])
print(json.dumps([session.pk for session in sessions]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 s a system instead of 8")
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--databases", default="sqlite,postgres")
    options = parser.parse_args()
    seconds = 2.0 if options.quick else 8.0
    for name in options.databases.split(","):
        rates = {}
        for system in ("plain", "ours"):
            with database(name) as environment:
                sessions = prepare(environment, options.connections)
                with server(system, environment) as (port, process_id):
                    began = cpu_seconds(process_id)
                    result = asyncio.run(load(port, sessions, seconds))
                    used = cpu_seconds(process_id) - began
                kept = stored(environment)
            if kept != result.answered:
                raise SystemExit(f"{system} on {name}: answered {result.answered} beats, stored {kept}")
            rates[system] = result.rate
            report(f"beats_{system}_{name}", round(result.rate), "beats/s")
            report(f"beats_{system}_{name}_p50", round(result.percentile(50), 1), "ms")
            report(f"beats_{system}_{name}_p99", round(result.percentile(99), 1), "ms")
            report(f"beats_{system}_{name}_cpu", round(used * 1e6 / max(result.answered, 1)), "us_per_beat")
            if system == "ours":
                share = result.credited * 100 // max(result.answered, 1)
                report(f"beats_{system}_{name}_credited", share, "percent_of_beats")
        report(f"beats_ratio_{name}", round(rates["ours"] / rates["plain"], 2), "x")


class Result:
    """What one load run saw."""

    def __init__(self, seconds: float, waits: list[float], credited: int) -> None:
        self.answered, self.credited = len(waits), credited
        self.rate = len(waits) / seconds
        self._waits = sorted(waits)

    def percentile(self, percent: int) -> float:
        """Milliseconds that so many per cent of the beats waited at most."""
        return self._waits[min(len(self._waits) - 1, len(self._waits) * percent // 100)] * 1000


async def load(port: int, sessions: list[int], seconds: float) -> Result:
    """Every session on its own connection, as fast as the answers come."""
    waits: list[float] = []
    credited = [0]
    end = time.perf_counter() + seconds
    began = time.perf_counter()
    await asyncio.gather(*(learner(port, session, end, waits, credited) for session in sessions))
    return Result(time.perf_counter() - began, waits, credited[0])


async def learner(port: int, session: int, end: float, waits: list[float], credited: list[int]) -> None:
    """One page: a beat, its answer, the next beat with the next ticket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST /study/beats/{session} HTTP/1.1\r\nHost: localhost\r\nCookie: zhenxue={COOKIE}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    number, ticket, position = 0, "first", 0
    while time.perf_counter() < end:
        body = (
            f'{{"number":{number + 1},"ticket":"{ticket}","from_ms":{position},"to_ms":{position + STEP_MS},'
            '"rate_percent":100,"visible":true,"focused":true,"playing":true,"event":"tick","idle_ms":1200}'
        ).encode()
        sent = time.perf_counter()
        writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        answer_head = await reader.readuntil(b"\r\n\r\n")
        lower = answer_head.lower()
        place = lower.index(b"content-length:") + 15
        length = int(lower[place : lower.index(b"\r", place)])
        raw = await reader.readexactly(length)
        waits.append(time.perf_counter() - sent)
        if not answer_head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"refused: {answer_head.decode()} {raw.decode()}")
        start = raw.index(b'"ticket":"') + 10 if b'"ticket":"' in raw else -1
        if start > 0:
            ticket = raw[start : raw.index(b'"', start)].decode()
            credited[0] += b'"gained_ms":0' not in raw
        number += 1
        position += STEP_MS
    writer.close()


def prepare(environment: dict[str, str], count: int) -> list[int]:
    """Migrates and makes so many open sessions."""
    printed = run(["-W", "ignore", "-c", SETUP, str(count), COOKIE], environment)
    found: list[int] = json.loads(printed.strip().splitlines()[-1])
    return found


def stored(environment: dict[str, str]) -> int:
    """How many beats the table holds."""
    code = "import django; django.setup(); from zhenxue.study.models import Beat; print(Beat.objects.count())"
    return int(run(["-c", code], environment).strip().splitlines()[-1])


@contextmanager
def server(system: str, environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A uvicorn process that serves one system; the free port it listens on, and its process id."""
    folder = Path(environment["ZHENXUE_DATA_FOLDER"])
    (folder / "bench_peer.py").write_text(PEER)
    target = "zhenxue.study.ingest:application" if system == "ours" else "bench_peer:application"
    port = free_port()
    words = ["-m", "uvicorn", target, "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    words += ["--log-level", "warning", "--loop", "uvloop", "--http", "httptools"]
    child = {**environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    with ground.server(words, child, port) as process_id:
        yield port, process_id


if __name__ == "__main__":
    main()
