"""The study protocol in a real browser: keys with tickets, beats with proofs, checks, presence, lost lines, pages."""

import json
import re
import time
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

from tests.e2e.conftest import School
from tests.factories.identity import PASSWORD
from tests.support import axe
from tests.support.browser import DESK, PHONE
from tests.support.pages import sign_in
from tests.support.site import Site

type Open = Callable[..., BrowserContext]


def enter(school: School, open_context: Open, kind: dict[str, object], who: tuple[str, int], unit: int) -> Page:
    """The unit's page in a new browser of this learner."""
    page = open_context(kind, base_url=school.site.url).new_page()
    sign_in(page, who[0], PASSWORD)
    page.goto(f"/study/{who[1]}/units/{unit}/")
    return page


def play(page: Page) -> None:
    page.wait_for_load_state()  # the button does nothing before the script is there
    page.get_by_role("button", name="开始学习").click()
    expect(page.locator("[data-words]")).to_have_text("正在计入学时")


def counted(page: Page) -> int:
    """Seconds that count, as the page says."""
    minutes, seconds = re.findall(r"\d+", page.locator("[data-credited]").inner_text())[-2:]
    return int(minutes) * 60 + int(seconds)


def position(page: Page) -> float:
    seconds: float = page.evaluate("document.querySelector('video').currentTime")
    return seconds


def wait_until(page: Page, holds: Callable[[], bool], words: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, words
        page.wait_for_timeout(250)


def test_a_video_is_studied_with_the_whole_protocol(school: School, open_context: Open) -> None:
    who = school.learners["calm"][0]
    page = enter(school, open_context, PHONE, who, school.video)
    keys: list[Request] = []
    beats: list[Request] = []
    page.on("request", lambda one: keys.append(one) if "/keys/" in one.url else None)
    page.on("request", lambda one: beats.append(one) if "/study/beats/" in one.url else None)
    play(page)
    wait_until(page, lambda: counted(page) >= 10, "ten seconds count")
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"^已存到服务器 \d\d:\d\d:\d\d$"))
    page.get_by_role("button", name="暂停").click()
    expect(page.locator("[data-words]")).to_have_text("已暂停，不计时")
    wait_until(page, lambda: counted(page) >= int(position(page)) - 1, "the pause brings the rest")
    wait_until(page, lambda: school.credited(who[1], school.video) == counted(page), "the ledger knows it")
    assert keys
    assert all(one.headers.get("x-ticket") for one in keys)
    assert all(len(one.headers["x-beat-proof"]) == 43 for one in beats)
    tickets = [one.post_data_json["ticket"] for one in beats]
    assert len(set(tickets)) == len(tickets), "a ticket is used once"
    axe.check(page)
    axe.check_width(page)
    stopped = position(page)
    page.get_by_role("button", name="播放", exact=True).click()
    expect(page.locator("[data-words]")).to_have_text("正在计入学时")
    wait_until(page, lambda: position(page) > stopped + 2.5, "it plays on")
    left = position(page)
    page.goto("/study/")
    wait_until(page, lambda: school.credited(who[1], school.video) >= left - 2.5, "a closing page says its last word")


