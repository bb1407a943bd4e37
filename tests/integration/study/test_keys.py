"""Content keys: for the current ticket only, no faster than the clock; nothing counts without them."""

import pytest

from tests.factories.study import Page, make_video_cohort, page_of
from tests.factories.training import Running
from zhenxue.kernel.errors import NotFound, Refused
from zhenxue.ledger.models import Coverage, Span
from zhenxue.study.models import StudySession

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Running:
    return make_video_cohort(seconds=300)


def code_of(page: Page, index: int, **how: str) -> str:
    """The code of the refusal; empty when the key was given out."""
    try:
        page.key(index, **how)
    except Refused as refusal:
        return refusal.code
    return ""


def test_a_key_needs_the_current_ticket_or_the_one_before(running: Running) -> None:
    page = page_of(running).open()
    first = page.ticket
    assert len(page.key(0)) == 16
    assert code_of(page, 0, ticket="") == "study.key_no_ticket"
    assert code_of(page, 0, ticket="guess") == "study.key_no_ticket"
    page.beat(10)
    assert code_of(page, 0, ticket=first) == ""
    page.beat(10)
    assert code_of(page, 0, ticket=first) == "study.key_no_ticket"
    with pytest.raises(NotFound):
        page.key(99)
    page.close()
    assert code_of(page, 0) == "study.ended"


def test_keys_come_no_faster_than_what_was_seen_and_than_the_clock(running: Running) -> None:
    page = page_of(running).open()
    assert [code_of(page, index) for index in (0, 1, 2, 3)] == ["", "", "", "study.key_not_yet"]
    page.wait(600)
    assert code_of(page, 3) == "study.key_not_yet"
    page.wait(-600)
    page.study(20)
    assert [code_of(page, index) for index in (3, 4, 5)] == ["", "", "study.key_not_yet"]
    session = StudySession.objects.get()
    assert session.released == "[[0,60000]]"
    assert session.covered == "[[0,20000]]"
    StudySession.objects.update(covered="[[0,250000]]")
    assert code_of(page, 5) == "study.key_not_yet"
    page.wait(100)
    assert code_of(page, 10) == ""


def test_a_script_that_never_loads_the_video_earns_nothing(running: Running) -> None:
    bot = page_of(running, loads_keys=False).open()
    for _ in range(6):
        bot.beat(10)
    assert {answer["reason"] for answer in bot.answers} == {"no_key"}
    bot.settle()
    assert Coverage.objects.get().seconds == 0
    assert {(span.state, span.reason) for span in Span.objects.all()} == {("refused", "no_key")}


def test_content_counts_as_far_as_its_keys_were_given_out(running: Running) -> None:
    bot = page_of(running, loads_keys=False).open()
    bot.key(0)
    bot.beat(10)
    assert bot.beat(10)["gained_ms"] == 2_000
    assert bot.answers[-1]["reason"] == "no_key"
    bot.key(1)
    assert (bot.beat(10)["gained_ms"], bot.answers[-1]["reason"]) == (10_000, "")


def test_a_finished_video_opens_everywhere_and_earns_nothing_twice(running: Running) -> None:
    page = page_of(running).open().study(300)
    assert page.answers[-1]["finished"]
    page.close()
    again = page_of(running, now=page.now).open()
    assert all(code_of(again, index) == "" for index in (24, 3, 12))
    assert again.beat(10, from_ms=150_000, to_ms=160_000)["gained_ms"] == 0
    again.settle()
    assert Coverage.objects.get().seconds == 300


def test_one_resumes_in_the_middle_with_the_keys_from_there(running: Running) -> None:
    page_of(running).open().study(100).close()
    later = page_of(running, now=page_of(running).now).wait(3600).open()
    assert later.position_ms == 100_000
    assert later.beat(10)["gained_ms"] == 10_000
    assert 0 not in later.loaded
