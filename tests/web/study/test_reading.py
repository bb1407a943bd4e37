"""The page of a reading unit: its pages, what one may count, and the self-test below it."""

import datetime as dt

import pytest
from django.test import Client

from tests.factories.catalogue import make_published_version
from tests.factories.identity import client_for, make_provider
from tests.factories.study import REASON, dates_from, units_of
from tests.factories.training import Running, make_draft_programme, make_running_cohort
from zhenxue.catalogue.data import UnitDraft
from zhenxue.identity import api as identity
from zhenxue.kernel import clock
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim
from zhenxue.study.models import SelfTest
from zhenxue.training import api as training

pytestmark = pytest.mark.django_db

LONG = "每次交接班都要把看到的情况写清楚，" * 6
TEXT = UnitDraft("text", "交接班", minutes=10, body=f"# 甲\n{LONG}\n# 乙\n{LONG}")
HTMX = {"HX-Request": "true"}


def make_reading(*drafts: UnitDraft) -> Running:
    now = clock.now()
    manager = make_provider()
    version = make_published_version(
        identity.get_organisation(manager.organisation_id or 0), units=list(drafts), now=now
    )
    programme = make_draft_programme(manager, online_minutes=0, offline=(), now=now)
    training.add_online_line(actor=manager, programme_id=programme.pk, course_version_id=version.pk, now=now)
    programme = training.make_ready(actor=manager, programme_id=programme.pk, share_exception_reason=REASON, now=now)
    return make_running_cohort(manager, programme=programme, now=now, **dates_from(now))


def read(running: Running, since: int, until: int) -> None:
    """The ledger knows these seconds of the first unit, learnt just now."""
    ended = clock.now() - dt.timedelta(seconds=1200 - until)
    began = ended - dt.timedelta(seconds=until - since)
    ledger.credit(
        enrolment_id=running.enrolments[0].pk,
        unit_id=units_of(running)[0].pk,
        claims=[Claim(since * 1000, until * 1000, began, ended)],
        source="study:1",
        now=ended,
    )


def address(running: Running, unit: int = 0) -> str:
    return f"/study/{running.enrolments[0].pk}/units/{units_of(running)[unit].pk}/"


@pytest.fixture(autouse=True)
def not_at_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests book the minutes before now; in the first hour of a day these would lie before the cohort's first day.

    No further than need be: a sign-in lasts for hours of the real clock.
    """
    if dt.datetime.now(clock.CIVIL_ZONE).hour == 0:
        real = clock.now
        monkeypatch.setattr(clock, "now", lambda: real() + dt.timedelta(hours=1))


def test_the_text_stands_in_its_pages_and_says_what_one_may_count() -> None:
    running = make_reading(TEXT)
    page = client_for(running.learners[0]).get(address(running)).content.decode()
    assert page.count("<section data-page=") == 2
    assert '<section data-page="1">\n<h2>乙</h2>' in page
    assert "共 2 节，每节最多计 7 分 30 秒" in page
    assert "读完后做一次小测，就算学完。读到 80% 时，小测在下面打开。" in page
    assert "先做什么？" not in page


def test_the_test_opens_below_the_reading_and_finishes_it() -> None:
    running = make_reading(TEXT)
    client = client_for(running.learners[0])
    test = f"{address(running)}self-test/"
    name = f"question_{units_of(running)[0].questions.get().pk}"
    read(running, 0, 300)
    early = client.get(test, headers=HTMX).content.decode()
    assert "现在读到 50%" in early
    assert "先做什么？" not in early
    assert "<html" not in early
    refused = client.post(test, {name: "A"}, headers=HTMX)
    assert (refused.status_code, "读到 80% 才能做小测" in refused.content.decode()) == (409, True)
    assert "先做什么？" not in client.post(test, {}, headers=HTMX).content.decode()
    assert not SelfTest.objects.exists()
    read(running, 300, 600)
    whole = client.get(address(running)).content.decode()
    assert "先做什么？" in whole
    assert "已经读够了，再做一次小测" in whole
    assert "已读完，还差小测" in client.get(f"/study/{running.enrolments[0].pk}/").content.decode()
    wrong = client.post(test, {name: "B"}, headers=HTMX).content.decode()
    assert "还没到合格线" in wrong
    assert "再交一次" in wrong
    right = client.post(test, {name: "A"}, headers=HTMX).content.decode()
    assert 'data-self-test="passed"' in right
    assert "再交一次" not in right
    after = client.get(address(running)).content.decode()
    assert "小测已合格" in after
    assert "提交自测" not in after
    assert ledger.unit_progress(running.enrolments[0].pk)[units_of(running)[0].pk].finished_at is not None


def test_a_test_passed_before_the_end_says_that_the_rest_must_be_read() -> None:
    running = make_reading(TEXT)
    client: Client = client_for(running.learners[0])
    name = f"question_{units_of(running)[0].questions.get().pk}"
    read(running, 0, 500)
    passed = client.post(f"{address(running)}self-test/", {name: "A"}, headers=HTMX).content.decode()
    assert 'data-self-test="reading"' in passed
    assert "把剩下的读完，就算学完" in passed
    assert "小测已合格，把剩下的读完，就算学完。" in client.get(address(running)).content.decode()


def test_a_unit_tested_by_the_chapter_leads_to_that_test() -> None:
    running = make_reading(TEXT, UnitDraft("self_test", "学会了吗", minutes=3))
    page = client_for(running.learners[0]).get(address(running)).content.decode()
    assert "读完后做一次小测，就算学完。小测是本章的“学会了吗”。" in page
    assert address(running, unit=1) in page
    assert 'id="self-test"' not in page