def test_a_check_is_answered_by_keyboard_in_full_screen_and_costs_nothing(school: School, open_context: Open) -> None:
    who = school.learners["asking"][0]
    page = enter(school, open_context, DESK, who, school.video)
    play(page)
    page.get_by_role("button", name="全屏").click()
    dialog = page.get_by_role("alertdialog", name="还在学习吗？")
    expect(dialog).to_be_visible(timeout=30_000)
    button = dialog.get_by_role("button", name="我在学习")
    expect(button).to_be_focused()
    expect(button).to_be_in_viewport(ratio=1)
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 48
    expect(dialog).to_contain_text(re.compile(r"请在 \d+ 秒内点"))
    assert page.evaluate("document.querySelector('video').paused"), "the video waits"
    axe.check(page, within="dialog[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    page.wait_for_timeout(2_000)
    asked_at = position(page)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    wait_until(page, lambda: position(page) > asked_at + 1, "it plays on by itself")
    wait_until(page, lambda: counted(page) >= asked_at - 1, "what was studied until the question counts")
    query = "SELECT checks_missed FROM study_studysession WHERE enrolment_id = %s"
    assert school.site.rows(query, who[1]) == [(0,)]
    refused = "SELECT count(*) FROM ledger_span WHERE enrolment_id = %s AND reason = 'check'"
    assert school.site.rows(refused, who[1]) == [(0,)]


def show_presence(site: Site, dialog: Locator) -> None:
    """Answers as who has watched and looks: what is right stands in the server's check alone."""
    [(kept,)] = site.rows("SELECT task FROM integrity_check WHERE state = %s", "open")
    task = json.loads(kept) if isinstance(kept, str) else kept
    right = task["question"]["answer"] if task["question"] else [str(task["puzzle"]["place"])]
    for value in right:
        dialog.locator(f"input[value='{value}']").check()
    dialog.get_by_role("button", name="提交").click()


def test_the_player_waits_for_presence_and_goes_on(school: School, open_context: Open) -> None:
    who = school.learners["present"][0]
    page = enter(school, open_context, PHONE, who, school.video)
    page.wait_for_load_state()
    page.get_by_role("button", name="开始学习").click()
    dialog = page.get_by_role("dialog", name="在学核验")
    expect(dialog).to_contain_text("开始之前，先确认是你本人在学")
    expect(page.locator("[data-words]")).to_have_text("请完成在学核验，就接着计")
    assert page.evaluate("document.querySelector('video').paused"), "nothing plays before it is shown"
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    axe.check(page)
    show_presence(school.site, dialog)
    expect(dialog).to_be_hidden()
    expect(page.locator("[data-words]")).to_have_text("正在计入学时")
    query = "SELECT coalesce(max(credited_ms), 0) FROM study_studysession WHERE enrolment_id = %s"
    wait_until(page, lambda: int(school.site.rows(query, who[1])[0][0]) >= 5_000, "study counts after the check")


def test_an_ended_session_goes_on_by_one_press_where_it_was_proven(school: School, open_context: Open) -> None:
    page = enter(school, open_context, PHONE, school.learners["calm"][0], school.video)
    with page.expect_response(re.compile("/open/$")) as opened:
        play(page)
    wait_until(page, lambda: counted(page) > 0, "something counts")
    post = "([url, csrf]) => fetch(url, {method: 'POST', headers: {'X-CSRFToken': csrf}}).then(one => one.status)"
    csrf = page.locator("[data-player]").get_attribute("data-csrf")
    assert page.evaluate(post, [opened.value.json()["urls"]["close"], csrf]) == 204
    expect(page.locator("[data-words]")).to_have_text("已停止计时")
    proven = counted(page)
    page.wait_for_timeout(1_500)
    assert page.evaluate("document.querySelector('video').paused"), "it does not reopen by itself"
    page.get_by_role("link", name="继续学习").click()
    expect(page.locator("[data-words]")).to_have_text("正在计入学时")
    expect(page.locator("[data-reason]")).to_be_hidden()
    assert abs(position(page) - proven) < 3
    wait_until(page, lambda: counted(page) > proven, "it counts on")


def test_twenty_seconds_without_a_network_lose_nothing(school: School, open_context: Open) -> None:
    who = school.learners["calm"][1]
    page = enter(school, open_context, DESK, who, school.video)
    play(page)
    wait_until(page, lambda: counted(page) >= 4, "the first beat counts")
    page.context.set_offline(True)
    expect(page.locator("[data-reason]")).to_contain_text("学过的时间还在本页")
    page.wait_for_timeout(20_000)
    watched = position(page)
    assert watched > 18, "what was loaded plays on"
    page.context.set_offline(False)
    wait_until(page, lambda: counted(page) >= watched - 1, "all of it counts")
    expect(page.locator("[data-reason]")).to_be_hidden()


def test_another_browser_takes_over_and_the_first_says_so(school: School, open_context: Open) -> None:
    who = school.learners["asking"][1]
    first = enter(school, open_context, DESK, who, school.video)
    play(first)
    wait_until(first, lambda: counted(first) >= 4, "the first beat counts")
    second = enter(school, open_context, PHONE, who, school.video)
    play(second)
    expect(first.locator("[data-words]")).to_have_text("已停止计时")
    expect(first.locator("[data-reason]")).to_contain_text(re.compile("登录已(退出|失效)"))
    expect(first.get_by_role("link", name="重新登录")).to_be_visible()
    stopped = counted(first)
    wait_until(second, lambda: counted(second) >= stopped + 4, "the second goes on where the first was")
    assert counted(first) == stopped


def test_a_document_fills_page_by_page_and_needs_its_test(school: School, open_context: Open) -> None:
    who = school.learners["calm"][0]
    page = enter(school, open_context, PHONE, who, school.document)
    words = page.locator("[data-words]")
    expect(words).to_have_text("正在计入学时")
    expect(page.locator("[data-page-words]")).to_have_text(re.compile("第 1 页已计"))
    expect(page.get_by_role("link", name="我读完了，做小测")).to_be_visible()
    expect(words).to_have_text("这一页已计满，请接着看下一页")
    expect(page.locator("#page-1")).to_have_attribute("data-full", "yes")
    assert 29 <= counted(page) <= 30, "a page counts its share and no more"
    axe.check(page)
    axe.check_width(page)
    page.locator("[data-reader-next]").click()
    expect(words).to_have_text("正在计入学时")
    expect(page.locator("#self-test form")).to_be_visible(timeout=40_000)
    page.reload()
    expect(page.locator("#page-2")).to_be_in_viewport(timeout=20_000)
    # What comes in above still moves the test below.
    expect(page.locator("#page-2 img")).to_have_attribute("data-shown", "yes")
    expect(words).to_have_text(re.compile("正在计入学时|已计满"))
    page.get_by_label("A.", exact=False).first.check()
    page.get_by_role("button", name="提交自测").click()
    expect(page.locator("[data-self-test=passed]")).to_be_visible()
    expect(words).to_have_text(re.compile("本单元已学完"))


def test_a_browser_that_lost_its_key_says_so_and_signs_in_again(school: School, open_context: Open) -> None:
    who = school.learners["calm"][1]
    page = enter(school, open_context, PHONE, who, school.video)
    forget = "new Promise(done => { indexedDB.deleteDatabase('zhenxue-device').onsuccess = () => done(true); })"
    assert page.evaluate(forget)
    page.get_by_role("button", name="开始学习").click()
    notice = page.locator("[data-reason]")
    expect(notice).to_contain_text("不是登录时的那台设备")
    axe.check(page)
    page.get_by_role("link", name="重新登录").click()
    page.locator("input[name=username]").fill(who[0])
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.locator("h1")).to_have_text("看一段")
    play(page)


