"""The ground gives way while answers arrive: a killed process, a database that is gone, a value that it refuses."""

import contextlib
import datetime as dt
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connections

from tests.factories.exams import make_exam
from tests.integration.exams.test_ingest import Room
from tests.support.answers import Lean, Message, path_of
from tests.support.postgres import free_port
from zhenxue.exams import ingest
from zhenxue.exams.ingest.writer import AnswerWriter, Judged, SiteStore
from zhenxue.exams.models import Answer, Attempt
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db(transaction=True)

LEARNERS = 2
ENOUGH = 20


@dataclass
class Sender:
    """A browser that sends one answer after another, each until it is acknowledged."""

    port: int
    message: Message
    stop: threading.Event
    acknowledged: list[tuple[int, list[str], int]] = field(default_factory=list)
    sent: int = 0

    def run(self) -> None:
        while not self.stop.is_set():
            self.sent += 1
            position, given = self.sent % 2 + 1, ["AB"[self.sent // 2 % 2]]
            body = json.dumps({"given": given, "client_sequence": self.sent})
            while (found := self.ask(position, body)) is None:
                time.sleep(0.1)
            self.acknowledged.append((position, given, found["sequence"]))

    def ask(self, position: int, body: str) -> dict[str, Any] | None:
        """The acknowledgement, or nothing when it did not come."""
        cookies = "; ".join(f"{name}={one.value}" for name, one in self.message.client.cookies.items())
        headers = {**self.message.headers(), "Host": "127.0.0.1", "Cookie": cookies, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError), contextlib.closing(connection):
            connection.request("POST", path_of(self.message.attempt_id, position), body, headers)
            answer = connection.getresponse()
            found: dict[str, Any] = json.loads(answer.read())
            assert answer.status in {200, 503}, found
            return found if answer.status == 200 else None
        return None


@contextlib.contextmanager
def process(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The lean handlers in a process of their own, on the test's database."""
    database = connections["default"].settings_dict
    url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    if database["ENGINE"].endswith("sqlite3"):
        url = f"sqlite:///{database['NAME']}"
    words = [sys.executable, "-m", "uvicorn", "zhenxue.config.asgi_ingest:application", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    popen = subprocess.Popen(words, env={**os.environ, "ZHENXUE_DATABASE_URL": url}, **quiet)
    try:
        yield popen
    finally:
        popen.send_signal(signal.SIGKILL)
        popen.wait(10)


def wait_for(senders: Sequence[Sender], more: int) -> None:
    """Until each was acknowledged so many more answers."""
    goal = [len(one.acknowledged) + more for one in senders]
    end = time.monotonic() + 60
    while any(len(one.acknowledged) < wanted for one, wanted in zip(senders, goal, strict=True)):
        assert time.monotonic() < end, "no answers were acknowledged"
        time.sleep(0.02)


def test_a_kill_in_the_middle_loses_nothing_that_was_acknowledged_and_doubles_nothing() -> None:
    sitting = make_exam()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: sitting.exam.opens_at + dt.timedelta(hours=1))
        rooms = [Room(sitting, learner) for learner in range(LEARNERS)]
    now = clock.now()  # the process lives by the real clock
    Attempt.objects.update(started_at=now, deadline_at=now + dt.timedelta(hours=1))
    port, stop = free_port(), threading.Event()
    senders = [Sender(port, room.message(1), stop) for room in rooms]
    threads = [threading.Thread(target=one.run) for one in senders]
    try:
        with process(port):
            for thread in threads:
                thread.start()
            wait_for(senders, ENOUGH)
        with process(port):
            wait_for(senders, ENOUGH)
            stop.set()
            for thread in threads:
                thread.join(30)
    finally:
        stop.set()
    for room, sender in zip(rooms, senders, strict=True):
        assert [number for _, _, number in sender.acknowledged] == list(range(1, sender.sent + 1))
        last = {position: (given, number) for position, given, number in sender.acknowledged}
        stored = Answer.objects.filter(attempt=room.attempt_id).select_related("question")
        assert {one.question.number: (one.given, one.sequence) for one in stored} == last
        assert room.attempt.sequence == sender.sent


def test_what_the_database_refuses_is_told_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    sitting = make_exam()
    monkeypatch.setattr(clock, "now", lambda: sitting.exam.opens_at)
    room, keep, groups = Room(sitting), AnswerWriter.keep, []

    def refusing(writer: AnswerWriter, store: SiteStore, judged: Judged) -> None:
        groups.append(len(judged.requests))
        if any(one.given == ["C"] for one in judged.stands.values()):
            raise IntegrityError("not in this database")
        keep(writer, store, judged)

    monkeypatch.setattr(AnswerWriter, "keep", refusing)
    messages = [room.message(1, "B", number=1), room.message(2, "C", number=2), room.message(3, "A", number=3)]
    good, bad, other = Lean().send(*messages)
    assert (good[0], bad[0], bad[1]["code"], other[0]) == (200, 500, "kernel.fault", 200)
    assert (groups, room.attempt.sequence) == ([3, 1, 1, 1], 2)
    assert [good[1]["sequence"], other[1]["sequence"]] == [1, 2]


def test_a_database_that_is_gone_says_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sitting = make_exam()
    monkeypatch.setattr(clock, "now", lambda: sitting.exam.opens_at)
    room = Room(sitting)

    class Gone:
        def __init__(self) -> None:
            raise OperationalError("no connection")

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "SiteStore", Gone)
        ((status, found),) = Lean().send(room.message(1, "B", number=1))
    assert (status, found["code"]) == (503, "exams.retry")
    assert not Answer.objects.exists()
    ((status, found),) = Lean().send(room.message(1, "B", number=1))
    assert (status, found["sequence"]) == (200, 1)
