"""Honest troubles: each must lose no more than the last unacknowledged seconds, and the learner is told what to do."""

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
from django.db import connection

from tests.adversary.bots import COMPUTER, PHONE, Browser, Refusal, Tab
from tests.adversary.players import Player
from tests.adversary.reporting import Report
from tests.adversary.world import LONG_VIDEO, SHORT_SECONDS, SHORT_VIDEO, TEXT, Learner, World
from zhenxue.kernel.ingest import groups
from zhenxue.study.ingest import stores
from zhenxue.study.models import Beat


@pytest.fixture
def tab(browser: Browser) -> Tab:
    return browser.open(SHORT_VIDEO)


def test_a_reload_loses_nothing(world: World, report: Report, browser: Browser, tab: Tab, learner: Learner) -> None:
    for _ in range(3):
        tab.study(30)
        tab.beat(4, event="close")
        world.drain()
        tab = browser.open(SHORT_VIDEO, mark=tab.mark)
    tab.study(30)
    assert world.ledger(learner).seconds == 3 * 34 + 30
    report.trouble(
        "Reload",
        happened="the page reloaded three times in the middle of a beat; its last word came through",
        lost="0 s of 132 s",
        told="goes on by itself at the same place",
    )


def test_a_crash_loses_the_last_unsaved_seconds(
    world: World, report: Report, browser: Browser, tab: Tab, learner: Learner
) -> None:
    tab.study(60)
    world.wait(8)
    with pytest.raises(Refusal) as elsewhere:
        browser.open(SHORT_VIDEO)
    assert elsewhere.value.code == "study.elsewhere"
    again = browser.open(SHORT_VIDEO, take_over=True)
    assert again.position_ms == 60_000
    again.study(60)
    assert world.ledger(learner).seconds == 120
    report.trouble(
        "Crash of the browser",
        happened="the page is gone 8 s after its last beat; a new one opens at once",
        lost="8 s of 128 s",
        told="one click on the hand-over page, then on at 1:00",
    )


def test_a_power_cut_loses_the_last_unsaved_seconds(
    world: World, report: Report, browser: Browser, tab: Tab, learner: Learner
) -> None:
    tab.study(60)
    world.wait(9)  # and then the computer is off for half an hour
    world.wait(1800)
    world.tidy()
    browser.close_line()
    again = browser.open(SHORT_VIDEO)
    again.study(60)
    assert world.ledger(learner).seconds == 120
    assert world.session(tab.session_id).end_reason == "silent"
    report.trouble(
        "Power cut at the learner's",
        happened="off 9 s after the last beat, on again after half an hour",
        lost="9 s of 129 s",
        told="nothing to confirm: goes on at 1:00",
    )


def test_a_phone_that_sleeps_loses_only_what_was_not_played(world: World, report: Report, learner: Learner) -> None:
    browser = Browser(world, learner, agent=PHONE).sign_in()
    tab = browser.open(SHORT_VIDEO)
    tab.study(60)
    tab.beat(5, event="hide")
    world.wait(60)  # a minute of sleep: the same session
    tab.beat(0, played=0, playing=False)
    tab.study(30)
    tab.beat(5, event="hide")
    world.wait(600)  # ten minutes: it has ended
    world.tidy()
    late = tab.beat(1)
    assert (late["reason"], late["ended_because"]) == ("ended", "silent")
    assert "进度已保存" in late["text"]
    browser.open(SHORT_VIDEO, mark=tab.mark).study(30)
    assert world.ledger(learner).seconds == 65 + 35 + 30
    report.trouble(
        "Phone sleep",
        happened="asleep for one minute, then for ten",
        lost="0 s of 130 s played",
        told='after ten minutes: "离开太久，学习已自动暂停，进度已保存。请刷新本页继续学习。"',
    )


