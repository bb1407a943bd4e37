"""What happens to honest people: reloads, second tabs, double clicks, lost networks, sessions that end, wrong files."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from tests.e2e.conftest import City
from tests.support import town
from tests.support.browser import DESK, PHONE
from tests.support.pages import ask, fill, sign_in

BEAT_SECONDS = 10
CHUNK_BYTES = 4 * 1024 * 1024
#: The videos are short: on a slow machine what is left of one is over before anybody has looked.
COUNTING_OR_DONE = re.compile("正在计入学时|本单元已学完")

type Open = Callable[..., BrowserContext]


class Someone:
    """Opens browsers for people of the city."""

    def __init__(self, city: City, open_context: Open) -> None:
        self.city, self.open_context = city, open_context

    def phone(self, words: str) -> Page:
        return self._page(words, PHONE)

    def desk(self, words: str) -> Page:
        return self._page(words, DESK)

    def _page(self, words: str, kind: dict[str, object]) -> Page:
        page = self.open_context(kind, base_url=self.city.site.url).new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        sign_in(page, self.city.account(words), town.PASSWORD)
        return page


@pytest.fixture
def someone(city: City, open_context: Open) -> Someone:
    return Someone(city, open_context)


def open_unit(page: Page, title: str) -> None:
    """From my study to a unit's page."""
    page.goto("/study/")
    page.get_by_role("link", name="养老护理员晨光三班").first.click()
    page.locator(".study-unit", has_text=title).click()
    expect(page.locator("h1")).to_have_text(title)


def play(page: Page) -> None:
    page.wait_for_load_state()  # the button does nothing before the script is there
    page.get_by_role("button", name="开始学习").click()


def credited(page: Page) -> int:
    """Seconds that count, as the page says."""
    minutes, seconds = re.findall(r"\d+", page.locator("[data-credited]").inner_text())[-2:]
    return int(minutes) * 60 + int(seconds)


def wait_until_credited(page: Page, seconds: int) -> None:
    end = time.monotonic() + 90
    while credited(page) < seconds:
        assert time.monotonic() < end, f"only {credited(page)} seconds count"
        page.wait_for_timeout(250)


def wait_until(page: Page, holds: str, words: str) -> None:
    """Wait for what a function says of the video."""
    end = time.monotonic() + 90
    while not page.locator("video").evaluate(holds):
        assert time.monotonic() < end, words
        page.wait_for_timeout(250)


def video_seconds(page: Page) -> float:
    position: float = page.evaluate("document.querySelector('video').currentTime")
    return position


def count(city: City, kind: str) -> int:
    """How many entries of a kind stand in the log."""
    return int(city.site.rows("SELECT count(*) FROM evidence_entry WHERE kind = %s", kind)[0][0])


def test_a_reload_in_the_middle_of_the_video_loses_one_beat_at_most(someone: Someone) -> None:
    page = someone.phone("学员：还没开始")
    open_unit(page, "居家安全与手卫生")
    play(page)
    wait_until_credited(page, BEAT_SECONDS - 1)
    page.wait_for_timeout(3_000)
    watched = video_seconds(page)
    page.reload()
    play(page)
    expect(page.locator("[data-words]")).to_have_text(COUNTING_OR_DONE)
    assert credited(page) >= watched - BEAT_SECONDS - 1
    assert video_seconds(page) >= watched - BEAT_SECONDS - 1
    expect(page.locator("[data-words]")).to_have_text("本单元已学完")
    assert credited(page) <= 24, "nothing counts twice"


def test_a_server_that_hangs_stops_nobody_for_good(someone: Someone) -> None:
    page, web = someone.phone("学员：还没开始"), someone.city.site.part("web")
    open_unit(page, "进食照护与噎食急救")
    play(page)
    wait_until(page, "v => v.buffered.length && v.buffered.end(0) > v.duration - 1", "the video is loaded")
    os.kill(web, signal.SIGSTOP)
    try:
        wait_until(page, "v => v.currentTime > 17", "it plays on without the server")
        waiting = page.get_by_text(re.compile(r"已等 \d+ 秒"))
        expect(waiting).to_be_visible()
        assert "已等 0 秒" not in waiting.inner_text(), "it waits since the beat went out, not since it was given up"
    finally:
        os.kill(web, signal.SIGCONT)
    # The first half was saved too late for the second to count whole: what is missing is played once more.
    expect(page.locator("[data-words]")).to_have_text("本单元已学完")
    assert 19 <= credited(page) <= 24


def test_a_second_tab_gets_the_hand_over_page_and_gains_nothing(someone: Someone) -> None:
    first = someone.phone("学员：刚开始")
    open_unit(first, "进食照护与噎食急救")
    second = first.context.new_page()
    second.goto(first.url)  # before the first one plays: its video is short
    play(first)
    expect(first.locator("[data-words]")).to_have_text("正在计入学时")
    play(second)
    expect(second.locator("h1")).to_contain_text("你正在另一个页面学习")
    wait_until_credited(first, BEAT_SECONDS - 1)
    second.get_by_role("button", name=re.compile("^转到本页")).click()
    play(second)
    expect(second.locator("[data-words]")).to_have_text(COUNTING_OR_DONE)
    expect(first.locator("[data-words]")).to_have_text("已停止计时")
    expect(first.locator("[data-reason]")).to_contain_text("学习已在别处打开：《进食照护与噎食急救》")
    expect(first.get_by_role("link", name="转回本页学习")).to_be_visible()
    stopped = credited(first)
    expect(second.locator("[data-words]")).to_have_text("本单元已学完")
    assert credited(first) == stopped
    assert credited(second) <= 24, "two tabs earn what one earns"


