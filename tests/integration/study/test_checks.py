"""Checks ("我在学习"): asked at random, nothing counts until one is answered, nobody gets round them."""

import pytest

from tests.factories.study import Page, make_studying, page_of
from tests.factories.training import Running
from zhenxue.evidence import api as evidence
from zhenxue.ledger.models import Coverage, Span
from zhenxue.study.models import StudySession

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Running:
    return make_studying()


def due_soon(page: Page, seconds: int) -> None:
    StudySession.objects.filter(pk=page.session_id).update(check_left_ms=seconds * 1000)


def test_honest_study_is_asked_and_loses_nothing(running: Running) -> None:
    page = page_of(running).open()
    due_soon(page, 250)
    asked = sum("check" in page.beat(10) for _ in range(60))
    page.settle()
    assert asked == 1
    assert Coverage.objects.get().seconds == 600
    assert StudySession.objects.get().checks_missed == 0


def test_nothing_counts_until_the_check_is_answered(running: Running) -> None:
    page = page_of(running, answers_checks=False).open()
    due_soon(page, 15)
    page.beat(10)
    asked = page.beat(10)
    assert asked["check"]["answer_within_ms"] == 60_000
    for _ in range(3):
        answer = page.beat(10)
        assert (answer["reason"], answer["gained_ms"]) == ("check", 0)
    assert answer["check"] == {"nonce": asked["check"]["nonce"], "answer_within_ms": 30_000}
    assert page.beat(10, answer="guess")["reason"] == "check"
    right = page.beat(10, answer=asked["check"]["nonce"])
    assert (right["reason"], right["gained_ms"], "check" in right) == ("", 10_000, False)
    assert 600_000 <= StudySession.objects.get().check_left_ms <= 1_200_000
    page.settle()
    assert {span.reason: span.claimed_seconds for span in Span.objects.filter(state="refused")} == {"check": 40}
    assert Coverage.objects.get().seconds == 30


def test_an_answer_within_a_second_is_a_script(running: Running) -> None:
    page = page_of(running).open()
    due_soon(page, 5)
    page.beat(10)
    assert page.beat(0.5)["reason"] == "check"
    assert page.beat(0.6)["reason"] == ""


def test_a_late_answer_opens_the_way_and_is_kept_for_the_bureau(running: Running) -> None:
    page = page_of(running, answers_checks=False).open()
    due_soon(page, 5)
    page.beat(10)
    for _ in range(8):
        page.beat(10)
    late = page.beat(10, answer=page.check_nonce)
    assert (late["reason"], late["gained_ms"], "check" in late) == ("check", 0, False)
    assert page.beat(10)["gained_ms"] == 10_000
    page.close()
    [closed] = evidence.iterate_bodies(kinds=["study.closed"])
    assert closed.body["checks_missed"] == 1


def test_a_reload_does_not_get_round_a_check(running: Running) -> None:
    page = page_of(running, tab="t", answers_checks=False).open()
    due_soon(page, 25)
    page.study(20)
    page = page_of(running, tab="t", now=page.now, answers_checks=False).open()
    assert "check" in page.beat(10)
    page = page_of(running, tab="t", now=page.now, answers_checks=False).open()
    assert page.beat(10)["gained_ms"] == 10_000
    assert page.beat(10)["reason"] == "check"
    page.beat(10, answer=page.check_nonce)
    assert page.beat(10)["gained_ms"] == 10_000
