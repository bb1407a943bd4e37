"""Duration statistics (A18) and the raw records to download."""

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.identity import client_for, make_bureau, make_provider
from tests.factories.ledger import after, book
from tests.factories.study import BEGIN, make_studying
from tests.factories.training import Running, attend_all
from zhenxue.identity.models import AccessLogEntry
from zhenxue.kernel import clock, sheets
from zhenxue.ledger.data import Reason
from zhenxue.ledger.queries.statistics import Period, Step, list_courses, statistics_of

pytestmark = pytest.mark.django_db
DAY = clock.civil_day(BEGIN)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Running:
    """Two learners: 100 s, on the fourth day 50 s and the first lesson; the other 30 s."""
    running = make_studying(learners=2)
    book(running, 0, 100)
    book(running, 100, 100, at=after(100), lasted=40, reason=Reason.HIDDEN)
    book(running, 100, 150, at=BEGIN + dt.timedelta(days=3))
    book(running, 0, 30, learner=1)
    attend_all(running, running.lessons[0])
    now = BEGIN + dt.timedelta(days=10)
    monkeypatch.setattr(clock, "now", lambda: now)
    return running


def test_total_days_mean_and_trend_of_any_period(running: Running) -> None:
    courses = list_courses(running.cohort)
    mine = {"cohort": running.cohort, "courses": courses, "enrolment_id": running.enrolments[0].pk}
    whole = statistics_of(**mine, period=Period(DAY, DAY + dt.timedelta(days=13)), step=Step.WEEK)
    lesson = 45 * 60
    assert (whole.total, whole.online, whole.offline, whole.study_days) == (150 + lesson, 150, lesson, 2)
    assert whole.mean == (150 + lesson) // 2
    assert whole.longest == 100 + lesson
    assert [one.seconds for one in whole.buckets] == [150 + lesson, 0]
    assert {one.title: one.seconds for one in whole.courses}[running.lessons[0].title] == lesson
    part = statistics_of(**mine, period=Period(DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=4)), step=Step.DAY)
    assert (part.total, part.study_days, [one.seconds for one in part.buckets]) == (50, 1, [0, 0, 50, 0])
    course = next(one for one in courses if one.unit_ids)
    wanted = {"period": whole.period, "step": Step.MONTH, "course": course}
    online = statistics_of(cohort=running.cohort, courses=courses, **wanted)
    assert (online.total, online.offline, [one.label for one in online.buckets]) == (180, 0, ["2026年3月"])


def test_the_pages_show_chart_and_table_and_say_what_is_wrong(running: Running) -> None:
    address = reverse("ledger:statistics", args=[running.enrolments[0].pk])
    for who in (running.learners[0], running.teacher, running.manager, running.bureau):
        page = client_for(who).get(address).content.decode()
        assert "47 分 30 秒" in page, who.label
        assert "<svg" in page
        assert f'href="/progress/{running.enrolments[0].pk}/{DAY}/"' in page
    client = client_for(running.learners[0])
    wrong = client.get(address, {"first": "2026-03-20", "last": "2026-03-01"})
    assert (wrong.status_code, "结束日期不能早于开始日期" in wrong.content.decode()) == (422, True)
    assert "日期看不懂" in client.get(address, {"first": "2026-02-31"}).content.decode()
    for first, last in (("0001-01-01", "0001-01-02"), ("9999-12-01", "9999-12-31")):
        assert "年份要在" in client.get(address, {"first": first, "last": last}).content.decode()
    assert "没有计入学时" in client.get(address, {"first": "2020-01-01", "last": "2020-01-02"}).content.decode()
    for who in (running.learners[1], make_provider(), make_bureau("371581")):
        assert client_for(who).get(address).status_code == 404


def test_the_cohort_lists_its_learners_by_time_in_few_queries(running: Running) -> None:
    address = reverse("ledger:cohort_statistics", args=[running.cohort.pk])
    client = client_for(running.manager)
    page = client.get(address, {"first": str(DAY), "last": str(DAY)}).content.decode()
    first, second = (one.person.name for one in running.enrolments)
    assert page.index(f">{first}</a>") < page.index(f">{second}</a>")
    assert "46 分 40 秒" in page
    course = next(one for one in list_courses(running.cohort) if one.unit_ids)
    narrowed = client.get(address, {"course": course.line_id, "sort": "period_seconds"}).content.decode()
    assert "3 分钟" in narrowed
    assert narrowed.index(f">{second}</a>") < narrowed.index(f">{first}</a>")
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    assert len(queries) <= 16, "\n".join(query["sql"][:120] for query in queries)
    assert client_for(running.learners[0]).get(address).status_code == 403


def test_the_raw_records_of_a_learner_and_of_a_cohort_are_masked_and_scoped(running: Running) -> None:
    one = running.enrolments[0]
    number = one.person.citizen_number
    client = client_for(running.learners[0])
    answer = client.get(reverse("ledger:export", args=[one.pk, "csv"]))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]  # it streams
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["结果"], row["计入秒数"], row["上报秒数"]) for row in rows] == [
        ("已计入", "100", "100"),
        ("未计入", "0", "40"),
        ("已计入", "2700", "2700"),
        ("已计入", "50", "50"),
    ]
    assert number not in text
    assert f"{number[:6]}********{number[-4:]}" in text
    book_ = client_for(running.bureau).get(reverse("ledger:export_cohort", args=[running.cohort.pk, "xlsx"]))
    sheet = sheets.read_sheet(book_.content, "学时记录.xlsx")
    assert len(sheet.rows) == 1 + 4 + 2
    assert client.get(reverse("ledger:export", args=[one.pk, "pdf"])).status_code == 404
    assert client.get(reverse("ledger:export_cohort", args=[running.cohort.pk, "csv"])).status_code == 403
    opened = AccessLogEntry.objects.filter(path=reverse("ledger:export_cohort", args=[running.cohort.pk, "xlsx"]))
    assert opened.get().account_id == running.bureau.account_id
    for who in (make_provider(), make_bureau("371581")):
        assert client_for(who).get(reverse("ledger:export", args=[one.pk, "csv"])).status_code == 404
        assert client_for(who).get(reverse("ledger:export_cohort", args=[running.cohort.pk, "csv"])).status_code == 404


def test_an_export_costs_the_same_queries_for_more_rows(running: Running) -> None:
    client = client_for(running.manager)
    address = reverse("ledger:export_cohort", args=[running.cohort.pk, "csv"])

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            list(client.get(address).streaming_content)  # type: ignore[attr-defined]  # it streams
        return len(queries)

    few = cost()
    for number in range(20):
        book(running, 200 + number, 201 + number, at=BEGIN + dt.timedelta(days=4, minutes=number))
    assert cost() <= few