def test_what_was_typed_is_there_again_after_the_session_ended(someone: Someone) -> None:
    page = someone.desk("机构管理员 东昌")
    page.goto("/programmes/new/")
    page.get_by_label("项目名称", exact=True).press_sequentially("写到一半的项目")
    page.get_by_label("失业人员").check()
    page.context.clear_cookies(name="zhenxue")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("h1")).to_have_text("登录真学")
    fill(page, {"登录名、手机号或公民身份号码": someone.city.account("机构管理员 东昌"), "密码": town.PASSWORD})
    page.get_by_role("button", name="登录", exact=True).click()
    take_over = page.get_by_role("button", name=re.compile("^在这里继续"))
    expect(take_over.or_(page.get_by_label("项目名称", exact=True))).to_be_visible()
    if take_over.count():
        take_over.click()
    expect(page).to_have_url(re.compile("/programmes/new/$"))
    expect(page.get_by_label("项目名称", exact=True)).to_have_value("写到一半的项目")
    expect(page.get_by_label("失业人员")).to_be_checked()
    expect(page.locator(".restored")).to_contain_text("已恢复")


def test_a_double_click_files_once_and_the_back_button_finds_a_clear_word(someone: Someone) -> None:
    page, before = someone.desk("机构管理员 茌平"), count(someone.city, "training.cohort_filed")
    page.goto("/cohorts/?state=returned")
    page.get_by_role("link", name="养老护理员茌平三班").click()
    expect(page).to_have_url(re.compile(r"/cohorts/\d+/$"))
    cohort = int(page.url.rstrip("/").split("/")[-1])
    page.goto(f"/cohorts/{cohort}/check/")
    page.locator("button[data-dialog]", has_text="提交备案").click()
    page.locator("dialog[open] button[type=submit]").dblclick()
    expect(page.get_by_role("status")).to_contain_text("已提交开班备案")
    page.go_back()
    if page.locator("button[data-dialog]", has_text="提交备案").count():
        ask(page, "提交备案")
    expect(page.locator("main")).to_contain_text("页面可能已经过时，请刷新后再看")
    expect(page.locator("body")).not_to_contain_text("Traceback")
    assert count(someone.city, "training.cohort_filed") == before + 1


def test_an_upload_cut_by_a_reload_goes_on_where_it_stopped(someone: Someone, tmp_path: Path) -> None:
    page = someone.desk("机构管理员 东昌")
    film = tmp_path / "长视频.mp4"
    film.write_bytes(b"\0" * (2 * CHUNK_BYTES + 1000))
    chunks: list[int] = []

    def first_only(route: Route, request: Request) -> None:
        if request.method == "PATCH" and chunks:
            return  # a network that swallows what comes after the first chunk
        if request.method == "PATCH":
            chunks.append(int(request.headers["upload-offset"]))
        route.continue_()

    page.goto("/materials/new/")
    page.route("**/uploads/*/", first_only)
    page.locator("#upload-file").set_input_files(film)
    expect(page.locator("[data-upload-percent]")).to_have_text(re.compile("[1-9]"))
    page.reload()
    page.unroute("**/uploads/*/")
    sent: list[int] = []
    page.on("request", lambda one: sent.append(int(one.headers["upload-offset"])) if one.method == "PATCH" else None)
    page.locator("#upload-file").set_input_files(film)
    expect(page.locator("[data-upload-words]")).to_contain_text("传完")
    assert chunks == [0]
    assert sent == [CHUNK_BYTES, 2 * CHUNK_BYTES], "the first chunk is not sent again"


def test_a_text_named_like_a_video_is_refused_in_plain_words(someone: Someone, tmp_path: Path) -> None:
    page = someone.desk("机构管理员 东昌")
    text = tmp_path / "讲义.mp4"
    text.write_text("这不是视频。\n" * 500)
    page.goto("/materials/new/")
    page.locator("#upload-file").set_input_files(text)
    expect(page.locator("[data-upload-words]")).to_contain_text("传完")
    fill(page, {"授权说明": "本校自制"})
    page.get_by_role("button", name="保存素材").click()
    wrong = page.locator(".field-wrong .error")
    expect(wrong).to_be_visible()
    expect(wrong).to_contain_text(re.compile("视频|格式"))
    expect(page.get_by_label("授权说明", exact=True)).to_have_value("本校自制")


def test_answers_given_without_a_network_arrive_later(someone: Someone) -> None:
    page = someone.phone("学员：线上学完")
    page.goto("/exams/")
    page.get_by_role("link", name="进入考试").first.click()
    page.get_by_role("button", name="开始考试").click()
    expect(page.locator("[data-timer]")).to_contain_text("剩余")
    page.context.set_offline(True)
    for position in (1, 2):
        page.get_by_role("button", name=f"第 {position} 题", exact=False).first.click()
        page.locator(f"[data-question='{position}'] [name=given]").first.check()
    expect(page.locator("[data-status]")).to_contain_text("2 题存在本机")
    page.context.set_offline(False)
    for position in (1, 2):
        expect(page.locator(f"[data-question='{position}'] [data-ack]")).to_contain_text("已保存")
    page.reload()
    for position in (1, 2):
        expect(page.locator(f"[data-question='{position}'] [name=given]").first).to_be_checked()
    page.get_by_role("link", name="检查并交卷").click()
    page.get_by_role("button", name="交卷").click()
    expect(page.locator("h1")).to_have_text("考试结果")
