"""Corrections for many in real Chromium: ticks are counted, the way to the answer works, all sizes are readable."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories.ledger import make_batch, make_outage
from tests.factories.study import units_of
from tests.support import axe
from tests.support.browser import DESK, PHONE
from tests.support.pages import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., BrowserContext]
SHOTS = os.environ.get("ZHENXUE_TEST_SCREENSHOTS", "")


def look(page: Page, name: str) -> None:
    """Readable, and nothing for axe to find."""
    expect(page.locator("html.js")).to_be_attached()
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"ledger-{name}.png", full_page=True)
    axe.check_width(page)
    axe.check(page)


def test_a_class_is_picked_at_a_desk_and_decided_on_a_phone(live_server: Any, open_context: Opener) -> None:
    running, earlier = make_outage(), make_outage(learners=2)
    asked = f"?unit={units_of(running)[0].pk}&first_day=2026-03-02&since=10:00&until=11:00"
    way = f"{live_server.url}/progress/cohorts/{running.cohort.pk}/make-up/{asked}"
    manager = signed_in(open_context, live_server.url, running.manager, DESK)
    manager.goto(way)
    expect(manager.locator("[data-bulk-count]")).to_have_text("3")
    manager.locator("[data-bulk-all]").uncheck()
    expect(manager.locator("[data-bulk]")).to_be_hidden()
    manager.locator("[data-bulk-all]").check()
    look(manager, "make-up-many-desk")
    axe.resize(manager, PHONE["viewport"])
    look(manager, "make-up-many-phone")
    axe.resize(manager, DESK["viewport"])
    manager.get_by_label("理由").fill("三月二日上午教室停电")
    manager.get_by_role("button", name="提出补计").click()
    expect(manager.get_by_role("heading", level=1)).to_contain_text("3 人 3 条")
    look(manager, "batch-desk")
    make_batch(earlier)
    bureau = signed_in(open_context, live_server.url, running.bureau, PHONE)
    bureau.goto(f"{live_server.url}/progress/corrections/")
    look(bureau, "corrections-phone")
    bureau.get_by_role("link", name="批 补计学时").first.click()
    expect(bureau.get_by_role("heading", level=1)).to_contain_text("3 人 3 条")
    bureau.locator("input[name=correction]").first.check()
    look(bureau, "batch-phone")
    bureau.locator(".bulk").get_by_role("button", name="不予同意").click()
    look(bureau, "decide-phone")
    bureau.get_by_label("理由").fill("这名学员当天请假")
    bureau.get_by_role("button", name="不予同意").click()
    expect(bureau.get_by_text("1 条全部办好")).to_be_visible()
    bureau.get_by_role("button", name="整批同意并生效").click()
    bureau.get_by_role("dialog").get_by_role("button", name="整批同意并生效").click()
    expect(bureau.get_by_text("2 条全部办好")).to_be_visible()
    look(bureau, "batch-done-phone")
