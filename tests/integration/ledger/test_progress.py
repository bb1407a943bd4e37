"""Progress in bulk, stages, and the check of the ledger against the log."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.study import BEGIN, make_studying, pass_self_test, units_of
from tests.factories.training import Running, attend_all
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim
from zhenxue.ledger.models import Coverage, Day, Span
from zhenxue.ledger.queries import check_against_log

pytestmark = pytest.mark.django_db


def study(running: Running, learner: int, unit: int, seconds: int) -> None:
    at = BEGIN + dt.timedelta(hours=unit)
    ledger.credit(
        enrolment_id=running.enrolments[learner].pk,
        unit_id=units_of(running)[unit].pk,
        claims=[Claim(0, seconds * 1000, at, at + dt.timedelta(seconds=seconds))],
        source="study:1",
        now=at + dt.timedelta(seconds=seconds),
    )


def test_progress_is_cut_to_tenths_and_complete_only_when_all_is_done() -> None:
    running = make_studying()
    enrolment = running.enrolments[0].pk
    study(running, 0, 0, 539)
    progress = ledger.progress_of([enrolment])[enrolment]
    assert (progress.online_seconds, str(progress.online_hours)) == (539, "0.1")
    assert (str(progress.online_required_hours), str(progress.offline_required_hours)) == ("0.4", "2.0")
    study(running, 0, 1, 600)
    assert not ledger.stage_complete(enrolment, 1)
    for lesson in running.lessons:
        attend_all(running, lesson)
    assert not ledger.progress_of([enrolment])[enrolment].complete
    at = BEGIN + dt.timedelta(hours=5)
    ledger.credit(
        enrolment_id=enrolment,
        unit_id=units_of(running)[0].pk,
        claims=[Claim(539_000, 600_000, at, at + dt.timedelta(seconds=61))],
        source="study:2",
        now=at,
    )
    assert not ledger.progress_of([enrolment])[enrolment].complete
    for unit in (0, 1):
        assert pass_self_test(running, unit=unit, now=at).finished
    progress = ledger.progress_of([enrolment])[enrolment]
    assert (progress.complete, progress.percent) == (True, 100)
    assert ledger.stage_complete(enrolment, 1)
    assert ledger.complete_stages(running.cohort.pk) == {enrolment: {1}}


def test_progress_of_many_costs_as_many_queries_as_of_one() -> None:
    running = make_studying(learners=4)
    for learner in range(4):
        study(running, learner, 0, 60)
    ids = [enrolment.pk for enrolment in running.enrolments]
    ledger.progress_of(ids)
    with CaptureQueriesContext(
        connection,
    ) as few:
        ledger.progress_of(ids[:1])
    with CaptureQueriesContext(connection) as many:
        assert len(ledger.progress_of(ids)) == 4
    assert len(few) == len(many) <= 3


def test_unit_progress_says_where_to_resume() -> None:
    running = make_studying()
    study(running, 0, 0, 90)
    unit = units_of(running)[0]
    found = ledger.unit_progress(running.enrolments[0].pk)[unit.pk]
    assert (found.seconds, found.position_ms, found.seen_to_ms, found.required_seconds) == (90, 90_000, 90_000, 570)
    assert found.percent == 15


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("coverage", lambda: Coverage.objects.update(seconds=100, credited_ms=100_000)),
        ("day", lambda: Day.objects.update(online_seconds=100)),
        ("span", lambda: Span.objects.update(seconds=100)),
        ("coverage", lambda: Coverage.objects.all().delete()),
    ],
)
def test_a_row_edited_behind_the_log_is_named(table: str, change: object) -> None:
    running = make_studying()
    study(running, 0, 0, 90)
    assert list(check_against_log()) == []
    change()  # type: ignore[operator]  # one of the lambdas above
    findings = [str(finding) for finding in check_against_log()]
    assert any(f"ledger_{table}" in words and f"学籍 {running.enrolments[0].pk}" in words for words in findings)
