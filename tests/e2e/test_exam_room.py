"""The exam page in a real browser: answers that survive a lost network and a reload, and the page without script."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories.exams import RIGHT, Sitting, make_exam
from tests.support.browser import PHONE
from tests.support.pages import signed_in
from zhenxue.exams.models import Answer, Attempt
from zhenxue.kernel import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sitting_clock")]

type Open = Callable[..., BrowserContext]


def choose(page: Page, position: int, given: list[str]) -> None:
    section = page.locator(f"[data-question='{position}']")
    for value in given:
        section.locator(f"input[value='{value}']").check()


def test_answers_survive_a_lost_network_and_a_reload_on_a_phone(open_context: Open, live_server: LiveServer) -> None:
    sitting: Sitting = make_exam()
    page = signed_in(open_context, live_server.url, sitting.learners[0], PHONE)
    page.goto("/exams/")
    page.get_by_role("link", name="进入考试").click()
    page.get_by_role("button", name="开始考试").click()
    expect(page.locator("[data-timer]")).to_contain_text("剩余")
    choose(page, 1, RIGHT[0])
    expect(page.locator("[data-status]")).to_contain_text("已保存 第 1 号")
    expect(page.locator("[data-question]:visible")).to_have_count(1)

    page.context.set_offline(True)
    page.get_by_role("button", name="下一题").click()
    choose(page, 2, ["A"])
    page.get_by_role("button", name="下一题").click()
    choose(page, 3, RIGHT[2])
    page.get_by_role("button", name="第 2 题").click()
    choose(page, 2, RIGHT[1])
    expect(page.locator("[data-status]")).to_contain_text("存在本机")
    page.get_by_role("link", name="检查并交卷").click()
    expect(page.locator("[data-status]")).to_contain_text("传完后进入交卷页")
    assert Answer.objects.count() == 1

    page.context.set_offline(False)
    expect(page.locator("body")).to_contain_text("还有题没有答")
    kept = {answer.question.number: answer.given for answer in Answer.objects.select_related("question")}
    assert kept == {1: RIGHT[0], 2: RIGHT[1], 3: RIGHT[2]}
    page.get_by_role("link", name="返回继续作答").click()

    refused = {"code": "identity.session_handed_over", "message": "你的账号已在另一台设备登录。"}
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=401, json=refused)

    page.route(re.compile("/answers/|/state/"), refuse)
    choose(page, 4, RIGHT[3])
    banner = page.get_by_role("alert").filter(has_text="考试还在计时")
    expect(banner).to_contain_text("你的账号已在另一台设备登录。")
    expect(banner).to_be_in_viewport()
    before = len(asked)
    page.get_by_role("button", name="下一题").click()
    choose(page, 5, RIGHT[4])
    expect(banner).to_contain_text("2 题还没有传到服务器，存在这台设备上")
    assert len(asked) == before
    page.unroute_all()
    page.get_by_role("button", name="重新登录，接着考").click()  # signed in, in truth: the page opens at once
    for position in (4, 5):
        expect(page.locator(f"[data-question='{position}'] [data-ack]")).to_contain_text("已保存")
    assert Answer.objects.count() == 5

    page.reload()
    expect(page.locator("[data-question='2'] input[value='B']")).to_be_checked()
    for position in (4, 5, 6):
        page.get_by_role("button", name=f"第 {position} 题").click()
        choose(page, position, RIGHT[position - 1])
        expect(page.locator(f"[data-question='{position}'] [data-ack]")).to_contain_text("已保存")
    page.get_by_role("link", name="检查并交卷").click()
    expect(page.locator("body")).to_contain_text("全部题目都已作答")
    page.get_by_role("button", name="交卷").click()
    expect(page.locator("body")).to_contain_text("恭喜通过")
    assert Attempt.objects.get().score == 12


def test_the_same_page_works_without_script(open_context: Open, live_server: LiveServer) -> None:
    sitting = make_exam()
    page = signed_in(open_context, live_server.url, sitting.learners[0], PHONE, java_script_enabled=False)
    page.goto(f"/exams/{sitting.exam.pk}/entry/")
    page.get_by_role("button", name="开始考试").click()
    expect(page.locator("[data-question]:visible")).to_have_count(6)
    for position in (1, 3):
        choose(page, position, RIGHT[position - 1])
        page.locator(f"[data-question='{position}']").get_by_role("button", name="保存本题").click()
        expect(page.locator(f"[data-question='{position}'] [data-ack]")).to_contain_text("已保存")
    page.get_by_role("link", name="检查并交卷").click()
    expect(page.get_by_role("link", name="第 2 题")).to_be_visible()
    page.get_by_role("button", name="交卷").click()
    expect(page.locator("body")).to_contain_text("考试结果")
    assert Attempt.objects.get().score == 5


def test_the_time_running_out_hands_in_what_was_saved(open_context: Open, live_server: LiveServer) -> None:
    sitting = make_exam()
    page = signed_in(open_context, live_server.url, sitting.learners[0], PHONE)
    page.goto(f"/exams/{sitting.exam.pk}/entry/")
    page.get_by_role("button", name="开始考试").click()
    choose(page, 1, RIGHT[0])
    expect(page.locator("[data-status]")).to_contain_text("已保存 第 1 号")
    Attempt.objects.update(deadline_at=clock.now() + dt.timedelta(seconds=4))
    page.reload()
    expect(page.locator("body")).to_contain_text("到时自动交卷")
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.ended_by, attempt.score) == ("marked", "deadline", 2)
