"""Cheats that have been seen in the field, each named after its technique; every one asserts what was credited.

The bots speak the page's side of the protocol against the real judgement and the real ledger. ``ledger_seconds`` is
what the bureau would pay for; nothing else counts.
"""

import datetime as dt

import pytest
from django.db import connection

from tests.factories.identity import NOW
from tests.factories.study import Page, make_studying, make_video_cohort, page_of
from tests.factories.training import Running, add_learner, make_draft_cohort
from zhenxue.kernel.errors import Invalid
from zhenxue.ledger import api as ledger
from zhenxue.ledger.models import Coverage
from zhenxue.ledger.queries import check_against_log
from zhenxue.study import operations
from zhenxue.study.errors import StudyingElsewhere
from zhenxue.study.models import StudySession
from zhenxue.study.protocol import Claim

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Running:
    return make_video_cohort(seconds=600)


def ledger_seconds(page: Page) -> int:
    """Books whatever the bot's session holds and gives what counts."""
    operations.settle(session_id=page.session_id, now=page.now)
    return sum(row.seconds for row in Coverage.objects.all())


def test_one_finished_call_earns_nothing(running: Running) -> None:
    bot = page_of(running).open()
    answer = bot.send(bot.claim(600, event="end"))
    assert (answer["gained_ms"], answer["finished"]) == (0, False)
    assert ledger_seconds(bot) == 0


def test_forged_beats_without_a_player_earn_no_more_than_the_clock(running: Running) -> None:
    """A script that knows the protocol and never plays: it cannot be faster than time (keys and checks come on top)."""
    bot = page_of(running).open()
    for _ in range(200):
        bot.wait(0.1).send(bot.claim(10))
    assert ledger_seconds(bot) <= 20


@pytest.mark.parametrize("speed", [2, 4, 8, 16])
def test_playing_faster_is_refused(running: Running, speed: int) -> None:
    bot = page_of(running).open()
    for _ in range(3):
        bot.beat(10, played=10 * speed, rate_percent=100 * speed)
    assert {answer["reason"] for answer in bot.answers} == {"rate"}
    assert ledger_seconds(bot) == 0


@pytest.mark.parametrize("speed", [2, 16])
def test_playing_faster_and_saying_it_is_normal_earns_real_time(running: Running, speed: int) -> None:
    bot = page_of(running).open()
    for _ in range(3):
        bot.beat(10, played=10 * speed)
    assert {answer["reason"] for answer in bot.answers} == {"clock"}
    assert ledger_seconds(bot) == 30


def test_a_replayed_ticket_earns_nothing(running: Running) -> None:
    bot = page_of(running).open()
    recorded = bot.claim(10)
    bot.beat(10)
    bot.beat(10)
    for _ in range(20):
        bot.wait(10)
        assert bot.post(recorded)[1]["reason"] == "replayed"
    assert ledger_seconds(bot) == 20


def test_tickets_out_of_order_or_of_another_session_earn_nothing(running: Running) -> None:
    other = make_studying()
    bot, foreign = page_of(running).open(), page_of(other).open()
    bot.wait(10)
    for claim in (
        bot.claim(10, number=2),
        bot.claim(10, ticket=foreign.ticket),
        bot.claim(10, ticket=bot.ticket[:-1]),
        bot.claim(10, ticket=bot.ticket.swapcase()),
        Claim(number=1, to_ms=10_000, visible=True, playing=True, rate_percent=100),
    ):
        assert bot.post(claim)[0] == 409
    assert set(StudySession.objects.values_list("credited_ms", flat=True)) == {0}
    assert ledger_seconds(bot) == 0


def test_a_jump_to_the_end_earns_nothing(running: Running) -> None:
    bot = page_of(running).open()
    bot.beat(10)
    bot.position_ms = 590_000
    assert bot.beat(10)["reason"] == "jump"
    assert ledger_seconds(bot) == 10


