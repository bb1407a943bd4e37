"""What the bench of exams shares: a room of learners made in bulk, and a learner who keeps the island's rules.

Only benches may go around the operations, and only before the load: learners and their sign-ins are copied rows. From
the start of an attempt on, everything goes through the servers.
"""

import asyncio
import json
import random
import re
import time
from dataclasses import dataclass, field
from typing import Any, Final, cast

SETUP: Final = """
import datetime as dt, json, sys
import django
django.setup()
from django.core.management import call_command
from django.db import connection, transaction
call_command("migrate", verbosity=0)
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from tests.factories.exams import make_bank, make_exam, make_paper
from tests.factories.ground import lay_ground
from tests.factories.training import make_running_cohort
from zhenxue.exams.models import Exam
from zhenxue.identity.models import Account, LoginSession, Membership, Person
from zhenxue.identity.queries.accounts import key_digest
from zhenxue.kernel import clock
from zhenxue.training.models import Enrolment
count, questions = int(sys.argv[1]), int(sys.argv[2])
lay_ground()
now = clock.now()
running = make_running_cohort(learners=1)
paper = make_paper(running.manager, bank=make_bank(running.manager, questions=questions))
exam = make_exam(running, paper=paper, ready=False).exam
hour = dt.timedelta(hours=1)
Exam.objects.filter(pk=exam.pk).update(
    kind="chapter", stage_number=None, opens_at=now - hour, closes_at=now + 9 * hour, duration_minutes=480,
    attempts_allowed=9)
def add(rows):
    return type(rows[0]).objects.bulk_create(rows, batch_size=1000)
people = add([Person(name="学员", citizen_number="", citizen_index=f"bench{one}", birth_date=dt.date(1990, 1, 1),
                     gender="f", verified_at=now, verified_strength=3, created_at=now) for one in range(count)])
accounts = add([Account(username=f"bench-{one.pk}", person=one, must_change_password=False, password="!",
                        created_at=now) for one in people])
roles = add([Membership(account=one, organisation=None, role="learner", created_at=now) for one in accounts])
pattern = Enrolment.objects.get(cohort=exam.cohort)
fields = {one.attname: getattr(pattern, one.attname) for one in Enrolment._meta.concrete_fields
          if not one.primary_key and one.attname != "person_id"}
with transaction.atomic(), connection.cursor() as cursor:  # a filed roster takes no rows: its triggers look away
    on_file = connection.vendor == "sqlite"
    kept = []
    if on_file:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'training_enrolment'")
        kept = cursor.fetchall()
    else:
        cursor.execute("SET LOCAL session_replication_role = replica")
    for name, _ in kept:
        cursor.execute(f"DROP TRIGGER {name}")
    add([Enrolment(**fields, person=one) for one in people])
    for _, sql in kept:
        cursor.execute(sql)
add([LoginSession(account=one.account, membership=one, key_digest=key_digest(f"bench-{one.pk}"), device="bench",
                  opened_at=now, seen_at=now) for one in roles])
store = SessionStore()
add([Session(session_key=f"{one.pk:032d}", session_data=store.encode({"sign_in": f"bench-{one.pk}"}),
             expire_date=now + 12 * hour) for one in roles])
print(json.dumps({"exam": exam.pk, "cookies": [f"{one.pk:032d}" for one in roles], "questions": questions}))
"""

#: A second attempt of each, with every question answered and its time over; then they are handed in and marked.
MARK: Final = """
import datetime as dt, json, time
import django
django.setup()
from zhenxue.exams import api as exams
from zhenxue.exams.models import Answer, Attempt
from zhenxue.kernel import clock
now = clock.now()
done = list(Attempt.objects.filter(number=1))
sample = {}
for answer in Answer.objects.all().iterator():
    sample.setdefault(answer.question_id, answer.given)
rows = []
for one in done:
    sheet, sha = one.sheet, one.sheet_sha256
    rows.append(Attempt(exam_id=one.exam_id, enrolment_id=one.enrolment_id, number=2, sequence=len(sheet),
        started_at=now - dt.timedelta(hours=2), deadline_at=now - dt.timedelta(minutes=1), device="bench", sheet=sheet,
        sheet_sha256=sha, total=one.total))
rows = Attempt.objects.bulk_create(rows, batch_size=1000)
Answer.objects.bulk_create((Answer(attempt=one, question_id=line[0], given=sample.get(line[0], []), sequence=at,
    client_sequence=at, saved_at=now) for one in rows for at, line in enumerate(one.sheet, start=1)), batch_size=2000)
began, cpu = time.perf_counter(), time.process_time()
count = exams.close_due_attempts(now=now)
took, used = time.perf_counter() - began, time.process_time() - cpu
marked = Attempt.objects.filter(number=2, state="marked").count()
again = exams.close_due_attempts(now=now)
print(json.dumps({"seconds": took, "cpu": used, "count": count, "marked": marked, "again": again}))
"""

