"""The real server for end-to-end tests: ``zhenxue serve`` on a free loopback port, with a data folder of its own.

Its database is SQLite; with ``ZHENXUE_TEST_DATABASE=postgres`` one of its own on the run's PostgreSQL.
"""

import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import psycopg.sql
import pytest

from tests.support.kept import lay_or_make
from tests.support.postgres import free_port
from tests.support.rules import write_quiet
from zhenxue.config.supervisor import SUPERVISED

#: A start costs some 4 s of one processor; so much more when browsers, suites and other sites want the same two.
START_SECONDS = 180
STOP_SECONDS = 60
PROGRAM = Path(sys.executable).parent / "zhenxue"


class Site:
    """One running platform. ``url`` ends without a slash; ``manage`` runs ``zhenxue`` commands on the same data."""

    def __init__(self, folder: Path, like: "Site | None" = None) -> None:
        """An empty one, or one with the data of another that has never been started."""
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / "serve.log"
        if like is None:
            self.database_url = _new_database(folder / "data")
        else:
            shutil.copytree(like.folder / "data", folder / "data")
            self.database_url = _new_database(folder / "data", like.database_url.rpartition("/")[2])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ZHENXUE_")}
        self.environment = {
            **kept,
            "ZHENXUE_DATA_FOLDER": str(folder / "data"),
            "ZHENXUE_DATABASE_URL": self.database_url,
            "ZHENXUE_PUBLIC_URL": self.url,
            "ZHENXUE_SIGN_IN_FAILURES": "50",
            "PYTHONUNBUFFERED": "1",
        }
        self._server: subprocess.Popen[bytes] | None = None

    def manage(self, *words: str, stdin: str | None = None, seconds: float = 600) -> str:
        """Run ``zhenxue <words>`` and return what it printed; raises ``AssertionError`` when it fails."""
        done = subprocess.run(
            [PROGRAM, *words],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            timeout=seconds,
        )
        if done.returncode:
            raise AssertionError(f"zhenxue {' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def python(self, code: str) -> str:
        """Run Python code with Django set up on the site's own data; returns what it printed."""
        return self.manage("shell", "-v", "0", "-c", code)

    def rows(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """What a query on the site's database gives; ``%s`` in it stands for a value."""
        if self.database_url.startswith("sqlite"):
            with closing(sqlite3.connect(self.database_url.removeprefix("sqlite:///"))) as database:
                return database.execute(query.replace("%s", "?"), values).fetchall()
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, values).fetchall()

    def prepare(self) -> None:
        """Tables and reference data; nothing asks for presence (``support.rules``)."""
        lay_or_make(self.database_url, lambda: self.manage("migrate", "-v", "0"))
        rules = str(write_quiet(self.folder))
        commands = f"call_command('prepare'); call_command('load_rules', {rules!r})"
        self.python(f"from django.core.management import call_command; {commands}")  # one start for both

    def start(self) -> None:
        """Start web, worker and sequencer; returns when the first page answers."""
        with self.log_file.open("ab") as log:
            self._server = subprocess.Popen(
                [PROGRAM, "serve", "--host", "127.0.0.1", "--port", str(self.port)],
                stdout=log,
                stderr=log,
                # It ends with the tests, however they end.
                env={**self.environment, SUPERVISED: str(os.getpid())},
                cwd=self.folder,
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._server.poll() is None:
            if self._answers():
                return
            time.sleep(0.1)
        raise AssertionError(f"the server did not start:\n{self.log()}")

    def stop(self) -> int:
        """Ask it to stop, wait, and return its exit code."""
        if self._server is None:
            return 0
        self._server.send_signal(signal.SIGTERM)
        try:
            return self._server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
            raise AssertionError(f"the server did not stop:\n{self.log()}") from None

    def cut_power(self) -> None:
        """Nothing of it runs any more, at once and without a word; ``start`` brings it back on the same data."""
        if self._server is None:
            return
        pids = [self._server.pid, *(self.part(name) for name in ("web", "worker", "sequencer"))]
        for pid in filter(None, pids):
            os.kill(pid, signal.SIGKILL)
        self._server.wait()

    def part(self, name: str) -> int:
        """The process id of a running part ("web", "worker", "sequencer"); 0 while there is none."""
        if self._server is None:
            return 0
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                title, _, facts = status.read_text().partition(" (")[2].rpartition(") ")
            except OSError:
                continue
            if title == f"zx-{name}" and int(facts.split()[1]) == self._server.pid:
                return int(status.parent.name)
        return 0

    def threads(self) -> int:
        """How many threads the supervisor has."""
        return len(list(Path(f"/proc/{self._server.pid}/task").iterdir())) if self._server else 0

    def log(self) -> str:
        """What the server wrote so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/", timeout=30) as answer:
                return bool(answer.status < 500)
        except urllib.error.HTTPError as refusal:
            return refusal.code < 500
        except OSError:
            return False


def _new_database(folder: Path, source: str = "template1") -> str:
    """The address of a database; on PostgreSQL a copy of the source, on SQLite nothing stands there yet."""
    server = os.environ.get("ZHENXUE_TEST_DATABASE_URL")
    if not server:
        return f"sqlite:///{folder / 'zhenxue.sqlite3'}"
    name = f"site_{secrets.token_hex(6)}"
    words = psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(words.format(psycopg.sql.Identifier(name), psycopg.sql.Identifier(source)))
    return f"{server.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with tables and reference data that is never started: the others begin as copies of it."""
    site = Site(tmp_path_factory.mktemp("prepared"))
    site.prepare()
    return site


@contextmanager
def sites(prepared: Site, factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """A maker of running sites; with ``start=False`` it only copies the data. All stop at the end."""
    made: list[Site] = []

    def make(*, start: bool = True) -> Site:
        site = Site(factory.mktemp("site"), like=prepared)
        made.append(site)
        if start:
            site.start()
        return site

    yield make
    for site in made:
        site.stop()


@pytest.fixture(scope="module")
def make_site(prepared: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """A maker of sites for one file of stories: six processes that wait for work cost as much as a browser."""
    with sites(prepared, tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="session")
def make_lasting_site(prepared: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """A maker of sites that several files share."""
    with sites(prepared, tmp_path_factory) as make:
        yield make
