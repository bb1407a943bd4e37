"""Due process in a browser: an incident, the provider's words, a ruling that withdraws, the learner's appeal on a
phone, a second person who overturns it; the hours are back and the log is whole."""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import incidents as make
from tests.factories.identity import client_for
from tests.support import axe
from tests.support.browser import DESK, PHONE
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.ledger import api as ledger

pytestmark = pytest.mark.django_db(transaction=True)

type Open = Callable[..., BrowserContext]


@pytest.fixture(autouse=True)
def running_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's clock runs on from the day after the study."""
    began = time.monotonic()
    monkeypatch.setattr(clock, "now", lambda: make.LATER + dt.timedelta(seconds=time.monotonic() - began))


def signed_in(open_context: Open, server: LiveServer, who: Actor, size: dict[str, Any] = DESK) -> Page:
    context = open_context(size, base_url=server.url)
    cookies = client_for(who).cookies
    context.add_cookies([{"name": name, "value": one.value, "url": server.url} for name, one in cookies.items()])
    return context.new_page()


def hours(case: make.Case) -> int:
    return sum(one.seconds for one in ledger.unit_progress(case.enrolment_id).values())


def test_hours_that_were_withdrawn_come_back_when_a_second_person_overturns_the_ruling(
    open_context: Open, live_server: LiveServer, tmp_path: Path
) -> None:
    case = make.make_case()
    photo = tmp_path / "旧手机.jpg"
    photo.write_bytes(make.photo_bytes())

    manager = signed_in(open_context, live_server, case.running.manager)
    manager.goto("/incidents/?todo=mine")
    manager.get_by_role("link", name=f"第 {case.incident_id} 号").click()
    expect(manager.get_by_text("也可能是")).to_be_visible()
    axe.check(manager)
    manager.get_by_role("link", name="提交说明").click()
    manager.get_by_label("情况说明").fill("当天机房统一开机，由值班老师看管，请核对监控录像。")
    manager.get_by_role("button", name="提交说明").click()
    expect(manager.get_by_text("说明已提交并存证")).to_be_visible()

    operator = signed_in(open_context, live_server, case.operator)
    operator.goto(f"/incidents/{case.incident_id}/")
    operator.get_by_role("link", name="作出裁定").click()
    axe.check(operator)
    operator.get_by_role("radio", name="撤销学时").check()
    operator.get_by_label("裁定理由").fill("太短")
    operator.get_by_role("button", name="作出裁定").click()
    expect(operator.get_by_role("alert")).to_contain_text("10 至 2000 个字")
    assert hours(case) == 600
    expect(operator.get_by_role("radio", name="撤销学时")).to_be_checked()
    operator.get_by_label("裁定理由").fill(make.REASON)
    operator.get_by_label("撤销从").fill("2026-03-02T10:00")
    operator.get_by_label("撤销到").fill("2026-03-02T11:00")
    operator.get_by_role("button", name="作出裁定").click()
    expect(operator.get_by_text("裁定已作出并存证")).to_be_visible()
    assert hours(case) == 0

    learner = signed_in(open_context, live_server, case.learner, PHONE)
    learner.goto("/incidents/mine/")
    learner.get_by_role("link", name="有几次学习不能确认是您本人").click()
    expect(learner.get_by_text(make.REASON)).to_be_visible()
    axe.check(learner)
    learner.get_by_role("link", name="我要申诉").click()
    learner.get_by_label("为什么不同意").fill(make.WORDS)
    learner.get_by_label("照片（可不传）").set_input_files([photo])
    learner.get_by_role("button", name="提交申诉").click()
    expect(learner.get_by_text("申诉已提交并存证")).to_be_visible()
    assert learner.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out at 360 px"

    operator.goto(f"/incidents/{case.incident_id}/")
    expect(operator.get_by_text("请换一位同事办理")).to_be_visible()
    expect(operator.get_by_role("link", name="复核申诉")).to_have_count(0)

    second = signed_in(open_context, live_server, case.second)
    second.goto(f"/incidents/{case.incident_id}/decide/")
    second.get_by_role("radio", name="改为“不成立”").check()
    second.get_by_label("复核理由").fill("照片确系学员本人所拍，原裁定依据不足，予以撤销。")
    second.get_by_role("button", name="作出决定").click()
    expect(second.get_by_text("复核决定已作出并存证")).to_be_visible()
    assert hours(case) == 600

    learner.reload()
    expect(learner.get_by_role("heading", name="申诉复核结果：不成立")).to_be_visible()
    evidence.integrate(now=clock.now())
    assert evidence.verify_log().findings == []