#: What stands in the database: attempts with their numbers, and every answer.
KEPT: Final = """
import json
import django
django.setup()
from zhenxue.evidence.models import Entry
from zhenxue.exams.models import Answer, Attempt
attempts = {one[0]: one[1:] for one in Attempt.objects.values_list("pk", "state", "sequence", "sheet")}
answers = list(Answer.objects.values_list("attempt_id", "question_id", "given", "sequence", "client_sequence"))
kinds = ("exams.attempt_started", "exams.attempt_submitted", "exams.attempt_marked")
print(json.dumps({"attempts": attempts, "answers": answers,
                  "entries": {kind: Entry.objects.filter(kind=kind).count() for kind in kinds}}))
"""

TOKEN: Final = "b" * 32
LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r", re.IGNORECASE)
RETRY_SECONDS: Final = 0.5
#: How long an answer is waited for before it is sent again (as the island does), and a page.
PATIENCE_SECONDS: Final = 10.0
PAGE_SECONDS: Final = 60.0


class Lost(Exception):
    """The connection ended before the answer came."""


class Line(asyncio.Protocol):
    """One keep-alive connection; one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.reply: asyncio.Future[tuple[int, bytes, bytes]] | None = None
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.held = data = self.held + data if self.held else data
        split = data.find(b"\r\n\r\n")
        if split < 0 or self.reply is None:
            return
        found = LENGTH.search(data, 0, split + 2)
        size = int(found[1]) if found else 0
        if len(data) < split + 4 + size:
            return
        self.held = b""
        reply, self.reply = self.reply, None
        if not reply.done():
            reply.set_result((int(data[9:12]), data[:split], data[split + 4 : split + 4 + size]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.reply is not None and not self.reply.done():
            self.reply.set_exception(Lost())
        self.reply = None

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


async def ask(
    port: int, line: Line | None, request: bytes, patience: float = PATIENCE_SECONDS
) -> tuple[Line, int, bytes, bytes]:
    """One request over a line, made anew where it has ended; raises ``Lost``."""
    loop = asyncio.get_running_loop()
    try:
        if line is None or line.transport is None:
            _, line = await loop.create_connection(Line, "127.0.0.1", port)
        line.reply = reply = loop.create_future()
        assert line.transport is not None
        line.transport.write(request)
        async with asyncio.timeout(patience):
            status, head, body = await reply
    except (OSError, TimeoutError) as error:
        if line is not None:
            line.close()
        raise Lost from error
    return line, status, head, body


@dataclass
class Waits:
    """How long the answers of one phase took, in seconds, and how often something had to be sent again."""

    seconds: list[float] = field(default_factory=list)
    again: int = 0
    took: float = 0.0

    def percentile(self, percent: int) -> float:
        """Milliseconds."""
        ordered = sorted(self.seconds)
        return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000, 1)


@dataclass
class Learner:
    """One learner's browser: what it sent, and what the server acknowledged."""

    cookie: str
    exam: int
    questions: int
    pages: int
    lean: int
    attempt: int = 0
    sequence: int = 0
    line: Line | None = None
    #: Every acknowledged answer in order: position, given, the server's number, the browser's.
    acknowledged: list[tuple[int, list[str], int, int]] = field(default_factory=list)
    chosen: dict[int, list[str]] = field(default_factory=dict)

    def head(self, method: str, path: str, length: int, kind: str, more: str = "") -> bytes:
        return (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: zhenxue={self.cookie}; csrftoken={TOKEN}\r\n"
            f"Content-Type: {kind}\r\nX-CSRFToken: {TOKEN}\r\nAccept-Encoding: identity\r\n{more}"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()

    async def page(self, method: str, path: str, waits: Waits) -> tuple[int, bytes, bytes]:
        """A page or a form; sent again until somebody answers."""
        request = self.head(method, path, 0, "application/x-www-form-urlencoded", "Accept: text/html\r\n")
        began = time.perf_counter()
        while True:
            try:
                self.line, status, head, body = await ask(self.pages, self.line, request, PAGE_SECONDS)
            except Lost:
                waits.again += 1
                await asyncio.sleep(RETRY_SECONDS)
                continue
            waits.seconds.append(time.perf_counter() - began)
            return status, head, body

    async def start(self, waits: Waits) -> None:
        """The button, then the page it leads to."""
        status, head, body = await self.page("POST", f"/exams/{self.exam}/start/", waits)
        found = re.search(rb"location: /exams/attempts/(\d+)/", head, re.IGNORECASE)
        if status != 302 or found is None:
            raise SystemExit(f"an exam did not start: {status} {body.decode(errors='replace')[:400]}")
        self.attempt = int(found[1])
        await self.read(waits)

    async def read(self, waits: Waits) -> int:
        """The page of the attempt; its bytes."""
        status, _, body = await self.page("GET", f"/exams/attempts/{self.attempt}/", waits)
        if status != 200:
            raise SystemExit(f"the paper did not open: {status}")
        return len(body)

    async def look(self, waits: Waits) -> None:
        """How the attempt stands, as the room asks every ten seconds; what does not come is not asked for again."""
        request = self.head("GET", f"/exams/attempts/{self.attempt}/state/", 0, "", "Accept: application/json\r\n")
        began = time.perf_counter()
        try:
            self.line, status, _, body = await ask(self.lean, self.line, request)
        except Lost:
            waits.again += 1
            return
        waits.seconds.append(time.perf_counter() - began)
        found = json.loads(body)
        if status != 200 or found["state"] != "open" or found["sequence"] != len(self.acknowledged):
            raise SystemExit(f"an attempt stands otherwise than it was acknowledged: {status} {found}")

    async def save(self, waits: Waits, *, port: int | None = None) -> None:
        """The next answer, sent again with the same number until it is acknowledged."""
        self.sequence += 1
        position = (self.sequence - 1) % self.questions + 1
        given = self.other(position)
        body = json.dumps({"given": given, "client_sequence": self.sequence}, ensure_ascii=False).encode()
        path = f"/exams/attempts/{self.attempt}/answers/{position}/"
        request = self.head("POST", path, len(body), "application/json", "Accept: application/json\r\n") + body
        began = time.perf_counter()
        while True:
            try:
                self.line, status, _, answer = await ask(port or self.lean, self.line, request)
            except Lost:
                status, answer = 0, b""
            if status == 200:
                break
            if status not in {0, 429, 500, 502, 503}:
                raise SystemExit(f"an answer was refused: {status} {answer.decode(errors='replace')[:400]}")
            waits.again += 1
            await asyncio.sleep(RETRY_SECONDS)
        waits.seconds.append(time.perf_counter() - began)
        found = json.loads(answer)
        if found["position"] != position or "instead" in found:
            raise SystemExit(f"another answer was acknowledged: {found}")
        self.acknowledged.append((position, given, found["sequence"], self.sequence))

    def other(self, position: int) -> list[str]:
        """An answer that differs from the last one to this question; the kinds stand in order (``question_rows``)."""
        each = self.questions // 3
        if position <= self.questions - 2 * each:
            choices = [["A"], ["B"], ["C"], ["D"]]
        else:
            choices = [["A", "C"], ["A"], ["B", "C"]] if position <= self.questions - each else [["对"], ["错"]]
        self.chosen[position] = found = random.choice([one for one in choices if one != self.chosen.get(position)])
        return found

    async def submit(self, waits: Waits) -> None:
        status, head, _ = await self.page("POST", f"/exams/attempts/{self.attempt}/submit/", waits)
        if status != 302 or b"/result/" not in head:
            raise SystemExit(f"an attempt was not handed in: {status}")

    def leave(self) -> None:
        if self.line is not None:
            self.line.close()
        self.line = None


def problems(learners: list[Learner], kept: dict[str, Any]) -> list[str]:
    """Every acknowledged answer held against the database, one by one."""
    found: list[str] = []
    stored: dict[int, dict[int, tuple[list[str], int, int]]] = {}
    for attempt, question, given, sequence, client in kept["answers"]:
        stored.setdefault(attempt, {})[question] = given, sequence, client
    for one in learners:
        state, sequence, sheet = kept["attempts"][str(one.attempt)]
        numbers = [number for _, _, number, _ in one.acknowledged]
        if numbers != list(range(1, len(numbers) + 1)):
            found.append(f"attempt {one.attempt}: numbers {numbers[:5]}… have gaps or doubles")
        if sequence != len(numbers):
            found.append(f"attempt {one.attempt}: {sequence} numbers used for {len(numbers)} acknowledged answers")
        if state != "marked":
            found.append(f"attempt {one.attempt} is {state}")
        last = {position: (given, number, client) for position, given, number, client in one.acknowledged}
        for position, (given, number, client) in last.items():
            stands = stored.get(one.attempt, {}).get(sheet[position - 1][0])
            if stands is None or (stands[0], stands[1], stands[2]) != (given, number, client):
                found.append(f"attempt {one.attempt}, question {position}: {given} as {number}, but {stands} stands")
        if len(stored.get(one.attempt, {})) != len(last):
            found.append(f"attempt {one.attempt}: answers nobody sent")
    return found
