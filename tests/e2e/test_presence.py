"""Presence in the player and in a real browser: nothing counts before it is shown, nothing is lost when it is."""

import json
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.factories.identity import PASSWORD
from tests.support import axe, town
from tests.support.browser import PHONE
from tests.support.pages import sign_in
from tests.support.site import Site

RULES = {"beat_seconds": 5, "max_gap_seconds": 60, "presence_per_class_hour": 1, "presence_at_entry": 1}

type Open = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def school(make_site: Callable[..., Site]) -> tuple[Site, tuple[str, int], int]:
    """A running site with one learner of a cohort whose rules ask for presence, and its video."""
    site = make_site(start=False)
    laid = town.lay(site, "city.lay_class", video_seconds=60, rules=[RULES])
    site.start()
    return site, laid["learners"][0][0], laid["units"][0]


def answer(site: Site, dialog: Locator) -> None:
    """Answers as who has watched and looks: what is right stands in the server's check alone."""
    [(kept,)] = site.rows("SELECT task FROM integrity_check WHERE state = %s", "open")
    task = json.loads(kept) if isinstance(kept, str) else kept
    right = task["question"]["answer"] if task["question"] else [str(task["puzzle"]["place"])]
    for value in right:
        dialog.locator(f"input[value='{value}']").check()
    dialog.get_by_role("button", name="提交").click()


def credited(site: Site, enrolment: int) -> int:
    rows = site.rows("SELECT credited_ms FROM study_studysession WHERE enrolment_id = %s", enrolment)
    return int(rows[0][0]) // 1000 if rows else 0


def test_the_player_waits_for_presence_and_goes_on(
    school: tuple[Site, tuple[str, int], int], open_context: Open
) -> None:
    site, (username, enrolment), video = school
    page: Page = open_context(PHONE, base_url=site.url).new_page()
    sign_in(page, username, PASSWORD)
    page.goto(f"/study/{enrolment}/units/{video}/")
    page.get_by_role("button", name="开始学习").click()
    dialog = page.get_by_role("dialog", name="在学核验")
    expect(dialog).to_contain_text("开始之前，先确认是你本人在学")
    expect(page.locator("[data-words]")).to_have_text("请完成在学核验，就接着计")
    assert page.evaluate("document.querySelector('video').paused")
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    axe.check(page)
    answer(site, dialog)
    expect(dialog).to_be_hidden(timeout=15_000)
    expect(page.locator("[data-words]")).to_have_text("正在计入学时")
    end = time.monotonic() + 90
    while credited(site, enrolment) < 5:
        assert time.monotonic() < end, "study counts after the check"
        page.wait_for_timeout(250)
