"""Debian's Chromium under Playwright: a phone of 360 px and a desk of 1280 px.

``chromium-headless-shell`` is the same engine without the desktop program around it: a page costs half the processor.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    # A page of a test lives for a second: what would make its scripts quick in a minute costs a tenth of its renderer.
    "--js-flags=--no-opt,--no-maglev",
]
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
#: The leanest first; ``ZHENXUE_TEST_BROWSER`` names another.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
#: How long a test waits for what must come, unless it says more: a busy machine is no fault. What comes costs no wait.
WAIT_MILLISECONDS = 60_000
expect.set_options(timeout=WAIT_MILLISECONDS)
HOW_TO_INSTALL = "Chromium is needed for these tests: apt-get install chromium fonts-noto-cjk"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser a run. The ORM may be used beside it (Playwright's loop lives in this thread)."""
    program = next(filter(None, map(shutil.which, (os.environ.get("ZHENXUE_TEST_BROWSER", ""), *PROGRAMS))), None)
    if program is None:
        pytest.fail(HOW_TO_INSTALL)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def whole_browser(chromium: Browser) -> Iterator[Browser]:
    """A second browser with the desktop program around it, where there is one."""
    program = next(filter(None, map(shutil.which, PROGRAMS[1:])), None)
    browser = chromium.browser_type.launch(executable_path=program, headless=True, args=FLAGS) if program else chromium
    yield browser
    if browser is not chromium:
        browser.close()


@pytest.fixture
def open_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A maker of browser contexts: ``open_context(PHONE, base_url=site.url)``; each is one person's browser."""
    made: list[BrowserContext] = []

    def make(kind: dict[str, Any] = DESK, **options: Any) -> BrowserContext:
        context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **{**kind, **options})
        context.set_default_timeout(WAIT_MILLISECONDS)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def phone(open_context: Callable[..., BrowserContext]) -> Page:
    """A page on a phone, 360 px wide."""
    return open_context(PHONE).new_page()


@pytest.fixture
def desk(open_context: Callable[..., BrowserContext]) -> Page:
    """A page on a desk screen, 1280 px wide."""
    return open_context(DESK).new_page()
