"""Cheats with attention: nobody looks, a script clicks, a page lies open: real time at most, or nothing."""

import pytest

from tests.adversary.bots import Browser, Refusal
from tests.adversary.reporting import Report
from tests.adversary.world import (
    DOCUMENT,
    LONG_VIDEO,
    QUIZ,
    READING_SECONDS,
    SHORT_VIDEO,
    TEXT,
    Learner,
    World,
)
from tests.factories.catalogue import right_answers
from zhenxue.training import api as training


def submit_test(browser: Browser, unit: int) -> int:
    """Answers the unit's self-test right; the status."""
    learner = browser.learner
    answers = {f"question_{number}": given for number, given in right_answers(learner.units[unit]).items()}
    address = f"/study/{learner.enrolment.pk}/units/{learner.units[unit].pk}/self-test/"
    return browser.post(address, answers).status


def test_a_page_in_the_background_that_says_so_earns_nothing(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(SHORT_VIDEO)
    tab.study(60, visible=False)
    tab.study(60, playing=False)
    found = world.ledger(learner)
    assert (found.seconds, found.refused) == (0, {"hidden": 60, "not_playing": 60})
    report.attack(
        "Playing in the background, or paused",
        tried="60 s hidden, 60 s paused",
        earned="0 s of 120 s",
        reason="`hidden`, `not_playing`, in the ledger",
    )


def test_overridden_visibility_and_focus_last_until_the_next_check(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """``document.visibilityState`` is whatever a script makes it; nobody looks at the page, so nobody answers."""
    tab = browser.open(LONG_VIDEO)
    tab.answers_checks = False
    tab.study(2_400, every=25)
    found = world.ledger(learner)
    assert 600 <= found.seconds <= 1_225
    assert set(found.refused) == {"check"}
    assert found.seconds + found.refused["check"] == 2_400
    assert tab.replies[-1].json["text"]
    report.attack(
        "Visibility and focus overridden, nobody there",
        tried="2,400 s of a muted video in a page that always says visible and focused",
        earned="at most 1,200 s of 2,400 s: until the first check, at an unforeseeable moment after 600 to 1,200 s",
        reason="`check`, in the ledger; `checks_missed` in the session",
    )


def test_synthetic_clicks_and_mouse_moves_earn_real_time(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(LONG_VIDEO)
    checks = 0
    for _ in range(75):
        checks += "check" in tab.beat(20, idle_ms=0)
    found = world.ledger(learner)
    assert found.seconds == 1_500
    assert checks >= 1
    report.attack(
        "Synthetic clicks and mouse moves",
        tried="1,500 s by a script that plays, never idles, and answers each check by its nonce",
        earned="1,500 s of 1,500 s, real time and no more. Not told from a person here",
        reason="none; checks come at random moments and places, which a fixed macro misses; then presence checks",
    )


def test_answering_a_check_without_the_page_earns_nothing(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """A blind script guesses, answers too fast, and repeats what was right once."""
    tab = browser.open(LONG_VIDEO)
    tab.answers_checks = False
    while not tab.check_nonce:
        tab.beat(25)
    counted, nonce = world.ledger(learner).seconds, tab.check_nonce
    world.wait(0.5)
    assert tab.send(tab.claim(0.5, answer=nonce))["reason"] == "check"
    for guess in ("", "yes", "A" * 16, nonce.swapcase(), nonce[:-1]):
        assert tab.beat(10, answer=guess)["reason"] == "check"
    assert world.ledger(learner).seconds == counted
    assert tab.beat(5, answer=nonce)["reason"] != "check"
    while not tab.check_nonce:
        tab.beat(25)
    before = world.ledger(learner).seconds
    for _ in range(3):
        assert tab.beat(10, answer=nonce)["reason"] == "check"
    assert world.ledger(learner).seconds == before
    assert world.session(tab.session_id).checks_missed == 0
    report.attack(
        "Answering a check without the page",
        tried="guessed nonces, an answer within half a second, the nonce of the check before",
        earned="0 s while a check is open",
        reason="`check`, in the ledger",
    )


def test_a_check_answered_late_gives_no_time_back(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(LONG_VIDEO)
    tab.answers_checks = False
    while not tab.check_nonce:
        tab.beat(25)
    counted, nonce = world.ledger(learner).seconds, tab.check_nonce
    tab.study(300, every=25)
    tab.beat(10, answer=nonce)
    late = world.ledger(learner)
    assert late.seconds == counted
    assert world.session(tab.session_id).checks_missed == 1
    tab.answers_checks = True
    tab.beat(10)
    assert world.ledger(learner).seconds == counted + 10
    report.attack(
        "Coming back for the check only",
        tried="a check answered after 310 s, while the video ran on",
        earned="0 s of 310 s",
        reason="`check`, in the ledger; counted in `checks_missed`",
    )


def test_an_open_page_alone_on_a_document_earns_two_minutes_and_never_the_unit(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(DOCUMENT)
    tab.page = 0
    for beat in range(120):
        tab.beat(10, idle_ms=beat * 10_000)
    found = world.ledger(learner)
    assert (tab.opened["idle_seconds"], found.seconds) == (120, 130)
    assert set(found.refused) == {"idle"}
    assert not world.finished(learner, DOCUMENT)
    report.attack(
        "An open page alone on a document",
        tried="1,200 s on the first of two pages of a unit of 300 s, without any input",
        earned="130 s of 1,200 s: `reading_idle_seconds` and the beat under way; the unit is not done",
        reason="`idle`, in the ledger",
    )


def test_an_open_page_alone_on_a_short_reading_earns_two_minutes_and_never_the_unit(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """A video may run for 600 s without input; this unit of 180 s is read, and reading has a window of its own."""
    tab = browser.open(QUIZ)
    for beat in range(90):
        tab.beat(10, idle_ms=beat * 10_000)
    found = world.ledger(learner)
    assert (found.seconds, set(found.refused)) == (130, {"idle"})
    assert not world.finished(learner, QUIZ)
    report.attack(
        "An open page alone on a short reading unit",
        tried="900 s without any input on a one-page unit of 180 s (a self-test, never submitted)",
        earned="130 s of 900 s: `reading_idle_seconds` and the beat under way; the unit is not done",
        reason="`idle`, in the ledger; a region may set `reading_idle_seconds` lower",
    )


def test_reading_one_page_only_earns_one_page(world: World, report: Report, browser: Browser, learner: Learner) -> None:
    tab = browser.open(TEXT)
    tab.page = 1
    tab.study(600)
    found = world.ledger(learner)
    most = tab.opened["slot_ms"] // 1000
    assert (found.seconds, set(found.refused)) == (most, {"page_full"})
    assert submit_test(browser, TEXT) == 409
    assert not world.finished(learner, TEXT)
    report.attack(
        "Reading one page only",
        tried="600 s with constant input on one of three pages of a text of 300 s, then its self-test",
        earned=f"{most} s of 600 s, the most of one page; the self-test stays shut",
        reason="`page_full`, in the ledger; 409 `study.test_not_open`",
    )


def test_turned_pages_without_the_self_test_do_not_finish(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(TEXT)
    for page in range(tab.opened["slots"]):
        tab.page = page
        tab.study(100)
    tab.study(60)
    found = world.ledger(learner)
    assert found.seconds == READING_SECONDS
    assert not world.finished(learner, TEXT)
    assert submit_test(browser, TEXT) == 200
    assert world.finished(learner, TEXT)
    report.attack(
        "Pages turned by a script, without the self-test",
        tried="all pages of a text of 300 s, turned by the clock",
        earned="300 s of 360 s, real time; the unit is done only with its self-test",
        reason=f"`{found.reasons}`, in the ledger",
    )


def test_a_page_that_does_not_exist_and_pages_in_a_rush_earn_no_more_than_time(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(DOCUMENT)
    tab.study(30, page=99)
    for turn in range(40):
        tab.page = turn % 2
        tab.beat(0.25, played=30)
    found = world.ledger(learner)
    assert found.seconds == 10
    assert set(found.refused) == {"jump", "clock"}
    report.attack(
        "Pages that do not exist, pages in a rush",
        tried="30 s on page 100 of two, then 40 turns in 10 s that claim 1,200 s",
        earned="10 s of 40 s, real time",
        reason="`jump`, `clock`, in the ledger",
    )


def test_a_self_test_without_reading_is_shut_and_finishes_nothing(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    assert [submit_test(browser, unit) for unit in (DOCUMENT, TEXT)] == [409, 409]
    tab = browser.open(DOCUMENT)
    tab.study(60)
    assert submit_test(browser, DOCUMENT) == 409
    assert world.ledger(learner).seconds == 60
    assert not world.finished(learner, DOCUMENT)
    assert submit_test(browser, QUIZ) == 200
    assert world.ledger(learner).seconds == 60
    report.attack(
        "Self-tests without reading",
        tried="right answers before reading, and after a fifth of it; the separate self-test unit at once",
        earned="60 s of 60 s read; no unit that must be read is done, a passed test earns no time",
        reason="409 `study.test_not_open`",
    )


def test_units_out_of_order_open_only_where_the_rules_leave_the_order_free(
    world: World, report: Report, browser: Browser, learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last unit by its own address. The site runs in this process: it reads the cohort's rules with a fixed order,
    then as they were approved (``units_in_order`` is 0 by default)."""
    rules = training.rules_of(learner.enrolment.cohort)
    with monkeypatch.context() as fixed:
        fixed.setattr(training, "rules_of", lambda _: {**rules, "units_in_order": 1})
        with pytest.raises(Refusal) as early:
            browser.open(LONG_VIDEO)
        tested = submit_test(browser, QUIZ)
        page = browser.get(f"/study/{learner.enrolment.pk}/units/{learner.units[LONG_VIDEO].pk}/")
        browser.open(SHORT_VIDEO).study(30)
    assert (early.value.status, early.value.code, tested, page.status) == (403, "study.not_in_order", 403, 403)
    assert f"请先学完：{learner.units[SHORT_VIDEO].title}" in page.text
    assert world.ledger(learner, LONG_VIDEO).seconds == 0
    browser.open(LONG_VIDEO, take_over=True).study(30)
    assert world.ledger(learner, LONG_VIDEO).seconds == 30
    report.attack(
        "Units out of order",
        tried="the last unit opened by its own address and a self-test submitted, before the first unit is finished",
        earned="0 s where `units_in_order` is 1; 30 s of 30 s where the order is free (the default)",
        reason="403 `study.not_in_order`, with the unit to finish first",
    )
