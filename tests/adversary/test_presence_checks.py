"""Cheats with presence checks that need no face: forged, dodged, guessed, answered too late."""

from functools import partial

import pytest

from tests.adversary import presence as page
from tests.adversary.bots import Browser, Tab
from tests.adversary.presence import READING, SOON
from tests.adversary.reporting import Report
from tests.adversary.world import LONG_VIDEO, TEXT, Learner, World, wait_for
from zhenxue.integrity.data import CheckState
from zhenxue.integrity.models import Check
from zhenxue.study.models import StudySession
from zhenxue.training import api as training

pytestmark = pytest.mark.usefixtures("soon")


@pytest.fixture
def learner(world: World) -> Learner:
    return world.checked()


def test_presence_forged_in_beats_earns_nothing(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(LONG_VIDEO)
    claims: list[dict[str, object]] = [
        {"presence": True},
        {"presence": False, "presence_asked_ms": 0},
        {"answer": "A" * 22},
        {"check": {"passed": True}, "proof": "passed"},
    ]
    for claim in claims:
        for _ in range(3):
            assert tab.beat(10, **claim)["reason"] == "presence"
    found = world.ledger(learner)
    assert (found.seconds, found.refused) == (0, {"presence": 120})
    report.attack(
        "Presence forged in beats",
        tried="120 s of beats that say the check was passed, was never asked, or carry an invented answer",
        earned="0 s of 120 s",
        reason="`presence`, in the ledger: only the check itself frees the clock",
    )


def test_time_withheld_while_a_check_is_open_cannot_be_claimed_afterwards(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = page.study_to_check(page.enter(browser, LONG_VIDEO))
    shown = page.ask(tab)
    world.wait(50)
    assert page.give(browser, shown, page.right(shown)).json["passed"]
    tab.load(tab.position_ms + 60_000)
    told = tab.beat(10, played=60)
    found = world.ledger(learner)
    assert told["gained_ms"] == 10_000
    assert (found.seconds, found.refused) == (130, {"gap": 50})
    report.attack(
        "Silence at a check, claimed once it is passed",
        tried="120 s studied, 50 s without a beat while the check is open, then one beat that claims 60 s",
        earned="130 s of 180 s: nothing of the time that the clock stood",
        reason="`gap`, in the ledger",
    )


def test_closing_the_page_at_every_check_takes_back_to_the_last_proof(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    for before in range(3):
        tab = page.enter(browser, LONG_VIDEO)
        if before:
            tab.study(SOON)  # the page begins where the miss took back to: it counts again already
        page.study_to_check(tab)
        assert world.ledger(learner).seconds == (before + 1) * SOON
        tab.beat(0, played=0, event="close")
        page.let_pass(world)
        assert world.ledger(learner).seconds == before * SOON
    checks = Check.objects.filter(enrolment=learner.enrolment, state=CheckState.MISSED).order_by("pk")
    assert [one.made_up_at is not None for one in checks] == [True, True, False]
    world.wait(4 * 86_400)
    assert page.signals(world, learner) >= {"check_missed"}
    assert world.ledger(learner).seconds == 2 * SOON
    report.attack(
        "Closing the page at every check",
        tried="three times 120 s, each closed when the check came and opened anew",
        earned="240 s of 360 s: whoever leaves is asked all the same, and each miss takes back to the last proof until "
        "the check on coming back is passed",
        reason="`unproven`, in the ledger; `check_missed` once the days for a make-up are over",
    )


def test_changing_units_or_pages_brings_the_same_check_along(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = page.enter(browser, LONG_VIDEO)
    tab.study(SOON - 20)
    other = browser.open(TEXT, take_over=True)
    other.study(20)
    assert other.replies[-1].json["presence"]
    for unit in (LONG_VIDEO, TEXT, LONG_VIDEO):
        tab = browser.open(unit, take_over=True)
        assert tab.opened["presence"]
        assert {tab.beat(10)["reason"] for _ in range(2)} == {"presence"}
    found = world.ledger(learner)
    assert found.seconds == SOON
    page.let_pass(world)
    assert world.ledger(learner).seconds == 0
    report.attack(
        "Changing units, tabs and sessions to dodge a check",
        tried="100 s of a video, 20 s of a text, then 60 s in three pages opened one after another",
        earned="120 s until the check, 0 s of 60 s after it, and 0 s of all of it when nobody answers",
        reason="the distance to the check goes along; `presence`, then `unproven`, in the ledger",
    )


def is_met_at(tab: Tab, address: str) -> bool:
    """Whether the site has looked where the beats of an open page come from."""
    return StudySession.objects.get(pk=tab.session_id).ip == address


def test_going_on_from_another_address_asks_at_once(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """The open page is handed to a stand-in on another network, cookie, key of beats and all."""
    tab = page.enter(browser, LONG_VIDEO)
    tab.study(60)
    browser.move("127.0.0.9")
    tab.beat(10)
    wait_for(partial(is_met_at, tab, "127.0.0.9"))
    assert tab.beat(10)["presence"]
    assert page.ask(tab)["cause"] == "address"
    page.let_pass(world)
    assert world.ledger(learner).seconds == 0
    tab.beat(0, played=0, event="close")
    tab = page.enter(browser, LONG_VIDEO)
    for address in ("127.0.0.1", "127.0.0.9"):
        browser.move(address)
        tab.beat(10)
        wait_for(partial(is_met_at, tab, address))
        asked = tab.beat(10).get("presence")
        if asked:
            page.show_presence(tab)
        assert bool(asked) is (address == "127.0.0.1"), "once from each address"
    report.attack(
        "An open page that goes on elsewhere",
        tried="60 s after the door, then beats of the same page from another network address, where nobody can answer",
        earned="0 s of 70 s: asked at the first beat from there, and taken back to the last proof",
        reason="a check with the cause `address`; `unproven`, in the ledger",
    )


def test_an_answer_after_the_window_is_no_answer(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = page.study_to_check(page.enter(browser, LONG_VIDEO))
    shown = page.ask(tab)
    world.wait(60)
    late = page.give(browser, shown, page.right(shown))
    page.sweep(world)
    again = page.give(browser, shown, page.right(shown))
    assert [(one.status, one.json["code"]) for one in (late, again)] == [
        (409, "integrity.too_late"),
        (409, "integrity.check_over"),
    ]
    assert world.ledger(learner).seconds == 0
    report.attack(
        "Coming back late for the presence check",
        tried="the right answer 60 s after it was asked, before and after the sweep",
        earned="0 s of 180 s until it is made up",
        reason="409 `integrity.too_late`, 409 `integrity.check_over`; `unproven`, in the ledger",
    )


def test_answers_faster_than_reading_old_nonces_and_answers_sent_twice_pass_nothing(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(LONG_VIDEO)
    shown = page.ask(tab)
    world.wait(0.8)
    fast = page.give(browser, shown, page.right(shown))
    world.wait(READING)
    invented = page.give(browser, shown, page.right(shown), nonce="n" * 22)
    another_kind = page.give(browser, shown, ["1"], kind="word")
    missed = page.give(browser, shown, page.wrong(shown))
    world.wait(READING)
    replayed = page.give(browser, shown, page.right(page.state(browser, shown)))
    assert [one.status for one in (fast, invented, another_kind, missed, replayed)] == [403, 409, 409, 200, 409]
    codes = [one.json["code"] for one in (fast, invented, another_kind, replayed)]
    assert codes == ["integrity.too_fast", "integrity.old_nonce", "integrity.wrong_kind", "integrity.old_nonce"]
    assert tab.beat(10)["reason"] == "presence"
    assert world.ledger(learner).seconds == 0
    report.attack(
        "Answers faster than reading, replayed and invented",
        tried="the right answer after 0.8 s; another nonce; another kind; the next one answered with the old nonce",
        earned="0 s",
        reason="403 `integrity.too_fast`, 409 `integrity.old_nonce`, 409 `integrity.wrong_kind`",
    )


def test_guessing_has_two_tries_whatever_is_reloaded_between_them(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """A blind script: guesses, and opens the page anew before the last try is used up."""
    tab = page.study_to_check(page.enter(browser, LONG_VIDEO, mark="m"))
    guesses = 0
    for _ in range(4):
        shown = page.ask(tab)
        world.wait(READING)
        told = page.give(browser, shown, page.wrong(shown)).json
        guesses += 1
        if told["check"]["state"] == CheckState.FAILED:
            break
        tab = browser.open(LONG_VIDEO, mark="m")
    world.drain()
    assert guesses == 2
    assert world.ledger(learner).seconds == 0
    world.wait(4 * 86_400)
    assert page.signals(world, learner) >= {"check_failed"}
    report.attack(
        "Guessing the puzzle by brute force",
        tried="one wrong answer after another, the page opened anew after each",
        earned="0 s of 120 s: two tries, which a reload does not give back",
        reason="`unproven`, in the ledger; `check_failed` once the days for a make-up are over",
    )


def test_a_script_that_reads_the_puzzle_earns_real_time(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """The puzzle in words is text, and the one in strokes is an SVG: both are for people, and a script reads them."""
    tab = page.study_to_check(page.enter(browser, LONG_VIDEO))
    page.show_presence(tab)
    tab.study(SOON)
    assert world.ledger(learner).seconds == 2 * SOON
    assert page.signals(world, learner) <= {"machine_input"}
    found = Check.objects.filter(enrolment=learner.enrolment, state=CheckState.PASSED)
    assert {one.kind for one in found} <= {"puzzle", "question"}
    assert {one.strength for one in found} <= {0, 1}
    report.attack(
        "A script that solves questions and puzzles",
        tried="240 s by a script that reads question and puzzle and answers after 5 s; no face is enrolled",
        earned="240 s of 240 s, real time. Not told from a person here",
        reason="the check is kept with its kind and strength (0 puzzle, 1 question), for whoever looks into the class",
    )


def test_who_never_has_a_camera_meets_a_teacher_before_long(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """A stand-in answers every check by its question, until the rules ask for a face or for somebody who knows."""
    most = training.rules_of(learner.enrolment.cohort)["presence_weak_in_row"]
    tab = page.enter(browser, LONG_VIDEO)
    for _ in range(most - 1):
        page.show_presence(page.study_to_check(tab))
    shown = page.ask(page.study_to_check(tab))
    assert shown["kinds"] == ["word"]
    world.wait(READING)
    tried = [
        page.give(browser, shown, ["A"], kind="question"),
        page.give(browser, shown, ["1"], kind="puzzle"),
        page.choose(browser, shown, "question"),
    ]
    assert [one.status for one in tried] == [409] * 3
    page.let_pass(world, 301)
    again = page.ask(browser.open(LONG_VIDEO))
    assert again["kinds"] == ["word"]
    assert world.ledger(learner).seconds == (most - 1) * SOON
    report.attack(
        "Never having a camera",
        tried=f"{most * SOON} s by a stand-in who answers every check by its question, then tries to go on so",
        earned=f"{(most - 1) * SOON} s of {most * SOON} s: {most} checks in a row, then a teacher",
        reason="409 for anything weaker; `unproven`, in the ledger",
    )
