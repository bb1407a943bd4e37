"""Small acts that every browser story repeats."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.factories.identity import client_for
from tests.support.browser import DESK
from zhenxue.identity.data import Actor


def sign_in(page: Page, username: str, password: str) -> None:
    """Sign in through the page; ends wherever that leads (home, the first change of the password, a hand-over)."""
    page.goto("/sign-in/")
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.locator("input[name=username]")).to_have_count(0)
    take_over = page.get_by_role("button", name="在这里继续（另一台将退出）")
    if "/hand-over/" in page.url:
        take_over.click()
        page.wait_for_url(lambda address: "/hand-over/" not in address)


def signed_in(
    open_context: Callable[..., BrowserContext], url: str, who: Actor, kind: dict[str, Any] = DESK, **options: Any
) -> Page:
    """A page of somebody's own browser, with a sign-in that was made beside it."""
    context = open_context(kind, base_url=url, **options)
    cookies = client_for(who).cookies
    context.add_cookies([{"name": name, "value": one.value, "url": url} for name, one in cookies.items()])
    return context.new_page()


def arrived(page: Page, sign: Locator) -> None:
    """A press has led to another page, which shows ``sign``; its scripts, which the next press needs, have run."""
    expect(sign).to_be_visible()
    page.wait_for_load_state()


def fill(page: Page, values: Mapping[str, str]) -> None:
    """Type into fields by their labels."""
    for label, value in values.items():
        page.get_by_label(label, exact=True).fill(value)


def ask(page: Page, label: str) -> None:
    """Press a button that asks first, and say yes."""
    page.locator("button[data-dialog]", has_text=label).click()
    page.locator("dialog[open] button[type=submit]").click()
    expect(page.locator("dialog[open]")).to_have_count(0)


def wait_for(page: Page, what: Locator, words: str, *, seconds: float = 120) -> None:
    """Reload until it is there; raises ``AssertionError`` that says what was awaited."""
    end = time.monotonic() + seconds
    while not what.count():
        assert time.monotonic() < end, f"waited too long: {words}"
        page.wait_for_timeout(1_000)
        page.reload()
