"""One real site for all bots: ``config.asgi`` under uvicorn in a thread of this process, on a database of its own.

Its clock stands still and moves when a test says so: a break of forty minutes takes no time, and what was credited
comes out the same to the second in every run. One place (``Clock.rule``) gives that clock to the pages, to the ingest,
to its rate limits and to Django's own sessions and throttles.
"""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.core.cache import cache
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

from tests.adversary.clock import Clock, Settles
from tests.factories.catalogue import make_handbook_document, make_occupations, make_published_version, make_ready_video
from tests.factories.exams import make_exam
from tests.factories.identity import NOW, PASSWORD, ask_presence, make_provider, make_regions, make_rules
from tests.factories.study import REASON, make_keys
from tests.factories.training import Running, make_draft_programme, make_running_cohort
from tests.support import postgres
from zhenxue.catalogue.data import UnitDraft
from zhenxue.catalogue.models import MediaKey, Unit, Video
from zhenxue.exams.models import Exam
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import SpanState
from zhenxue.ledger.models import Coverage, Span
from zhenxue.study import operations
from zhenxue.study.models import StudySession
from zhenxue.study.protocol import refusals
from zhenxue.training import api as training
from zhenxue.training.models import Enrolment, Programme

ON_POSTGRES = os.environ.get("ZHENXUE_TEST_DATABASE") == "postgres"
START_SECONDS = 120
CLASS_SIZE = 30
#: A county of its own, whose rules ask for presence checks.
CHECKED_REGION = "371522"
#: The units of the course, in order.
SHORT_VIDEO, QUIZ, DOCUMENT, TEXT, LONG_VIDEO = range(5)
SHORT_SECONDS, LONG_SECONDS, READING_SECONDS = 600, 3600, 300
#: Three sections, long enough to be three pages.
TEXT_BODY = "\n\n".join(
    f"# {title}\n\n{'开播前逐项检查，做完一项再做下一项。' * 6}" for title in ("灯光", "网络", "商品")
)
#: Content of one key of the long videos (``make_keys``).
KEY_SECONDS = 12


@dataclass(frozen=True)
class Learner:
    """Somebody on the roster of a running cohort, who can sign in with the factories' password."""

    actor: Actor
    enrolment: Enrolment
    username: str
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Staff:
    """Anybody else with an account."""

    actor: Actor
    username: str


@dataclass(frozen=True)
class Sum:
    """What the ledger says of one enrolment: seconds that count, and refused seconds by named reason."""

    seconds: int
    refused: dict[str, int]

    @property
    def reasons(self) -> str:
        return ", ".join(sorted(self.refused))


