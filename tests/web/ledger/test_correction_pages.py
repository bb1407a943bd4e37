"""Corrections through the pages: what is typed is kept, what is refused says why, a second click does no harm."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.identity import client_for, make_bureau, make_colleague, make_provider
from tests.factories.ledger import make_mixed_day
from tests.factories.study import units_of
from tests.factories.training import Running
from zhenxue.kernel import clock
from zhenxue.ledger.models import Correction, Span

pytestmark = pytest.mark.django_db


def post(client: Client, name: str, *args: object, **data: object) -> str:
    """Posts, follows, and gives the page; its status is checked."""
    response = client.post(reverse(f"ledger:{name}", args=args), data, follow=True)
    assert response.status_code in {200, 403, 409, 422}, response.content.decode()[:1500]
    return response.content.decode()


def typed(running: Running, **changes: object) -> dict[str, Any]:
    """A stretch that was hidden: from 10:05:00, two minutes (China)."""
    values = {"unit": units_of(running)[0].pk, "day": "2026-03-02", "since": "10:05:00", "until": "10:07:00"}
    return {**values, "minutes": "1", "seconds": "30", "reason": "教室停电，学习没有中断", **changes}


def test_a_learner_asks_the_provider_takes_it_up_and_the_bureau_decides() -> None:
    running = make_mixed_day()
    enrolment = running.enrolments[0]
    learner, manager, bureau = (client_for(who) for who in (running.learners[0], running.manager, running.bureau))
    day = learner.get(reverse("ledger:day", args=[enrolment.pk, clock.civil_day(clock.now())])).content.decode()
    link = next(part.split('"')[0] for part in day.split('href="') if "make-up/?unit=" in part)
    form = learner.get(link.replace("&amp;", "&")).content.decode()
    assert 'value="10:05:00"' in form
    assert 'value="10:07:00"' in form
    page = post(learner, "ask_make_up", enrolment.pk, **typed(running, minutes="2", seconds="1"))
    assert "没有计入的一共 2 分钟" in page
    assert "教室停电，学习没有中断" in page
    assert "请填写正确的时间" in post(learner, "ask_make_up", enrolment.pk, **typed(running, since="25:00"))
    assert "日期看不懂" in post(learner, "ask_make_up", enrolment.pk, **typed(running, day="3月2日"))
    assert "年份要在" in post(learner, "ask_make_up", enrolment.pk, **typed(running, day="0001-01-01"))
    assert not Correction.objects.exists()
    assert "培训机构核实后" in post(learner, "ask_make_up", enrolment.pk, **typed(running))
    one = Correction.objects.get()
    assert "等它办完" in post(learner, "ask_make_up", enrolment.pk, **typed(running, seconds="29"))
    assert enrolment.person.name in manager.get(reverse("ledger:corrections_block")).content.decode()
    assert "少于或等于" in post(manager, "adopt_correction", one.pk, minutes="9", seconds="0", reason="查过停电通知")
    assert "报人社部门复核" in post(
        manager, "adopt_correction", one.pk, minutes="1", seconds="0", reason="查过停电通知"
    )
    assert "由班期所在县" in post(client_for(make_colleague(running.manager)), "approve_correction", one.pk)
    queue = bureau.get(reverse("ledger:corrections"), {"for": "mine", "q": enrolment.person.name})
    assert f"第 {one.pk} 号" in queue.content.decode()
    assert "已记入学时账本" in post(bureau, "approve_correction", one.pk, note="同意")
    assert "已生效" in post(bureau, "approve_correction", one.pk)
    assert Span.objects.get(state="made_up").seconds == 60
    assert "已生效" in learner.get(reverse("ledger:correction", args=[one.pk])).content.decode()


def test_a_withdrawal_is_proposed_refused_to_its_proposer_and_decided_by_another() -> None:
    running = make_mixed_day()
    enrolment = running.enrolments[0]
    manager = client_for(running.manager)
    stretch = typed(running, since="10:00:00", until="10:02:00", reason="核实后确认由他人代学")
    assert "须由另一个人复核" in post(manager, "ask_withdraw", enrolment.pk, **stretch)
    one = Correction.objects.get()
    assert (one.seconds, one.state) == (120, "proposed")
    assert "不能自己批准" in post(manager, "approve_correction", one.pk)
    bureau = client_for(running.bureau)
    assert "请写明理由" in post(bureau, "reject_correction", one.pk, reason="不")
    assert "已写明理由退回" in post(bureau, "reject_correction", one.pk, reason="没有证据说明是代学")
    assert "没有可以撤销的" in post(
        manager, "ask_withdraw", enrolment.pk, **{**stretch, "since": "11:00:00", "until": "11:05:00"}
    )
    assert not Span.objects.filter(state="withdrawn").exists()


def test_strangers_find_no_correction() -> None:
    running = make_mixed_day(learners=2)
    learner = client_for(running.learners[0])
    post(learner, "ask_make_up", running.enrolments[0].pk, **typed(running))
    one = Correction.objects.get()
    for who in (running.learners[1], make_provider(), make_bureau("371581")):
        client = client_for(who)
        assert client.get(reverse("ledger:correction", args=[one.pk])).status_code == 404
        assert f"第 {one.pk} 号" not in client.get(reverse("ledger:corrections")).content.decode()
        if not who.is_learner:
            assert client.post(reverse("ledger:approve_correction", args=[one.pk])).status_code == 404
    assert (
        client_for(running.learners[1]).get(reverse("ledger:ask_make_up", args=[running.enrolments[0].pk])).status_code
        == 404
    )
    assert "已撤回" in post(learner, "cancel_correction", one.pk)
    assert "已撤回" in post(learner, "cancel_correction", one.pk)