def test_2g_with_five_seconds_and_ten_per_cent_loss(world: World, report: Report, tab: Tab, learner: Learner) -> None:
    player = Player(tab, round_trip=5, loss=0.1, seed=2).run(SHORT_SECONDS - 30).finish()
    found = world.ledger(learner)
    assert player.stopped == ""
    assert player.watched - found.seconds <= 10
    assert set(world.refusals(learner)) == set()
    report.trouble(
        "2G: round trips of 5 s, 10 % loss each way",
        happened="570 s on such a line (seeded); beats grow, are tried again, and playing waits for the line",
        lost=f"{player.watched - found.seconds} s of {player.watched} s played, {player.waited} s of waiting",
        told='"已存到服务器" with the time of the last answer; the player waits by itself',
    )


def test_a_tunnel_of_a_minute_loses_nothing_that_was_played(
    world: World, report: Report, tab: Tab, learner: Learner
) -> None:
    player = Player(tab).run(60)
    player.loss = 1.0  # nothing comes through
    player.run(60)
    player.loss = 0.0
    player.run(60).finish()
    found = world.ledger(learner)
    assert player.watched - found.seconds <= 5
    assert player.waited >= 25
    report.trouble(
        "A tunnel of one minute",
        happened="no line at all for 60 s; the player goes on with what it has and waits then",
        lost=f"{player.watched - found.seconds} s of {player.watched} s played, {player.waited} s of waiting",
        told="the player waits and says so",
    )


def test_a_clock_wrong_by_a_day_changes_nothing(world: World, report: Report, tab: Tab, learner: Learner) -> None:
    for _ in range(6):
        world.wait(10)
        tab.load(tab.position_ms + 10_000)
        tab.send(tab.claim(10, at_ms=world.clock.now_ms() - 86_400_000), Date="Sun, 01 Mar 2026 02:00:00 GMT")
    assert world.ledger(learner).seconds == 60
    assert world.ledger(learner).refused == {}
    report.trouble(
        "Clock wrong by a day",
        happened="60 s on a phone that lives in yesterday",
        lost="0 s of 60 s",
        told="nothing; times on pages are the server's",
    )


def test_switching_from_phone_to_computer_goes_on_at_the_same_place(
    world: World, report: Report, learner: Learner
) -> None:
    phone = Browser(world, learner, agent=PHONE).sign_in().open(SHORT_VIDEO)
    phone.study(120)
    world.wait(6)
    computer = Browser(world, learner, agent=COMPUTER).sign_in()
    assert computer.handed_over
    tab = computer.open(SHORT_VIDEO)
    assert tab.position_ms == 120_000
    tab.study(60)
    assert world.ledger(learner).seconds == 180
    report.trouble(
        "From phone to computer",
        happened="left the phone 6 s after its last beat and signed in on the computer",
        lost="6 s of 186 s",
        told="one hand-over page at sign-in; goes on at 2:00",
    )