class World:
    """The site and everybody on it. Between ``entered`` blocks nothing of it touches a database."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.files = folder / "files"
        self.files.mkdir()
        self.cluster: postgres.Cluster | None = None
        self._folder = folder
        self._place: dict[str, Any] = {}
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._programmes: dict[bool, tuple[Actor, Programme]] = {}
        self._waiting: list[Learner] = []
        self._checked: list[Learner] = []
        self._crowd: list[Learner] = []
        self.checked_class: Running | None = None
        self.port = 0
        #: By unit: the rung that bots play.
        self.rungs: dict[int, str] = {}

    @contextlib.contextmanager
    def entered(self, blocker: DjangoDbBlocker, patch: pytest.MonkeyPatch) -> Iterator["World"]:
        """The site on its own database, for one test."""
        self.clock.begin()
        self.clock.rule(patch)
        with blocker.unblock():
            if not self._place:
                self._place = self._copy_database()
            with self._on_own_database():
                if self._server is None:
                    self.start()
                yield self
                self.drain()

    @property
    def place(self) -> str:
        """The site's SQLite file, or the name of its database on ``cluster``."""
        return str(self._place["NAME"])

    def close(self) -> None:
        """The end of the session."""
        if self._server is not None:
            self.stop()
        if self.cluster is not None:
            self.cluster.stop()

    # -- the server

    def start(self) -> None:
        """Serves; returns when it answers."""
        # Not above: it names the settings in the environment, which workers of a parallel run would inherit too soon.
        from zhenxue.config import asgi

        self.port = self.port or postgres.free_port()
        config = uvicorn.Config(
            asgi.application,
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            lifespan="on",
            timeout_keep_alive=600,
            access_log=False,
        )
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="site", daemon=True)
        self._thread.start()
        wait_for(lambda: server.started)

    def stop(self) -> None:
        """Stops as by SIGTERM: what waits is written, then nothing answers any more."""
        assert self._server is not None
        assert self._thread is not None
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive(), "the site did not stop"
        self._server = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def drain(self) -> None:
        """Waits until what the ingest asked to settle is settled."""
        if Settles.newest is not None and self._server is not None:
            Settles.newest.drain()

    def wait(self, seconds: float) -> None:
        self.clock.wait(seconds)

    def tidy(self) -> None:
        """What runs once a minute beside the ingest."""
        self.drain()
        operations.settle_stale(now=self.clock.now())

    # -- people

    def learner(self) -> Learner:
        """Somebody who has not studied yet."""
        if not self._waiting:
            self._waiting = self.learners(CLASS_SIZE)
        return self._waiting.pop()

    def crowd(self) -> list[Learner]:
        """A class of thirty that tests share; each sees to a time or a unit of its own."""
        self._crowd = self._crowd or self.learners(CLASS_SIZE)
        return self._crowd

    def checked(self) -> Learner:
        """Somebody of the class whose rules ask for presence checks, who has not studied yet."""
        if not self._checked:
            self.checked_class = self.running(CLASS_SIZE, checked=True)
            self._checked = self.learners_of(self.checked_class)
        return self._checked.pop()

    def examined(self) -> tuple[list[Learner], Exam]:
        """One learner who is ready for an exam of a class of their own, whose rules ask for presence checks."""
        sitting = make_exam(self.running(1, checked=True))
        return self.learners_of(sitting.running), sitting.exam

    def staff(self, actor: Actor) -> Staff:
        """Somebody who does not learn, with the factories' password."""
        account = identity.Account.objects.get(pk=actor.account_id or 0)
        account.set_password(PASSWORD)
        account.save(update_fields=["password"])
        return Staff(actor, account.username)

    def learners(self, number: int) -> list[Learner]:
        """A running cohort of its own with so many learners."""
        return self.learners_of(self.running(number))

    def learners_of(self, running: Running) -> list[Learner]:
        units = tuple(planned.unit for planned in training.plan_units(running.cohort.pk))
        return [
            Learner(actor, enrolment, identity.Account.objects.get(pk=actor.account_id or 0).username, units)
            for actor, enrolment in zip(running.learners, running.enrolments, strict=True)
        ]

    def running(self, number: int, *, checked: bool = False) -> Running:
        """A running cohort of the course that all bots study; ``checked`` where the rules ask for presence checks."""
        if checked not in self._programmes:
            if checked:
                ask_presence(region=CHECKED_REGION)
            manager = make_provider(region=CHECKED_REGION) if checked else make_provider()
            self._programmes[checked] = manager, self._make_programme(manager)
        manager, programme = self._programmes[checked]
        return make_running_cohort(manager, programme=programme, learners=number, title=f"班{number}", now=NOW)

    # -- the ledger

    def ledger(self, learner: Learner, unit: int | None = None) -> Sum:
        """Books what every session of the learner holds and reads the ledger's own sums, which must agree."""
        self.drain()
        for session in StudySession.objects.filter(enrolment=learner.enrolment):
            operations.settle(session_id=session.pk, now=self.clock.now())
        spans = Span.objects.filter(enrolment=learner.enrolment, unit__isnull=False)
        rows = Coverage.objects.filter(enrolment=learner.enrolment)
        if unit is not None:
            spans, rows = spans.filter(unit=learner.units[unit]), rows.filter(unit=learner.units[unit])
        seconds = sum(row.seconds for row in rows)
        assert seconds == sum(span.seconds for span in spans), "spans and coverage differ"
        refused: dict[str, int] = {}
        for span in spans.filter(state=SpanState.REFUSED):
            refused[span.reason] = refused.get(span.reason, 0) + span.claimed_seconds
        return Sum(seconds, refused)

    def refusals(self, learner: Learner) -> dict[str, int]:
        """Beats without proof that the bureau finds in the learner's sessions, counted by reason."""
        self.drain()
        found: dict[str, int] = {}
        for session in StudySession.objects.filter(enrolment=learner.enrolment):
            for reason, count in refusals.counts(session.refusals).items():
                found[reason] = found.get(reason, 0) + count
        return found

    def session(self, session_id: int) -> StudySession:
        return StudySession.objects.get(pk=session_id)

    def finished(self, learner: Learner, unit: int) -> bool:
        """Whether the ledger has the unit as done."""
        known = ledger.find_coverage(learner.enrolment.pk, learner.units[unit].pk)
        return known is not None and known.finished_at is not None

    def windows(self, learner: Learner, unit: int) -> list[tuple[int, int, int]]:
        """``(index, from_ms, to_ms)`` of the keys of a video, as its playlist would say."""
        video = Video.objects.get(material_id=learner.units[unit].material_id)
        rows = MediaKey.objects.filter(video=video, rung=video.rungs[0]["name"]).order_by("index")
        return list(rows.values_list("index", "from_ms", "to_ms"))

    def _make_programme(self, manager: Actor) -> Programme:
        organisation = identity.get_organisation(manager.organisation_id or 0)
        videos = []
        for seconds in (SHORT_SECONDS, LONG_SECONDS):
            video = make_ready_video(organisation, 8, now=NOW)
            Video.objects.filter(material=video).update(duration_ms=seconds * 1000)
            make_keys(video.video, seconds)
            videos.append(video)
        document = make_handbook_document(organisation, now=NOW)
        units = [
            UnitDraft("video", "认识直播间", material_id=videos[0].pk),
            UnitDraft("self_test", "小测", minutes=3),
            UnitDraft("document", "生命体征测量手册", minutes=READING_SECONDS // 60, material_id=document.pk),
            UnitDraft("text", "开播前检查", minutes=READING_SECONDS // 60, body=TEXT_BODY),
            UnitDraft("video", "完整直播一场", material_id=videos[1].pk),
        ]
        version = make_published_version(organisation, title="直播销售入门", units=units, now=NOW)
        lessons = (("话术练习", 45, 1), ("直播实操", 45, 1))
        programme = make_draft_programme(manager, online_minutes=0, offline=lessons, now=NOW)
        training.add_online_line(actor=manager, programme_id=programme.pk, course_version_id=version.pk, now=NOW)
        return training.make_ready(actor=manager, programme_id=programme.pk, share_exception_reason=REASON, now=NOW)

    # -- the database

    @contextlib.contextmanager
    def _on_own_database(self) -> Iterator[None]:
        settings = connections["default"].settings_dict
        before = {name: settings[name] for name in self._place}
        connections["default"].close()
        settings.update(self._place)
        cache.clear()
        try:
            yield
        finally:
            connections["default"].close()
            settings.update(before)

    def _copy_database(self) -> dict[str, Any]:
        """The session's test database with its reference data, once more: a file, or a cluster of its own."""
        make_regions("3715")
        make_occupations()
        make_rules()
        settings = connections["default"].settings_dict
        if not ON_POSTGRES:
            place = self._folder / "site.sqlite3"
            connection.ensure_connection()
            with contextlib.closing(sqlite3.connect(place)) as copy:
                connection.connection.backup(copy)
            return {"NAME": str(place)}
        connections["default"].close()
        self.cluster = postgres.Cluster()
        self.cluster.start()
        tables = self._folder / "site.sql"
        where = ["-h", "127.0.0.1", "-U", postgres.USER]
        run(["pg_dump", *where, "-p", str(settings["PORT"]), "-f", str(tables), settings["NAME"]])
        run(
            ["psql", *where, "-p", str(self.cluster.port), "-q", "-v", "ON_ERROR_STOP=1", "-f", str(tables), "postgres"]
        )
        return {"NAME": "postgres", "PORT": str(self.cluster.port), "HOST": "127.0.0.1", "USER": postgres.USER}


def run(command: list[str]) -> None:
    """A program of PostgreSQL; raises ``AssertionError`` with its own words."""
    done = subprocess.run([postgres.program(command[0]), *command[1:]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def wait_for(condition: Any, seconds: float = START_SECONDS) -> None:
    """Waits in real time until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
