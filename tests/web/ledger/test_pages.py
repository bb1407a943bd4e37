"""The pages of the ledger: learner, teacher, provider and bureau read the same sums; strangers read nothing."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.identity import client_for, make_bureau, make_operator, make_provider
from tests.factories.study import BEGIN, make_studying, units_of
from tests.factories.training import Running, attend_all
from zhenxue.kernel import clock
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim, Reason

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Running:
    """One learner with 5 minutes credited, 20 s hidden, and one lesson attended."""
    running = make_studying(learners=2)
    ledger.credit(
        enrolment_id=running.enrolments[0].pk,
        unit_id=units_of(running)[0].pk,
        claims=[
            Claim(0, 300_000, BEGIN, BEGIN + dt.timedelta(seconds=300)),
            Claim(
                300_000,
                300_000,
                BEGIN + dt.timedelta(seconds=300),
                BEGIN + dt.timedelta(seconds=320),
                Reason.HIDDEN,
            ),
        ],
        source="study:1",
        now=BEGIN + dt.timedelta(seconds=320),
    )
    attend_all(running, running.lessons[0])
    return running


def test_everybody_who_may_look_reads_the_same_sums(running: Running) -> None:
    address = f"/progress/{running.enrolments[0].pk}/"
    day = f"{address}{clock.civil_day(BEGIN)}/"
    staff = (running.teacher, running.manager, running.bureau, make_bureau("3715"), make_operator())
    for who in (running.learners[0], *staff):
        client = client_for(who)
        page = client.get(address).content.decode()
        assert "5 分钟" in page, who.label
        assert "学到 52%" in page
        assert "45 分钟" in page
        detail = client.get(day).content.decode()
        assert "页面不在前台" in detail
        assert "计入 50 分钟" in detail
        archive = f"/archives/{running.enrolments[0].pk}/"
        assert f'href="{archive}"' in page
        assert "计入线下学时" in client.get(archive).content.decode(), who.label
        assert ("监管视图 · 只读" in page) == who.is_bureau


def test_others_find_nothing(running: Running) -> None:
    address = f"/progress/{running.enrolments[0].pk}/"
    for who in (running.learners[1], make_provider(), make_bureau("371581")):
        assert client_for(who).get(address).status_code == 404
        assert client_for(who).get(f"{address}2026-03-02/").status_code == 404
    assert client_for(running.learners[0]).get(f"{address}2026-13-45/").status_code == 404
    assert "没有学习记录" in client_for(running.learners[0]).get(f"{address}2020-01-01/").content.decode()


def test_the_cohort_list_is_for_staff_and_costs_the_same_for_more_rows(running: Running) -> None:
    address = f"/progress/cohorts/{running.cohort.pk}/"
    client = client_for(running.manager)
    page = client.get(address).content.decode()
    for enrolment in running.enrolments:
        assert enrolment.person.name in page
    assert client_for(running.learners[0]).get(address).status_code == 403
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    assert len(queries) <= 12, "\n".join(query["sql"][:150] for query in queries)
    assert "没有符合条件的学员" in client.get(address, {"q": "无此人"}).content.decode()
