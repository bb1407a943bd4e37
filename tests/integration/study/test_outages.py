"""The ground gives way in the middle of study: no room on the disk, no database, an acknowledgement that is lost.

Every time the page hears "try again", nothing is lost and nothing counts twice.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, cast

import msgspec
import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections

from tests.factories.study import Page, waiting_beat
from tests.integration.study.conftest import Line
from zhenxue.kernel.ingest import limits
from zhenxue.study.ingest import stores, writer
from zhenxue.study.ingest.stores import Row, SqliteStore, Store, open_store
from zhenxue.study.ingest.writer import Writer
from zhenxue.study.models import Beat, StudySession
from zhenxue.study.protocol import ticket_key

pytestmark = pytest.mark.django_db(transaction=True)

type Answered = tuple[int, dict[str, Any]]


def on_sqlite() -> bool:
    return connection.vendor == "sqlite"


def site_store() -> Store:
    return open_store(connections["default"].settings_dict)


class Here:
    """Instead of an event loop: work is done at once, in the thread that brings it."""

    @staticmethod
    def call_soon(work: Callable[..., None], *given: Any) -> None:
        work(*given)

    call_soon_threadsafe = call_soon


class Sender:
    """The same beat of one page, again and again, through a writer with its own thread."""

    def __init__(self, page: Page, opening: Callable[[], Store]) -> None:
        self.page = page
        self.claim = page.claim(10)
        self.writer = Writer(open_store=opening, key=ticket_key(settings.SECRET_KEY))
        self.writer.start(cast(Any, Here()))

    def send(self) -> Answered:
        waiting = waiting_beat(self.page.session_id, self.claim, beat_key=self.page.beat_key)
        future: Future[tuple[int, bytes]] = Future()
        waiting.future = cast(Any, future)
        assert self.writer.submit(waiting)
        status, body = future.result(30)
        return status, msgspec.json.decode(body)

    def send_until_heard(self) -> Answered:
        """As the page does: the same again until the database is back."""
        for _ in range(60):
            status, answer = self.send()
            if status == 200:
                return status, answer
            time.sleep(0.25)
        raise AssertionError(f"still {status}: {answer}")


@contextlib.contextmanager
def sending(page: Page, opening: Callable[[], Store] = site_store) -> Iterator[Sender]:
    sender = Sender(page, opening)
    try:
        yield sender
    finally:
        sender.writer.stop()


@contextlib.contextmanager
def no_room(session_id: int) -> Iterator[Callable[[], None]]:
    """A database that has no page left for a beat; gives a function that makes room."""
    if not on_sqlite():
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION no_room() RETURNS trigger AS "
                "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$ LANGUAGE plpgsql"
            )
            cursor.execute("CREATE TRIGGER no_room BEFORE INSERT ON study_beat EXECUTE FUNCTION no_room()")

        def make_room() -> None:
            with connection.cursor() as cursor:
                cursor.execute("DROP FUNCTION IF EXISTS no_room CASCADE")

        try:
            yield make_room
        finally:
            make_room()
        return
    used = fill_up(session_id)
    before, full = SqliteStore.begin, [True]

    def begin(self: SqliteStore, session_ids: Sequence[int]) -> Any:
        self._connection.execute(f"PRAGMA max_page_count={used if full[0] else used * 2}")
        return before(self, session_ids)

    SqliteStore.begin = begin  # type: ignore[method-assign]  # put back below
    try:
        yield lambda: full.__setitem__(0, False)
    finally:
        SqliteStore.begin = before  # type: ignore[method-assign]  # see above


def fill_up(session_id: int) -> int:
    """Beats without proof until not one more fits into the pages that the file has; how many pages that are."""
    store = SqliteStore(connections["default"].settings_dict)
    used = int(store._connection.execute("PRAGMA page_count").fetchone()[0])
    store._connection.execute(f"PRAGMA max_page_count={used}")
    row = [session_id, 9, False, "tick", *[0] * 8, False, False, False, 0, 0, "replayed"]

    def fill() -> None:
        while True:
            store._connection.execute(store._insert, row)

    with contextlib.closing(store), pytest.raises(sqlite3.OperationalError, match="full"):
        fill()
    return used


def test_a_full_disk_says_try_again_and_counts_once_when_there_is_room(page: Page) -> None:
    with no_room(page.session_id) as make_room, sending(page) as sender:
        first = sender.send()
        make_room()
        second, third = sender.send_until_heard(), sender.send()
    assert (first[0], first[1]["code"]) == (503, "study.disk_full")
    assert second[1]["gained_ms"] == 10_000
    assert third == second
    assert Beat.objects.filter(accepted=True).count() == 1


def test_a_commit_whose_acknowledgement_is_lost_counts_once(page: Page) -> None:
    class Deaf:
        """Commits, then hears nothing of it."""

        def __init__(self) -> None:
            self.inner = site_store()

        def begin(self, session_ids: Sequence[int]) -> Any:
            return self.inner.begin(session_ids)

        def commit(self, moved: Sequence[Row], rare: Sequence[Row], beats: Sequence[Row]) -> None:
            self.inner.commit(moved, rare, beats)
            if not lost:
                lost.append(True)
                raise psycopg.OperationalError("server closed the connection unexpectedly")

        def close(self) -> None:
            self.inner.close()

    lost: list[bool] = []
    with sending(page, Deaf) as sender:
        first, second, third = sender.send(), sender.send(), sender.send()
    assert first[0] == 503
    assert (second[0], second[1]["gained_ms"]) == (200, 10_000)
    assert third == second
    assert Beat.objects.count() == 1


def test_a_database_that_is_locked_for_long_says_try_again(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    if not on_sqlite():
        return
    monkeypatch.setattr(stores, "PATIENCE_SECONDS", 0.2)
    other = sqlite3.connect(connections["default"].settings_dict["NAME"], isolation_level=None)
    try:
        with sending(page) as sender:
            other.execute("BEGIN IMMEDIATE")
            first = sender.send()
            other.execute("ROLLBACK")
            second = sender.send_until_heard()
    finally:
        other.close()
    assert (first[0], first[1]["code"]) == (503, "study.retry")
    assert second[1]["gained_ms"] == 10_000
    assert Beat.objects.count() == 1


def test_postgresql_stopped_and_started_again_in_the_middle_loses_and_doubles_nothing(page: Page) -> None:
    """A cluster of its own with the two tables and the page's session, taken away like by a power cut."""
    if on_sqlite():
        return
    from tests.support.postgres import Cluster
    from zhenxue.kernel.postgres.base import DatabaseWrapper

    cluster = Cluster()
    cluster.start()
    place = {**connections["default"].settings_dict, "NAME": "postgres", "PORT": str(cluster.port), "OPTIONS": {}}
    other = connections["outage"] = DatabaseWrapper(place, "outage")
    try:
        with other.schema_editor() as editor:
            editor.create_model(StudySession)
            editor.create_model(Beat)
            editor.deferred_sql.clear()  # keys to tables that are not there
        row = cast(dict[str, Any], StudySession.objects.filter(pk=page.session_id).values().get())
        with other.cursor() as cursor:
            marks = ", ".join(["%s"] * len(row))
            cursor.execute(f"INSERT INTO study_studysession ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        other.close()
        with sending(page, lambda: open_store(place)) as sender:
            first = sender.send()
            cluster.halt()
            gone = [sender.send() for _ in range(3)]
            cluster.resume()
            again = sender.send_until_heard()
        with other.cursor() as cursor:
            cursor.execute("SELECT number, credit_ms FROM study_beat")
            kept = cursor.fetchall()
    finally:
        other.close()
        del connections["outage"]
        cluster.stop()
    assert first[0] == 200
    assert {(status, answer["code"]) for status, answer in gone} == {(503, "study.retry")}
    assert again == first
    assert kept == [(1, 10_000)]


def test_a_database_that_is_gone_is_not_asked_for_every_beat(page: Page) -> None:
    asked = []

    def opening() -> Store:
        asked.append(True)
        raise sqlite3.OperationalError("unable to open database file")

    began = time.monotonic()
    with sending(page, opening) as sender:
        replies = [sender.send() for _ in range(50)]
    assert {status for status, _ in replies} == {503}
    assert len(asked) <= 2 + (time.monotonic() - began) / writer.REST_SECONDS


def test_one_client_that_floods_is_told_to_wait_and_others_are_served(line: Line, page: Page) -> None:
    flood = [line.post(page.session_id, {}) for _ in range(limits.BURST + 20)]
    assert {status for status, _ in flood[: limits.BURST]} == {409}
    refused = [answer for status, answer in flood if status == 429]
    assert len(refused) >= 10
    assert refused[0]["code"] == "study.too_many"
    other = Line(line.port, cookie="another-browser")
    assert other.post(page.session_id, {})[0] == 403


def test_no_beat_is_accepted_when_the_disk_has_no_room(line: Line, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits.Limits, "disk_is_full", lambda self: True)
    status, answer = line.of(page).post(page.session_id, page.claim(10))
    assert (status, answer["code"]) == (503, "study.disk_full")
    monkeypatch.undo()
    assert line.of(page).post(page.session_id, page.claim(10))[1]["credited_seconds"] == 10
