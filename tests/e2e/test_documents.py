"""A learner reads a document on a phone: pages as pictures, time that counts, nothing that needs a PDF viewer."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import City
from tests.support import axe, town
from tests.support.browser import DESK, PHONE
from tests.support.pages import sign_in

TITLE = "生命体征测量手册"

#: Adds up what moves on the page without anybody having touched it (cumulative layout shift).
WATCH_MOVES = """() => {
  window.moved = 0;
  const add = list => list.getEntries().forEach(one => { if (!one.hadRecentInput) window.moved += one.value; });
  new PerformanceObserver(add).observe({type: 'layout-shift', buffered: true});
}"""

type Open = Callable[..., BrowserContext]


@pytest.fixture
def reading(city: City, open_context: Open) -> Page:
    """The document unit, open on the phone of a learner."""
    page = open_context(PHONE, base_url=city.site.url).new_page()
    sign_in(page, city.account("学员：还没开始"), town.PASSWORD)
    page.goto("/study/")
    page.get_by_role("link", name="养老护理员晨光三班").first.click()
    page.locator(".study-unit", has_text=TITLE).click()
    expect(page.locator("h1")).to_have_text(TITLE)
    return page


def shown(page: Page, number: int) -> bool:
    """Whether the picture of a page has arrived, at its full size."""
    script = "one => one.complete && one.src.endsWith('.webp') && one.naturalWidth >= 800"
    return bool(page.locator(f"#page-{number} img").evaluate(script))


def wait_until_shown(page: Page, number: int) -> None:
    for _ in range(300):
        if shown(page, number):
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"page {number} did not show")


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("ZHENXUE_TEST_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_document_shows_on_a_phone_and_reading_it_counts(reading: Page) -> None:
    said: list[str] = []
    reading.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    reading.evaluate(WATCH_MOVES)
    wait_until_shown(reading, 1)
    assert "成年人腋下体温" in (reading.locator("#page-1 img").get_attribute("alt") or "")
    number = reading.locator("[data-reader-number]")
    expect(number).to_have_text("第 1 页 / 共 2 页")
    keep_picture(reading, "document-360-open")
    axe.check(reading)
    axe.check_width(reading)
    reading.locator("[data-reader-next]").click()
    expect(number).to_have_text("第 2 页 / 共 2 页")
    wait_until_shown(reading, 2)
    expect(reading.locator("#page-2 img")).to_be_in_viewport()
    keep_picture(reading, "document-360")
    expect(reading.locator("[data-reader-next]")).to_have_attribute("aria-disabled", "true")
    reading.locator("[data-reader-zoom]").click()
    assert reading.locator("#page-2 img").evaluate("one => one.getBoundingClientRect().width") > 600
    axe.check_width(reading)
    keep_picture(reading, "document-360-wide")
    reading.locator("[data-reader-zoom]").click()
    reading.locator("[data-reader-back]").click()
    expect(number).to_have_text("第 1 页 / 共 2 页")
    keep_picture(reading, "document-360-first")
    expect(reading.locator("[data-words]")).to_have_text("正在计入学时")
    expect(reading.locator("[data-credited]")).to_have_text(re.compile("00:[1-9]"))
    assert reading.evaluate("window.moved") < 0.02
    assert said == []


def test_turning_pages_is_input_and_a_lost_picture_can_be_asked_for_again(reading: Page) -> None:
    wait_until_shown(reading, 1)
    with reading.expect_request(re.compile("/study/beats/")) as sent:
        for _ in range(8):
            reading.wait_for_timeout(1_500)
            reading.mouse.wheel(0, 80)
    assert sent.value.post_data_json["idle_ms"] < 5_000
    reading.route(re.compile(r"/pages/\d+\.webp"), lambda route: route.abort())
    reading.reload()
    again = reading.get_by_role("button", name="这一页没有加载出来，点这里重试").first
    expect(again).to_be_visible()
    reading.unroute(re.compile(r"/pages/\d+\.webp"))
    again.click()
    expect(reading.locator("#page-1 button")).to_have_count(0)
    reading.wait_for_function("() => document.querySelector('#page-1 img').naturalWidth >= 800")


def test_staff_see_the_pages_too_and_may_take_the_file(city: City, open_context: Open) -> None:
    page = open_context(DESK, base_url=city.site.url).new_page()
    sign_in(page, city.account("机构管理员 东昌"), town.PASSWORD)
    page.goto("/materials/?kind=document")
    page.get_by_role("link", name=TITLE).first.click()
    wait_until_shown(page, 1)
    address = page.get_by_role("link", name=re.compile("下载 PDF 原件")).get_attribute("href") or ""
    assert page.request.get(address).body().startswith(b"%PDF")
    axe.check(page)
    keep_picture(page, "document-staff-1280")
