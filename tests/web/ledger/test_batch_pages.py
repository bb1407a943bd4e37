"""Corrections for many through the pages: pick, propose, decide, and an answer for every row."""

import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.identity import client_for, make_bureau, make_provider
from tests.factories.ledger import after, book, make_batch, make_outage
from tests.factories.study import make_studying, units_of
from tests.factories.training import Running, attend_all
from zhenxue.ledger.data import Reason
from zhenxue.ledger.models import Correction, CorrectionBatch, Span
from zhenxue.training import api as training

pytestmark = pytest.mark.django_db


def read(client: Client, name: str, *args: object, **asked: object) -> str:
    return client.get(reverse(f"ledger:{name}", args=args), asked).content.decode()


def post(client: Client, name: str, *args: object, expect: int = 200, **data: object) -> str:
    """Posts, follows, and gives the page; its status is checked."""
    response = client.post(reverse(f"ledger:{name}", args=args), data, follow=True)
    assert response.status_code == expect, response.content.decode()[:1500]
    return response.content.decode()


def asked(running: Running) -> dict[str, Any]:
    return {"unit": units_of(running)[0].pk, "first_day": "2026-03-02", "since": "10:00:00", "until": "11:00:00"}


def test_a_manager_picks_the_class_writes_one_reason_and_the_bureau_decides_in_one_act() -> None:
    running = make_outage()
    manager, bureau, number = client_for(running.manager), client_for(running.bureau), running.cohort.pk
    assert reverse("ledger:make_up_many", args=[number]) in read(manager, "cohort", number)
    assert "列出没有计入的学员" in read(manager, "make_up_many", number)
    assert "班期" in read(manager, "make_up_many", number, **{**asked(running), "first_day": "2020-03-02"})
    assert "没有未计入的学时" in read(manager, "make_up_many", number, **{**asked(running), "q": "没有这个人"})
    page = read(manager, "make_up_many", number, **asked(running))
    rows = re.findall(r'name="row" value="([^"]+)"[^>]* checked', page)
    assert len(rows) == 3
    assert page.count("2 分钟") >= 6
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token
    filled = {**asked(running), "reason": "三月二日上午教室停电", "form_token": token[1]}
    assert "至少勾选" in post(manager, "make_up_many", number, expect=422, **filled)
    kept = post(manager, "make_up_many", number, expect=422, **{**filled, "reason": "停电", "row": rows[:2]})
    assert len(re.findall(r'name="row" value="[^"]+"[^>]* checked', kept)) == 2
    assert not CorrectionBatch.objects.exists()
    done = post(manager, "make_up_many", number, **filled, row=rows)
    assert "3 人 3 条" in done
    batch = CorrectionBatch.objects.get()
    assert "没有重复建立" in post(manager, "make_up_many", number, **filled, row=rows)
    again = post(manager, "make_up_many", number, expect=422, **{**filled, "form_token": ""}, row=rows)
    assert again.count("已有一条补计在等待处理") >= 3
    assert Correction.objects.count() == 3
    assert f"第 {batch.pk} 批" in read(bureau, "corrections_block")
    line = read(bureau, "corrections", **{"for": "mine"})
    assert f"第 {batch.pk} 批" in line
    assert "3 人 3 条" in line
    assert running.enrolments[0].person.name not in line
    assert running.enrolments[0].person.name in read(bureau, "batch", batch.pk)
    mine = post(manager, "approve_batch", batch.pk, expect=409)
    assert mine.count("不能自己批准") == 3
    assert "请写明理由" in post(bureau, "reject_batch", batch.pk, expect=422, note="不")
    assert "3 条全部办好" in post(bureau, "approve_batch", batch.pk, note="查过停电通知")
    assert "全部办结" in post(bureau, "approve_batch", batch.pk, expect=409)
    assert Span.objects.filter(state="made_up").count() == 3
    assert "查过停电通知" in read(bureau, "batch", batch.pk)


def test_who_sent_nothing_is_named_with_the_way_to_a_single_make_up() -> None:
    running = make_studying(learners=2)
    book(running, 0, 300, learner=0)
    book(running, 300, 300, at=after(300), lasted=120, reason=Reason.GAP, learner=0)
    manager, number, silent = client_for(running.manager), running.cohort.pk, running.enrolments[1]
    page = read(manager, "make_up_many", number, **asked(running))
    assert len(re.findall(r'name="row"', page)) == 1
    assert "没有任何上报的学员：1 人" in page
    link = re.search(rf'href="(/progress/{silent.pk}/make-up/[^"]+)"', page)
    assert link
    form = manager.get(html.unescape(link[1])).content.decode()
    for value in ("2026-03-02", "10:00:00", "11:00:00"):
        assert f'value="{value}"' in form
    assert "没有任何上报" not in read(manager, "make_up_many", number, **{**asked(running), "q": "没有这个人"})
    assert "没有任何上报的学员：2 人" in read(manager, "make_up_many", number, **{**asked(running), "since": "10:30"})


