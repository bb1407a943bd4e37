"""The pages of devices and rules in real Chromium: nothing for axe to find, nothing wider than a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories.identity import USER_AGENT, client_for, make_bureau, make_learner, make_rules
from tests.factories.training import make_approved_cohort
from tests.support import axe
from tests.support.browser import DESK, PHONE
from zhenxue.identity.data import Actor
from zhenxue.identity.models import RuleSet

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., BrowserContext]


def browser_of(opener: Opener, url: str, who: Actor, kind: dict[str, Any]) -> Page:
    context = opener(kind, base_url=url, user_agent=USER_AGENT)
    for name, morsel in client_for(who).cookies.items():
        context.add_cookies([{"name": name, "value": morsel.value, "url": url}])
    return context.new_page()


def look(page: Page, place: str) -> None:
    page.goto(place)
    axe.check(page)
    axe.check_width(page)


@pytest.mark.parametrize("kind", [PHONE, DESK], ids=["phone", "desk"])
def test_rules_can_be_read_and_issued_on_any_screen(
    live_server: Any, open_context: Opener, kind: dict[str, Any]
) -> None:
    make_rules()
    made = make_approved_cohort()
    officer = make_bureau("3715")
    page = browser_of(open_context, live_server.url, officer, kind)
    known = RuleSet.objects.get(version="2026-1")
    for place in ("/rules/", "/rules/versions/", f"/rules/versions/{known.pk}/", f"/cohorts/{made.cohort.pk}/rules/"):
        look(page, place)
    look(page, "/rules/versions/new/")
    page.get_by_label("版本号").fill("2027-1")
    page.get_by_label("每人每日计入上限（课时）").fill("99")
    page.get_by_role("button", name="发布").click()
    expect(page.locator(".error-summary")).to_contain_text("每人每日计入上限应在 1 到 16课时 之间")
    axe.check(page)
    page.get_by_label("每人每日计入上限（课时）").fill("6")
    page.get_by_role("button", name="发布").click()
    expect(page.get_by_text("有 1 项不同")).to_be_visible()
    look(page, page.url)


def test_the_page_of_devices_fits_a_phone(live_server: Any, open_context: Opener) -> None:
    page = browser_of(open_context, live_server.url, make_learner(), PHONE)
    page.goto("/me/")
    expect(page.locator("body[data-device-key]")).to_have_count(0)
    look(page, "/me/devices/")
    page.get_by_role("button", name="移除本机").click()
    expect(page.get_by_text("移除本机后会马上退出登录")).to_be_visible()
    axe.check(page)
    page.get_by_role("dialog").get_by_role("button", name="移除本机").click()
    expect(page.get_by_label("密码")).to_be_visible()