def test_dropped_fields_are_missing_proof(running: Running) -> None:
    bot = page_of(running).open()
    bot.wait(10).send(Claim(number=1, ticket=bot.ticket, to_ms=10_000))
    bot.wait(10).send(Claim(number=2, ticket=bot.ticket, to_ms=10_000, visible=True))
    bot.wait(10).send(Claim(number=3, ticket=bot.ticket, to_ms=10_000, visible=True, playing=True))
    assert [answer["reason"] for answer in bot.answers] == ["hidden", "not_playing", "rate"]
    assert ledger_seconds(bot) == 0


def test_saving_up_time_and_claiming_it_in_a_burst_earns_the_last_seconds_only(running: Running) -> None:
    bot = page_of(running).open()
    for _ in range(60):
        bot.beat(10, playing=False, played=0)
    for _ in range(60):
        bot.wait(0.01).send(bot.claim(10))
    assert ledger_seconds(bot) <= 3


def test_the_same_stretch_again_and_again_counts_once(running: Running) -> None:
    bot = page_of(running).open()
    for _ in range(10):
        bot.position_ms = 0
        bot.beat(10)
    assert ledger_seconds(bot) == 10


def test_two_units_in_parallel_tabs_are_one(running: Running) -> None:
    first = page_of(running, tab="a").open()
    second = page_of(running, unit=1, tab="b")
    with pytest.raises(StudyingElsewhere):
        second.open()
    second.open(take_over=True)
    for _ in range(6):
        first.beat(10)
        second.beat(10)
    assert {answer["reason"] for answer in first.answers} == {"ended"}
    assert ledger_seconds(second) == 60


def test_one_person_in_two_cohorts_at_once_is_refused_at_the_roster_and_by_the_clock(running: Running) -> None:
    person = running.enrolments[0].person
    twin = make_draft_cohort(learners=0, title="直播销售员二班")
    with pytest.raises(Invalid):
        add_learner(twin, name=person.name, number=person.citizen_number)
    at = NOW + dt.timedelta(hours=1)
    minute = [ledger.Claim(0, 60_000, at, at + dt.timedelta(seconds=60))]
    gains = [
        ledger.credit(
            enrolment_id=running.enrolments[0].pk,
            unit_id=page_of(running, unit=unit).unit_id,
            claims=minute,
            source=f"study:{unit}",
            now=at,
        ).seconds
        for unit in (0, 1)
    ]
    assert gains == [60, 0]


def test_a_session_that_ended_earns_nothing_more(running: Running) -> None:
    bot = page_of(running).open().study(20)
    bot.close()
    assert bot.beat(10)["reason"] == "ended"
    assert sum(row.seconds for row in Coverage.objects.all()) == 20


def test_a_stolen_ticket_in_another_browser_earns_nothing(running: Running) -> None:
    victim = page_of(running).open()
    victim.wait(10)
    status, answer = victim.post(victim.claim(10), cookie="thief")
    assert (status, answer["code"]) == (403, "study.not_yours")
    assert victim.beat(0.5, played=10)["gained_ms"] == 10_000
    assert ledger_seconds(victim) == 10


def test_hours_edited_in_the_database_are_named_by_the_check(running: Running) -> None:
    bot = page_of(running).open().study(60)
    ledger_seconds(bot)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_coverage SET seconds = 600, credited_ms = 600000")
    assert any("600 秒，存证合计 60 秒" in str(finding) for finding in check_against_log())


def test_honest_reload_crash_and_bad_line_lose_no_more_than_the_last_seconds(running: Running) -> None:
    page = page_of(running, tab="t").open().study(60)
    page.wait(8)
    page = page_of(running, tab="t", now=page.now).open()  # a reload between two beats
    page.study(60)
    lost = page.claim(10)
    page.wait(10).send(lost)
    page.number, page.ticket = lost.number - 1, lost.ticket
    page.wait(3).send(lost)  # the answer was lost, the page sends it again
    page.beat(24, played=27)  # 2G: three beats' worth in one late beat
    StudySession.objects.filter(pk=page.session_id).update(tab="crashed")
    page.wait(200)  # the phone died; silence
    page = page_of(running, tab="t", now=page.now).open().study(20)
    studied = 60 + 60 + 10 + 27 + 20
    assert studied - 10 <= ledger_seconds(page) <= studied
