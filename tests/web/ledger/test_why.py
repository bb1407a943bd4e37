"""A day explained: lanes, sums, table and JSON say the same to all who may look."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.identity import client_for, make_bureau, make_operator, make_provider
from tests.factories.ledger import after, book, make_mixed_day
from tests.factories.study import BEGIN, make_studying, page_of, units_of
from tests.factories.training import Running, attend_all
from zhenxue.kernel import clock
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim, CorrectionKind, Reason
from zhenxue.ledger.queries import why_day
from zhenxue.ledger.web import lanes

pytestmark = pytest.mark.django_db
DAY = clock.civil_day(BEGIN)
LATER = BEGIN + dt.timedelta(hours=2)


@pytest.fixture
def corrected() -> Running:
    """300 s credited of which 100 withdrawn, 120 s refused of which 60 made up, one lesson of 45 minutes."""
    running = make_mixed_day(learners=2)
    asked = {"enrolment_id": running.enrolments[0].pk, "unit_id": units_of(running)[0].pk, "now": LATER}
    gone = ledger.propose_correction(
        actor=running.manager,
        kind=CorrectionKind.WITHDRAW,
        began_at=after(0),
        ended_at=after(100),
        reason="核实后确认由他人代学",
        **asked,
    )
    made = ledger.propose_correction(
        actor=running.manager,
        kind=CorrectionKind.MAKE_UP,
        began_at=after(300),
        ended_at=after(420),
        seconds=60,
        reason="教室停电，学习没有中断",
        **asked,
    )
    for one in (gone, made):
        ledger.approve_correction(actor=running.bureau, correction_id=one.pk, now=LATER)
    attend_all(running, running.lessons[0])
    return running


def test_everybody_reads_the_same_sums_on_page_and_in_json(corrected: Running) -> None:
    page = reverse("ledger:day", args=[corrected.enrolments[0].pk, DAY])
    data = reverse("ledger:day_json", args=[corrected.enrolments[0].pk, DAY])
    totals = {"counted": 2960, "online": 260, "offline": 2700}
    totals |= {"credited": 3000, "made_up": 60, "withdrawn": -100, "refused": 120}
    readers = (corrected.learners[0], corrected.teacher, corrected.manager, corrected.bureau, make_bureau("3715"))
    for who in (*readers, make_operator()):
        client = client_for(who)
        assert client.get(data).json()["totals"] == totals, who.label
        words = client.get(page).content.decode()
        for text in ("计入 49 分 20 秒", "已补计 1 分钟", "已撤销 1 分 40 秒", "未计入 2 分钟", "经复核撤销"):
            assert text in words, (who.label, text)
        assert "经复核补计（原来：页面不在前台，这段时间不计入）" in words
        assert "style=" not in words
    for who in (corrected.learners[1], make_provider(), make_bureau("371581")):
        assert client_for(who).get(page).status_code == client_for(who).get(data).status_code == 404


def test_the_json_has_every_span_with_its_reason_and_source(corrected: Running) -> None:
    client = client_for(corrected.bureau)
    answer = client.get(reverse("ledger:day_json", args=[corrected.enrolments[0].pk, DAY])).json()
    assert sum(span["seconds"] for span in answer["spans"]) == answer["totals"]["counted"]
    assert {(one["state"], one["reason"], one["seconds"]) for one in answer["sums"]} == {
        ("credited", "", 3000),
        ("refused", "hidden", 120),
        ("withdrawn", "", -100),
        ("made_up", "hidden", 60),
    }
    assert {span["source"].partition(":")[0] for span in answer["spans"]} == {"study", "correction", "attendance"}
    assert [one["state"] for one in answer["corrections"]] == ["approved", "approved"]
    missing = client.get("/progress/999999/2026-03-02.json", headers={"accept": "application/json"})
    assert (missing.status_code, missing.json()["code"]) == (404, "training.enrolment_not_found")
    assert client.get(f"/progress/{corrected.enrolments[0].pk}/2026-13-45.json").status_code == 404


def test_lanes_lie_inside_the_picture_and_marks_stay_few() -> None:
    running = make_studying()
    for number in range(30):
        book(running, number * 2, number * 2 + 2, at=BEGIN + dt.timedelta(minutes=20 * number))
    why = why_day(running.bureau, running.enrolments[0], DAY)
    chart = lanes.draw(why.stretches, DAY)
    assert chart is not None
    assert 2 <= len(chart.marks) <= lanes.MOST_MARKS
    for lane in chart.lanes:
        for bar in lane.bars:
            x, width = float(bar.x.rstrip("%")), float(bar.width.rstrip("%"))
            assert x >= 0
            assert lanes.NARROWEST - 0.01 <= width <= 100 - x + 0.01
    assert lanes.draw([], DAY) is None


def test_many_small_spans_are_one_line_and_queries_stay_few() -> None:
    running = make_studying()
    for number in range(20):
        book(running, number * 5, number * 5 + 5, at=after(number * 5))
    why = why_day(running.bureau, running.enrolments[0], DAY)
    assert len(why.spans) == 20
    [line] = why.stretches
    assert (line.seconds, line.began_at, line.ended_at) == (100, after(0), after(100))
    client = client_for(running.manager)
    address = reverse("ledger:day", args=[running.enrolments[0].pk, DAY])
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    assert len(queries) <= 14, "\n".join(query["sql"][:120] for query in queries)


def test_the_way_to_the_days_before_and_after() -> None:
    running = make_studying()
    for days in (0, 2, 5):
        book(running, days * 20, days * 20 + 20, at=BEGIN + dt.timedelta(days=days))
    middle = DAY + dt.timedelta(days=2)
    page = client_for(running.learners[0]).get(reverse("ledger:day", args=[running.enrolments[0].pk, middle]))
    found = re.findall(r'rel="(prev|next)" href="[^"]*/(\d{4}-\d\d-\d\d)/"', page.content.decode())
    assert found == [("prev", str(DAY)), ("next", str(DAY + dt.timedelta(days=5)))]
    progress = client_for(running.learners[0]).get(f"/progress/{running.enrolments[0].pk}/").content.decode()
    assert progress.count(f'href="/progress/{running.enrolments[0].pk}/{DAY}/"') == 2  # in the chart and in the table


def test_time_that_counts_in_another_cohort_is_named_to_who_may_see_it() -> None:
    first, second = make_studying(), make_studying(minutes=22)  # of two providers
    enrolment = second.enrolments[0]
    # Filing refuses such rosters; here one slipped through, as with two persons that turn out to be one.
    cohorts, enrolments = type(second.cohort).objects, type(enrolment).objects
    cohorts.filter(pk=second.cohort.pk).update(plan_open=True, state="returned")
    enrolments.filter(pk=enrolment.pk).update(person=first.enrolments[0].person_id)
    cohorts.filter(pk=second.cohort.pk).update(plan_open=False, state="running")
    for running in (first, second):
        ledger.credit(
            enrolment_id=running.enrolments[0].pk,
            unit_id=units_of(running)[0].pk,
            claims=[Claim(0, 300_000, BEGIN, after(300))],
            source="study:1",
            now=after(300),
        )
    address = reverse("ledger:day", args=[enrolment.pk, DAY])
    title = first.cohort.title
    seen = client_for(first.learners[0]).get(address).content.decode()
    assert f"这 5 分钟已计入“{title}”" in seen
    assert f"同一天在“{title}”计入线上 5 分钟" in seen
    hidden = client_for(second.manager).get(address).content.decode()
    assert "这 5 分钟已计入“另一个班期”" in hidden
    data = client_for(first.learners[0]).get(reverse("ledger:day_json", args=[enrolment.pk, DAY])).json()
    assert (data["overlap_seconds"], data["elsewhere"]) == (300, [{"cohort": title, "seconds": 300}])


def test_the_sessions_of_the_day_come_as_a_part_of_the_page() -> None:
    running = make_mixed_day()
    enrolment = running.enrolments[0]
    address = reverse("study:day_sessions", args=[enrolment.pk, DAY])
    page = client_for(running.learners[0]).get(reverse("ledger:day", args=[enrolment.pk, DAY])).content.decode()
    assert f'hx-get="{address}"' in page
    part = client_for(running.bureau).get(address, headers={"HX-Request": "true"}).content.decode()
    assert "没有线上学习会话" in part
    assert "<html" not in part
    assert client_for(make_provider()).get(address).status_code == 404
    for day in ("0001-01-01", "9999-12-31", "2026-02-30"):
        assert client_for(running.bureau).get(f"/study/{enrolment.pk}/days/{day}/").status_code == 404


def test_a_session_shows_its_device_its_end_and_what_was_refused() -> None:
    running = make_studying()
    page = page_of(running)
    page.open()
    page.study(20)
    page.post(page.claim(10), proof="A" * 43)
    page.post(page.claim(10), proof="A" * 43)
    page.close()
    address = reverse("study:day_sessions", args=[running.enrolments[0].pk, DAY])
    part = client_for(running.bureau).get(address, headers={"HX-Request": "true"}).content.decode()
    assert units_of(running)[0].title in part
    assert f"{Reason.DEVICE.label}：2 次" in part
    assert "测试手机" in part
    assert "离开了学习页" in part


def test_a_reason_that_cannot_be_made_good_has_no_link() -> None:
    running = make_mixed_day()
    book(running, 0, 60, at=after(600))
    page = client_for(running.learners[0]).get(reverse("ledger:day", args=[running.enrolments[0].pk, DAY]))
    assert page.content.decode().count(">申请补计</a>") == 2  # at the top, and at the hidden stretch
    assert Reason.ALREADY_COUNTED.label in page.content.decode()


def test_what_is_being_corrected_is_not_offered_again() -> None:
    running = make_mixed_day()
    address = reverse("ledger:day", args=[running.enrolments[0].pk, DAY])
    asked = {"enrolment_id": running.enrolments[0].pk, "unit_id": units_of(running)[0].pk, "now": LATER}
    manager = client_for(running.manager)
    before = manager.get(address).content.decode()
    assert before.count(">撤销</a>") == before.count(">补计</a>") == 1
    proposed = {"actor": running.manager, "reason": "核实后确认由他人代学", **asked}
    gone = ledger.propose_correction(kind=CorrectionKind.WITHDRAW, began_at=after(0), ended_at=after(100), **proposed)
    during = manager.get(address).content.decode()
    assert f'href="/progress/corrections/{gone.pk}/">撤销申请待审批</a>' in during
    assert (during.count(">撤销</a>"), during.count(">补计</a>")) == (0, 1)
    made = ledger.propose_correction(
        kind=CorrectionKind.MAKE_UP, began_at=after(300), ended_at=after(420), seconds=60, **proposed
    )
    assert f'href="/progress/corrections/{made.pk}/">补计申请待审批</a>' in manager.get(address).content.decode()
    for one in (gone, made):
        ledger.reject_correction(actor=running.bureau, correction_id=one.pk, reason="材料不全，请补充", now=LATER)
    after_all = manager.get(address).content.decode()
    assert after_all.count(">撤销</a>") == after_all.count(">补计</a>") == 1
