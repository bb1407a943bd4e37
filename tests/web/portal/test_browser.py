"""Landing and gallery in real Chromium: accessibility, width, and the small behaviours of every page."""

import itertools
import re
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.support import axe
from tests.support.browser import DESK, PHONE
from zhenxue.kernel import built

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., BrowserContext]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]


def sign_in_as(page: Page, owner: str) -> None:
    """Serves pages as if this account were signed in, as far as drafts can tell."""

    def serve(route: Route) -> None:
        answer = route.fetch()
        if "text/html" in answer.headers.get("content-type", ""):
            body = re.sub(r'data-draft-owner="\d*"', f'data-draft-owner="{owner}"', answer.text())
            route.fulfill(response=answer, body=body)
        else:
            route.fulfill(response=answer)

    page.unroute_all()
    page.route("**/*", serve)


@pytest.mark.parametrize("path", ["/", "/gallery/?read_only=1", "/help/learner/"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    live_server: Any, open_context: Opener, path: str
) -> None:
    page = open_context(PHONE).new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(live_server.url + path)
    expect(page.locator("html.js")).to_be_attached()
    for kind, scheme in itertools.product([PHONE, DESK], SCHEMES):
        axe.resize(page, kind["viewport"])
        page.emulate_media(color_scheme=scheme)
        axe.check(page)
        axe.check_width(page)
    assert problems == []


def test_large_type_and_double_zoom_still_fit(live_server: Any, open_context: Opener) -> None:
    page = open_context({"viewport": {"width": 640, "height": 400}}).new_page()
    page.goto(live_server.url + "/gallery/")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name="关怀版").click()
    expect(page.locator("html")).to_have_css("font-size", "20px")
    axe.check_width(page)
    page.reload()
    expect(page.locator("html[data-type=large]")).to_be_attached()
    expect(page.get_by_role("button", name="关怀版")).to_have_attribute("aria-pressed", "true")


def test_a_confirmation_opens_takes_the_focus_and_gives_it_back(live_server: Any, desk: Page) -> None:
    desk.goto(live_server.url + "/gallery/")
    opener = desk.get_by_role("button", name="退回修改").first
    opener.click()
    dialog = desk.get_by_role("dialog")
    expect(dialog.get_by_label("理由")).to_be_focused()
    axe.check(desk)
    desk.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_core_pages_read_and_confirm_without_script(live_server: Any, open_context: Opener) -> None:
    page = open_context(DESK, java_script_enabled=False).new_page()
    page.goto(live_server.url + "/gallery/")
    page.get_by_role("button", name="退回修改").first.click()
    expect(page.get_by_text("退回后机构可以修改并再次提交。")).to_be_visible()
    expect(page.locator("#g-tab-2")).to_be_visible()
    page.select_option("select[name=state]", "returned")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_text("状态：退回修改")).to_be_visible()


def test_tables_are_walked_by_keyboard(live_server: Any, desk: Page) -> None:
    desk.goto(live_server.url + "/gallery/")
    desk.keyboard.press("j")
    desk.keyboard.press("j")
    expect(desk.locator("tr.is-here a").first).to_have_text("LC2026-0002")
    expect(desk.locator("tr.is-here a").first).to_be_focused()
    desk.keyboard.press("k")
    expect(desk.locator("tr.is-here a").first).to_have_text("LC2026-0001")
    expect(desk.locator("th[aria-sort=ascending]")).to_have_count(1)


def test_columns_can_be_hidden_and_stay_hidden(live_server: Any, desk: Page) -> None:
    desk.goto(live_server.url + "/gallery/")
    desk.get_by_text("显示的列").click()
    axe.check(desk)
    desk.get_by_role("checkbox", name="人数").uncheck()
    expect(desk.get_by_role("columnheader", name="人数")).to_be_hidden()
    desk.reload()
    expect(desk.get_by_role("columnheader", name="人数")).to_be_hidden()
    expect(desk.get_by_role("columnheader", name="开班日期")).to_be_visible()


def test_ticked_rows_are_counted(live_server: Any, desk: Page) -> None:
    desk.goto(live_server.url + "/gallery/")
    expect(desk.locator(".bulk")).to_be_hidden()
    desk.get_by_label("全选本页").check()
    expect(desk.get_by_text("已选 8 项")).to_be_visible()
    desk.get_by_label("选择 LC2026-0003").uncheck()
    expect(desk.get_by_text("已选 7 项")).to_be_visible()
    expect(desk.get_by_label("全选本页")).not_to_be_checked()


