"""A reading unit is finished by reading enough of it and by passing its self-test, in whatever order they come."""

import datetime as dt

import pytest

from tests.factories.catalogue import make_published_version, right_answers
from tests.factories.identity import make_provider
from tests.factories.study import BEGIN, REASON, dates_from, make_studying, page_of, units_of
from tests.factories.training import Running, make_draft_programme, make_running_cohort
from zhenxue.catalogue.data import UnitDraft
from zhenxue.identity import api as identity
from zhenxue.kernel.errors import Conflict
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim
from zhenxue.study import data, operations, queries
from zhenxue.study.models import SelfTest
from zhenxue.training import api as training

pytestmark = pytest.mark.django_db
LATER = BEGIN + dt.timedelta(hours=2)


def read(running: Running, seconds: int, *, unit: int = 0, since: int = 0) -> None:
    """The ledger knows so many seconds of the unit."""
    began = BEGIN + dt.timedelta(minutes=20 * unit, seconds=since)
    ended = began + dt.timedelta(seconds=seconds)
    claim = Claim(since * 1000, (since + seconds) * 1000, began, ended)
    ledger.credit(
        enrolment_id=running.enrolments[0].pk,
        unit_id=units_of(running)[unit].pk,
        claims=[claim],
        source="study:1",
        now=ended,
    )


def submit(running: Running, *, unit: int = 0, right: bool = True) -> data.TestResult:
    one = units_of(running)[unit]
    answers = {number: letters if right else ["B"] for number, letters in right_answers(one).items()}
    return operations.submit_self_test(
        actor=running.learners[0],
        enrolment_id=running.enrolments[0].pk,
        unit_id=one.pk,
        answers=answers,
        now=LATER,
    )


def finished(running: Running) -> list[bool]:
    known = ledger.unit_progress(running.enrolments[0].pk)
    return [one.pk in known and known[one.pk].finished_at is not None for one in units_of(running)]


def states(running: Running) -> list[str]:
    (block,) = queries.course_blocks(running.enrolments[0])
    return [line.state for line in block.lines]


def make_chapter(*kinds: str) -> Running:
    """A running cohort with one chapter of units of five minutes each."""
    manager = make_provider()
    drafts = [UnitDraft(kind, f"{kind} {n}", minutes=5, body="先看，再做。") for n, kind in enumerate(kinds)]
    organisation = identity.get_organisation(manager.organisation_id or 0)
    version = make_published_version(organisation, units=drafts)
    programme = make_draft_programme(manager, online_minutes=0, offline=())
    training.add_online_line(actor=manager, programme_id=programme.pk, course_version_id=version.pk, now=BEGIN)
    programme = training.make_ready(actor=manager, programme_id=programme.pk, share_exception_reason=REASON, now=BEGIN)
    return make_running_cohort(manager, programme=programme, **dates_from(BEGIN))


def test_reading_alone_does_not_finish_and_the_test_below_does() -> None:
    running = make_studying(minutes=20)
    read(running, 600)
    assert finished(running) == [False, False]
    assert states(running) == ["已读完，还差小测", "未开始"]
    wrong = submit(running, right=False)
    assert (wrong.passed, wrong.finished, finished(running)[0]) == (False, False, False)
    again = submit(running)
    assert (again.passed, again.finished) == (True, True)
    assert finished(running) == [True, False]
    assert states(running)[0] == "已学完"


def test_the_test_opens_at_80_per_cent_and_the_rest_is_read_after_it() -> None:
    running = make_studying(minutes=20)
    read(running, 470)
    with pytest.raises(Conflict, match="读到 80% 才能做小测，现在读到 78%"):
        submit(running)
    assert not SelfTest.objects.exists()
    read(running, 20, since=470)
    passed = submit(running)
    assert (passed.passed, passed.finished) == (True, False)
    assert not finished(running)[0]
    read(running, 90, since=490)
    assert finished(running)[0]


def test_beats_that_the_ledger_does_not_know_yet_open_the_test() -> None:
    running = make_studying(minutes=2)
    page = page_of(running).open()
    page.study(50)
    assert ledger.find_coverage(page.enrolment_id, page.unit_id) is None
    blocks = queries.course_blocks(running.enrolments[0])
    test = queries.reading_test(running.enrolments[0], blocks, queries.get_line(blocks, page.unit_id))
    assert test is not None
    assert (test.own, test.is_open, test.percent) == (True, True, 83)
    assert submit(running).passed
    known = ledger.find_coverage(page.enrolment_id, page.unit_id)
    assert known is not None
    assert known.seconds == 50
    assert page.beat(6)["finished"] is False
    assert page.beat(6)["finished"] is True
    page.close()
    assert finished(running)[0]


def test_the_self_test_of_the_chapter_finishes_what_was_read_before_it() -> None:
    running = make_chapter("text", "text", "self_test", "text", "self_test")
    read(running, 300)
    assert finished(running) == [False] * 5
    assert submit(running, unit=2).finished
    assert finished(running) == [True, False, True, False, False]
    read(running, 290, unit=1)
    read(running, 300, unit=3)
    assert finished(running) == [True, True, True, False, False]
    assert submit(running, unit=4).passed
    assert finished(running) == [True] * 5


def test_a_learner_goes_on_with_the_test_that_the_reading_waits_for() -> None:
    running = make_chapter("text", "text", "self_test")
    read(running, 300)
    blocks = queries.course_blocks(running.enrolments[0])
    following = queries.next_line(blocks)
    assert following is not None
    assert following.unit.title == "text 1"
    read(running, 300, unit=1)
    blocks = queries.course_blocks(running.enrolments[0])
    following = queries.next_line(blocks)
    assert following is not None
    assert following.unit.kind == "self_test"


def test_where_the_rule_is_off_or_no_test_stands_in_the_version_reading_is_enough() -> None:
    running = make_studying(minutes=20)
    unit = units_of(running)[0]
    rules = training.rules_of(running.cohort)
    enrolment_id = running.enrolments[0].pk
    waits = ledger.missing_self_test(enrolment_id=enrolment_id, unit=unit, rules=rules)
    assert waits is not None
    assert waits.pk == unit.pk
    without = {**rules, "reading_needs_self_test": 0}
    assert ledger.missing_self_test(enrolment_id=enrolment_id, unit=unit, rules=without) is None
