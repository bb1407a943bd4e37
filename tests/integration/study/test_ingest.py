"""The ingest over real HTTP: answers, refusals, durability, concurrency, a database that goes away."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from tests.factories.study import TODAY, Page, make_studying, page_of, waiting_beat
from tests.integration.study.conftest import Line, Process, age, wait_for
from tests.support.loops import run_apart
from zhenxue.kernel import clock
from zhenxue.ledger.models import Coverage
from zhenxue.study import operations
from zhenxue.study.data import EndReason
from zhenxue.study.ingest import make_writer
from zhenxue.study.ingest.stores import PostgresStore, SqliteStore, open_store
from zhenxue.study.models import Beat, StudySession
from zhenxue.study.protocol import refusals

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_beat_is_answered_with_what_it_earned_and_the_next_ticket(line: Line, page: Page) -> None:
    line = line.of(page)
    status, answer = line.post(page.session_id, page.claim(10))
    assert status == 200
    assert (answer["reason"], answer["credited_seconds"], answer["number"]) == ("", 10, 1)
    assert answer["ticket"] not in {"", page.ticket}
    assert abs(answer["saved_at_ms"] / 1000 - time.time()) < 5
    beat = Beat.objects.get()
    assert (beat.credit_ms, beat.accepted, beat.visible) == (10_000, True, True)
    again = line.post(page.session_id, page.claim(10))
    assert again == (200, answer)
    assert Beat.objects.count() == 1


def test_proof_that_is_missing_or_wrong_is_refused_in_words(line: Line, page: Page) -> None:
    line = line.of(page)
    honest = page.claim(10)
    stolen = Line(line.port, cookie="another-browser", key=page.beat_key).post(page.session_id, honest)
    signed_out = Line(line.port, cookie="", key=page.beat_key).post(page.session_id, honest)
    unknown = line.post(999_999, honest)
    assert (stolen[0], stolen[1]["code"]) == (403, "study.not_yours")
    assert (signed_out[0], signed_out[1]["code"]) == (401, "study.signed_out")
    assert unknown[0] == 403
    answers = [
        line.post(page.session_id, {}),
        line.post(page.session_id, honest, key=b""),
        line.post(page.session_id, honest, key=b"k" * 32),
        line.post(page.session_id, page.claim(10, number=7)),
        line.post(page.session_id, page.claim(10, ticket="guess")),
    ]
    assert [(status, answer["reason"]) for status, answer in answers] == [
        (409, "no_proof"),
        (409, "no_proof"),
        (409, "device"),
        (409, "out_of_order"),
        (409, "foreign"),
    ]
    words = [answer[1].get("message") or answer[1].get("text") for answer in (stolen, signed_out, unknown, *answers)]
    assert all(words)
    session = StudySession.objects.get()
    assert (session.credited_ms, session.number) == (0, 0)
    assert refusals.counts(session.refusals) == {"no_proof": 2, "device": 1, "out_of_order": 1, "foreign": 1}
    assert line.post(page.session_id, honest)[1]["credited_seconds"] == 10


@pytest.mark.parametrize(
    ("body", "options", "status"),
    [
        (b"not json", {}, 422),
        (b"[]", {}, 422),
        (b'{"number": "one"}', {}, 422),
        (b'{"number": -1}', {}, 422),
        (b'{"to_ms": 99999999999}', {}, 422),
        (b'{"ticket": "' + b"x" * 65 + b'"}', {}, 422),
        (b'{"event": "finished"}', {}, 422),
        (b"\xff\xfe", {}, 422),
        (b"[" * 4000, {}, 422),
        (b"{}" + b" " * 5000, {}, 413),
        (b"{}", {"content_type": "text/plain"}, 415),
        (b"{}", {"method": "GET"}, 405),
    ],
)
def test_a_malformed_beat_is_refused_and_nothing_is_written(
    line: Line, page: Page, body: bytes, options: dict[str, Any], status: int
) -> None:
    answer = line.post(page.session_id, body, **options)
    assert answer[0] == status
    assert answer[1]["code"].startswith("study.")
    assert not Beat.objects.exists()


def test_an_address_that_is_no_session_is_not_found(line: Line) -> None:
    assert line.post("abc", {})[0] == 404
    assert line.post("1/2", {})[0] == 404
    assert line.post("9" * 40, {})[0] == 404


def test_many_learners_at_once_share_commits_and_each_gets_the_own_answer(line: Line) -> None:
    running = make_studying(learners=12, now=TODAY)
    pages = [page_of(running, learner=number, now=clock.now()).open() for number in range(12)]
    for page in pages:
        age(page.session_id, 10)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda one: line.of(one).post(one.session_id, one.claim(10)), pages))
    assert [answer[1]["credited_seconds"] for answer in answers] == [10] * 12
    assert len({answer[1]["ticket"] for answer in answers}) == 12


def test_the_same_ticket_sent_many_times_at_once_earns_once(line: Line, page: Page) -> None:
    line, claim = line.of(page), page.claim(10)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: line.post(page.session_id, claim), range(8)))
    assert {answer[0] for answer in answers} == {200}
    assert len({answer[1]["ticket"] for answer in answers}) == 1
    assert Beat.objects.count() == 1
    assert StudySession.objects.get().credited_ms == 10_000


def test_an_answered_beat_survives_the_death_of_the_process(process: Process, page: Page) -> None:
    status, answer = process.line.of(page).post(page.session_id, page.claim(10))
    process.kill()
    assert (status, answer["credited_seconds"]) == (200, 10)
    assert Beat.objects.get().credit_ms == 10_000
    assert operations.settle(session_id=page.session_id, now=clock.now()) == 10
    assert Coverage.objects.get().seconds == 10


def test_the_last_beat_of_a_closing_page_settles_and_ends_the_session(line: Line, page: Page) -> None:
    assert line.of(page).post(page.session_id, page.claim(10, event="close"))[0] == 200
    wait_for(lambda: StudySession.objects.get().state == "ended")
    assert StudySession.objects.get().end_reason == EndReason.LEFT
    assert Coverage.objects.get().seconds == 10


def test_a_pause_settles_the_ledger_at_once(line: Line, page: Page) -> None:
    line.of(page).post(page.session_id, page.claim(10, event="pause"))
    wait_for(lambda: Coverage.objects.filter(seconds=10).exists())


def test_a_session_that_was_handed_over_hears_it_at_its_next_beat(line: Line, page: Page) -> None:
    operations.hand_over(actor=page.actor, now=clock.now())
    status, answer = line.of(page).post(page.session_id, page.claim(10))
    assert (status, answer["ended"], answer["reason"], answer["ended_because"]) == (409, True, "ended", "handed_over")
    assert "别处" in answer["text"]


def test_a_database_that_is_gone_means_try_again_and_nothing_is_doubled(page: Page) -> None:
    """The store breaks in the middle of a group; the page keeps its beat and the next try counts it once."""
    import asyncio

    from zhenxue.study.ingest.writer import Writer
    from zhenxue.study.protocol import ticket_key

    broken = threading.Event()
    broken.set()

    def opening() -> Any:
        if broken.is_set():
            raise sqlite3.OperationalError("disk I/O error")
        return open_store(connections["default"].settings_dict)

    async def story() -> list[tuple[int, bytes]]:
        writer = Writer(open_store=opening, key=ticket_key(settings.SECRET_KEY))
        loop = asyncio.get_running_loop()
        writer.start(loop)
        replies = []
        for _ in range(3):
            waiting = waiting_beat(page.session_id, page.claim(10), beat_key=page.beat_key)
            waiting.future = loop.create_future()
            assert writer.submit(waiting)
            replies.append(await waiting.future)
            broken.clear()
            await asyncio.sleep(0.6)
        await loop.run_in_executor(None, writer.stop)
        return replies

    first, second, third = run_apart(story())
    assert first[0] == 503
    assert second[0] == third[0] == 200
    assert second == third
    assert Beat.objects.count() == 1


def test_two_lines_answer_the_same_ticket_once_and_end_together(page: Page) -> None:
    """Two threads with a connection each, as on PostgreSQL: the row's lock puts their groups in order."""
    import asyncio

    from zhenxue.study.ingest.writer import Writer
    from zhenxue.study.protocol import ticket_key

    def opening() -> Any:
        return open_store(connections["default"].settings_dict)

    async def story() -> list[tuple[int, bytes]]:
        writer = Writer(open_store=opening, key=ticket_key(settings.SECRET_KEY), lines=2)
        loop = asyncio.get_running_loop()
        writer.start(loop)
        futures = []
        for _ in range(40):
            waiting = waiting_beat(page.session_id, page.claim(10), beat_key=page.beat_key)
            waiting.future = future = loop.create_future()
            assert writer.submit(waiting)
            futures.append(future)
            await asyncio.sleep(0)
        replies = list(await asyncio.gather(*futures))
        await loop.run_in_executor(None, writer.stop)
        assert not writer.submit(waiting)
        return replies

    before = set(threading.enumerate())  # a site that other tests of this worker share has writers, too
    replies = run_apart(story())
    assert {status for status, _ in replies} == {200}
    assert len({body for _, body in replies}) == 1
    assert Beat.objects.count() == 1
    assert not [one.name for one in set(threading.enumerate()) - before if one.name.startswith("study-ingest-writer")]


def test_commits_reach_the_disk() -> None:
    database = connections["default"].settings_dict
    if not database["ENGINE"].endswith("sqlite3"):
        store = open_store(database)
        assert isinstance(store, PostgresStore)
        assert store._connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        store.close()
        return
    file = SqliteStore(database)
    assert file._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert file._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file.close()


def test_the_writer_of_the_site_can_be_made() -> None:
    writer = make_writer()
    writer._on_stop()