def test_a_screen_reader_without_mouse_or_focus_loses_nothing(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """Keyboard only: no input for minutes, focus often in the reader's own window, checks answered by a key."""
    tab = browser.open(LONG_VIDEO)
    for beat in range(75):
        tab.beat(20, focused=beat % 3 == 0, idle_ms=beat % 28 * 20_000)
    text = 0
    tab.beat(0, played=0, event="close")
    world.drain()
    reading = browser.open(TEXT)
    for page in range(reading.opened["slots"]):
        reading.page = page
        for beat in range(10):
            text += reading.beat(10, focused=False, idle_ms=beat * 10_000)["gained_ms"] // 1000
    found = world.ledger(learner)
    assert (found.seconds, found.refused, text) == (1_800, {}, 300)
    report.trouble(
        "Screen reader, keyboard only",
        happened="1,500 s of video and 300 s of text with odd focus and up to nine minutes without input",
        lost="0 s of 1,800 s",
        told="checks are answered by a key like by a click",
    )


def test_going_back_to_watch_again_loses_nothing(world: World, report: Report, tab: Tab, learner: Learner) -> None:
    tab.study(120)
    tab.position_ms = 60_000
    tab.send(tab.claim(0, event="seek"))
    again = [tab.beat(10)["reason"] for _ in range(6)]
    tab.study(60)
    found = world.ledger(learner)
    assert again == ["already_counted"] * 6
    assert (found.seconds, found.refused) == (180, {"already_counted": 60})
    report.trouble(
        "Going back to watch again",
        happened="120 s watched, the second minute once more, then 60 s new",
        lost="0 s of 180 s; the minute watched again counts no second time",
        told='"这一段已经计过学时，重复观看不再计入"',
    )


def test_a_break_of_forty_minutes_keeps_everything(
    world: World, report: Report, browser: Browser, tab: Tab, learner: Learner
) -> None:
    tab.study(120)
    tab.beat(3, event="pause")
    world.wait(2_400)
    world.tidy()
    again = browser.open(SHORT_VIDEO, mark=tab.mark)
    assert again.position_ms == 123_000
    again.study(60)
    assert world.ledger(learner).seconds == 183
    report.trouble(
        "A break of forty minutes",
        happened="paused, came back to the same page",
        lost="0 s of 183 s",
        told="goes on at the same place after a reload",
    )


def test_a_lost_answer_counts_once(world: World, report: Report, tab: Tab, learner: Learner) -> None:
    tab.study(20)
    world.wait(10)
    tab.load(30_000)
    claim = tab.claim(10)
    unheard = tab.post(claim)
    world.wait(4)
    heard = tab.post(claim)
    assert (unheard.status, heard.status) == (200, 200)
    assert heard.json == unheard.json
    tab.hear(heard)
    tab.beat(6, played=10)
    assert world.ledger(learner).seconds == 40
    assert Beat.objects.filter(session_id=tab.session_id).count() == 4
    report.trouble(
        "A lost answer",
        happened="a beat was saved but its answer never came; the page sends it again",
        lost="0 s of 40 s, none twice",
        told="nothing",
    )


def test_a_restart_of_the_server_in_the_middle_loses_nothing(
    world: World, report: Report, tab: Tab, learner: Learner
) -> None:
    player = Player(tab).run(45)
    world.drain()
    world.restart()
    player.run(60).finish()
    assert player.stopped == ""
    assert world.ledger(learner).seconds == player.watched == 105
    report.trouble(
        "Restart of the server",
        happened="stopped and started again between two beats",
        lost="0 s of 105 s",
        told="nothing: session, ticket and key live in the database",
    )


def test_the_database_gone_for_thirty_seconds_loses_and_doubles_nothing(
    world: World, report: Report, tab: Tab, learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL is stopped as by a power cut; SQLite is held by another process for longer than the writer waits."""
    monkeypatch.setattr(stores, "PATIENCE_SECONDS", 1 if world.cluster else 0.2)
    monkeypatch.setattr(groups, "REST_SECONDS", 0.0)  # half a real second is a long time on the test's clock
    world.restart()
    player = Player(tab).run(35)
    world.drain()
    with without_database(world):
        player.run(30)
    player.run(60).finish()
    found = world.ledger(learner)
    world.restart()
    assert 503 in player.answers
    assert player.stopped == ""
    assert found.seconds == player.watched
    assert found.refused == {}
    report.trouble(
        "Database gone for 30 s",
        happened="PostgreSQL stopped in mid-study, SQLite locked by another process; 95 s of study in between",
        lost="0 s of what was played, none twice",
        told='503 "服务器正忙，进度没有丢，马上自动重试。"; the player waits',
    )


@contextlib.contextmanager
def without_database(world: World) -> Iterator[None]:
    if world.cluster is not None:
        with connection.cursor() as cursor:  # one commit that waits for the log takes all before it along
            cursor.execute("SET synchronous_commit = on")
            cursor.execute("SELECT pg_logical_emit_message(true, 'tests', '')")
        world.cluster.halt()
        connection.close()  # the test's own way into the ledger; requests give up a dead one by themselves
        yield
        world.cluster.resume()
        return
    with contextlib.closing(sqlite3.connect(world.place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