def test_a_row_opens_at_the_side_and_the_place_in_the_list_is_kept(live_server: Any, desk: Page) -> None:
    desk.goto(live_server.url + "/gallery/")
    link = desk.get_by_role("link", name="LC2026-0002")
    link.click()
    sheet = desk.get_by_role("dialog", name="机构与企业管理员：从项目到补贴")
    expect(sheet.get_by_role("link", name="打开整页")).to_have_attribute("href", re.compile("/help/manager/$"))
    axe.check(desk)
    desk.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(link).to_be_focused()


def test_paper_is_white_even_in_the_dark(live_server: Any, open_context: Opener) -> None:
    page = open_context(DESK, color_scheme="dark").new_page()
    page.goto(live_server.url + "/gallery/")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    expect(page.locator(".topbar")).to_be_hidden()


def test_a_filter_submits_by_itself(live_server: Any, desk: Page) -> None:
    desk.goto(live_server.url + "/gallery/")
    desk.select_option("select[name=state]", "filed")
    desk.wait_for_url("**/gallery/?*state=filed*")
    expect(desk.get_by_text("19 条")).to_be_visible()


def test_a_form_is_sent_once_however_often_it_is_pressed(live_server: Any, desk: Page) -> None:
    sent: list[str] = []
    desk.route("**/slow/", lambda route: sent.append(route.request.method))
    desk.goto(live_server.url + "/gallery/")
    press = """() => {
        const form = document.querySelector('#sample');
        const button = form.querySelector('button[type=submit]');
        let passed = 0;
        window.addEventListener('submit', event => { if (!event.defaultPrevented) passed += 1; });
        form.action = '/slow/';
        button.click(); button.click(); form.requestSubmit(button);
        return [passed, button.className, button.getAttribute('aria-disabled')];
    }"""
    with desk.expect_request("**/slow/"):
        states = desk.evaluate(press)
    assert states == [1, "btn btn-primary is-busy", "true"]
    while not sent:
        desk.wait_for_timeout(50)
    desk.wait_for_timeout(200)
    assert sent == ["POST"]


def test_what_was_typed_survives_an_expired_session_for_the_same_person(live_server: Any, desk: Page) -> None:
    sign_in_as(desk, "7")
    address = live_server.url + "/gallery/"
    desk.goto(address)
    name = desk.locator("#sample").get_by_label("班期名称")
    name.type("焊工（五级）夏季班")
    desk.locator("#sample").get_by_label("线上").check()
    sign_in_as(desk, "")
    with desk.expect_navigation():
        desk.evaluate("document.querySelector('#sample').requestSubmit()")
    expect(desk.get_by_role("heading", name="您不能打开或执行这一项")).to_be_hidden()
    desk.goto(live_server.url + "/")
    sign_in_as(desk, "7")
    desk.goto(live_server.url + "/help/")
    expect(desk.get_by_role("link", name="继续填写")).to_be_visible()
    desk.goto(address)
    expect(name).to_have_value("焊工（五级）夏季班")
    expect(desk.locator("#sample").get_by_label("线上")).to_be_checked()
    desk.get_by_role("button", name="不用了，恢复原样").click()
    expect(name).to_have_value("")


def test_another_person_at_the_same_machine_finds_nothing(live_server: Any, desk: Page) -> None:
    sign_in_as(desk, "7")
    desk.goto(live_server.url + "/gallery/")
    desk.locator("#sample").get_by_label("班期名称").type("不给别人看")
    sign_in_as(desk, "8")
    desk.goto(live_server.url + "/gallery/")
    expect(desk.locator("#sample").get_by_label("班期名称")).to_have_value("")
    assert "不给别人看" not in desk.evaluate("JSON.stringify({...sessionStorage})")


def test_a_lost_network_is_said_in_words(live_server: Any, desk: Page) -> None:
    desk.goto(live_server.url + "/gallery/")
    desk.context.set_offline(True)
    expect(desk.get_by_text("网络断开了。")).to_be_visible()
    desk.context.set_offline(False)
    expect(desk.get_by_text("网络已恢复")).to_be_visible()
    expect(desk.get_by_text("网络断开了。")).to_be_hidden()


def test_a_page_stays_light(live_server: Any) -> None:
    """look.md: at most 60 kB of styles and 70 kB of script, gzipped, before the player."""
    import gzip

    entry = built.manifest()["main.ts"]
    chunks = built.with_imports(built.manifest(), "main.ts")
    script = sum(len(gzip.compress((built.BUILT / chunk["file"]).read_bytes())) for chunk in chunks)
    styles = sum(len(gzip.compress((built.BUILT / name).read_bytes())) for name in entry["css"])
    assert styles <= 60_000
    assert script <= 70_000