def test_a_browser_without_keys_is_told_why_it_earns_nothing(school: School, open_context: Open) -> None:
    context = open_context(PHONE, base_url=school.site.url)
    context.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined})")
    who = school.learners["asking"][1]
    page = context.new_page()
    sign_in(page, who[0], PASSWORD)
    page.goto(f"/study/{who[1]}/units/{school.document}/")
    expect(page.locator("[data-reason]")).to_contain_text("这个浏览器不能计学时")
    expect(page.locator("[data-reason]")).to_contain_text("请老师帮忙")
    expect(page.locator("[data-reason]")).to_contain_text("图文单元可以照常阅读，只是不计学时；视频和文档打不开")
    expect(page.locator("[data-words]")).to_have_text("现在不计学时")
    expect(page.locator("#page-1")).to_be_hidden()


def test_a_busy_server_an_idle_reader_and_a_full_device_are_told_in_words(school: School, open_context: Open) -> None:
    (one, enrolment), (other, others) = school.learners["shared"]
    page = enter(school, open_context, DESK, (one, enrolment), school.document)
    words, notice = page.locator("[data-words]"), page.locator("[data-reason]")
    beats = re.compile("/study/beats/")

    def answer(status: int, message: str) -> None:
        page.unroute(beats)
        busy = {"code": "study.later", "message": message}
        page.route(beats, lambda route: route.fulfill(status=status, headers={"Retry-After": "1"}, json=busy))
        page.mouse.move(status, 300)

    expect(words).to_have_text("正在计入学时")
    answer(429, "上报太频繁，请稍等几秒，页面会自动重试。")
    expect(notice).to_contain_text("服务器正忙上报太频繁，请稍等几秒")
    answer(503, "服务器磁盘快满了，进度没有丢。")
    expect(notice).to_contain_text("服务器磁盘快满了，进度没有丢。学过的时间还在本页，会自动重试")
    page.locator("[data-reader-next]").click()
    expect(words).to_have_text("等待网络，暂停计时")  # a second page would not count
    page.unroute(beats)
    page.mouse.move(210, 310)  # however long that took, the reader is here
    expect(words).to_have_text("正在计入学时")
    expect(notice).to_be_hidden()
    expect(words).to_have_text("还在学吗？点一下页面继续")
    expect(notice).to_contain_text("很久没有操作，已暂停计时。点一下页面，或滚动一下，就接着计。")
    page.mouse.move(200, 400)
    expect(words).to_have_text("正在计入学时")
    expect(notice).to_be_hidden()
    assert counted(page) >= 15
    page.context.clear_cookies()
    sign_in(page, other, PASSWORD)
    page.goto(f"/study/{others}/units/{school.document}/")
    expect(notice).to_contain_text("这台设备今天不能再换人这台设备今天已有 1 人学习")
    expect(notice).to_contain_text("自己没有设备的，请找老师帮忙安排。")
    expect(words).to_have_text("现在不计学时")
    expect(page.locator("#page-1")).to_be_hidden()
    axe.check(page)
    page.get_by_role("link", name="回到课程页").first.click()
    expect(page.locator("h1")).to_have_text("真学3班")