def test_nothing_to_tick_shows_neither_tick_all_nor_the_reason() -> None:
    running = make_studying(learners=1)
    book(running, 0, 300)
    book(running, 0, 60, at=after(600))
    page = read(client_for(running.manager), "make_up_many", running.cohort.pk, **asked(running))
    assert "没有可以补计的" in page
    assert Reason.ALREADY_COUNTED.label in page
    for words in ("全选", "提出补计</button>", 'name="reason"'):
        assert words not in page


def test_ticked_rows_are_asked_about_decided_and_answered_one_by_one() -> None:
    running = make_outage()
    batch = make_batch(running)
    first, second, third = Correction.objects.order_by("pk").values_list("pk", flat=True)
    bureau, manager = client_for(running.bureau), client_for(running.manager)
    name = running.enrolments[0].person.name
    found = read(bureau, "corrections", q=name)
    assert f'name="correction" value="{first}"' in found
    assert "先勾选" in post(bureau, "decide_corrections", expect=422, decision="approve")
    assert "怎样办理" in post(bureau, "decide_corrections", expect=422, decision="vanish", correction=[first])
    asks = post(bureau, "decide_corrections", decision="reject", correction=[first, second], batch=batch.pk)
    assert "2 条" in asks
    assert Correction.objects.filter(state="proposed").count() == 3
    sure = {"decision": "reject", "confirmed": "yes", "correction": [first], "batch": batch.pk}
    assert "请写明理由" in post(bureau, "decide_corrections", expect=422, **{**sure, "note": "不"})
    assert Correction.objects.filter(state="proposed").count() == 3
    back = post(bureau, "decide_corrections", **sure, note="这名学员当天请假")
    assert "1 条全部办好" in back
    assert f"第 {batch.pk} 批" in back
    mixed = {"decision": "approve", "confirmed": "yes", "correction": [first, second]}
    page = post(bureau, "decide_corrections", **mixed)
    assert "1 条办好，1 条没有办" in page
    assert "现在是“不予同意”" in page
    assert "0 条办好，2 条没有办" in post(bureau, "decide_corrections", expect=409, **mixed)
    own = post(manager, "decide_corrections", decision="approve", correction=[third])
    assert "不能自己批准" in own
    assert 'type="hidden" name="correction"' not in own
    assert "1 条全部办好" in post(manager, "decide_corrections", decision="cancel", confirmed="yes", correction=[third])
    assert list(Correction.objects.order_by("pk").values_list("state", flat=True)) == [
        "rejected",
        "approved",
        "cancelled",
    ]


def test_strangers_find_neither_the_class_nor_the_batch() -> None:
    running = make_outage(learners=1)
    batch = make_batch(running)
    number = Correction.objects.get().pk
    for who in (make_provider(), make_bureau("371581")):
        client = client_for(who)
        assert client.get(reverse("ledger:batch", args=[batch.pk])).status_code == 404
        assert client.post(reverse("ledger:approve_batch", args=[batch.pk])).status_code == 404
        post(client, "decide_corrections", expect=404, decision="approve", correction=[number])
        sure = post(client, "decide_corrections", expect=409, decision="approve", confirmed="yes", correction=[number])
        assert "没有找到这条更正" in sure
    assert client_for(make_provider()).get(reverse("ledger:make_up_many", args=[running.cohort.pk])).status_code == 404
    for who in (running.teacher, running.learners[0], running.bureau):
        refused = client_for(who).get(reverse("ledger:make_up_many", args=[running.cohort.pk]))
        assert refused.status_code == 403
    learner = client_for(running.learners[0])
    assert learner.get(reverse("ledger:batch", args=[batch.pk])).status_code == 403
    own = read(learner, "corrections")
    assert f"第 {number} 号" in own
    assert 'name="correction"' not in own
    assert Correction.objects.get().state == "proposed"


def test_pages_ask_the_database_as_often_for_many_learners_as_for_few() -> None:
    counts = []
    for learners in (2, 5):
        running = make_outage(learners=learners)
        batch = make_batch(running)
        book(running, 300, 360, learner=0)
        manager, bureau = client_for(running.manager), client_for(running.bureau)
        pages = (
            (manager, "make_up_many", [running.cohort.pk], asked(running)),
            (bureau, "batch", [batch.pk], {}),
            (bureau, "corrections", [], {"q": running.cohort.title}),
            (bureau, "corrections_block", [], {}),
        )
        found = []
        for client, name, args, query in pages:
            read(client, name, *args, **query)
            with CaptureQueriesContext(connection) as queries:
                read(client, name, *args, **query)
            found.append(len(queries))
        counts.append(found)
    assert counts[0] == counts[1]


def test_a_learner_reads_the_attendance_corrections_of_their_own_lessons() -> None:
    running = make_outage(learners=2)
    line = running.lessons[0]
    attend_all(running, line)
    records = {number: row.pk for (number, _), row in training.attendance_of_cohort(running.cohort.pk).items()}
    training.propose_attendance_correction(
        actor=running.manager,
        attendance_id=records[running.enrolments[0].pk],
        state="absent",
        reason="核对签到表，当天没有到",
        now=line.ends_at or after(0),
    )
    own, others = (read(client_for(who), "corrections") for who in running.learners)
    assert f"{line.title}：出勤 → 缺勤" in own
    assert "考勤更正" not in others
