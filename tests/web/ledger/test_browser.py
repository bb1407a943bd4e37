"""The day, its statistics and a correction in real Chromium: readable on a phone of 360 px, nothing serious for axe."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.factories.ledger import after, book, make_mixed_day
from tests.factories.study import BEGIN, units_of
from tests.factories.training import attend_all
from tests.support import axe
from tests.support.browser import DESK, PHONE
from tests.support.pages import signed_in
from zhenxue.kernel import clock
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import CorrectionKind, Reason

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., BrowserContext]
SHOTS = os.environ.get("ZHENXUE_TEST_SCREENSHOTS", "")


def test_lanes_trends_and_corrections_can_be_read_on_a_phone_and_at_a_desk(
    live_server: Any, open_context: Opener
) -> None:
    running = make_mixed_day()
    book(running, 0, 60, at=after(600))
    book(running, 300, 590, at=after(4000))
    book(running, 400, 400, at=after(4500), lasted=900, reason=Reason.IDLE)
    attend_all(running, running.lessons[0])
    enrolment = running.enrolments[0]
    asked = ledger.propose_correction(
        actor=running.manager,
        kind=CorrectionKind.WITHDRAW,
        enrolment_id=enrolment.pk,
        unit_id=units_of(running)[0].pk,
        began_at=after(4000),
        ended_at=after(4100),
        reason="核实后确认由他人代学",
        now=after(9000),
    )
    ledger.approve_correction(actor=running.bureau, correction_id=asked.pk, now=after(9000))
    base = f"/progress/{enrolment.pk}/"
    paths = {
        "day": f"{base}{clock.civil_day(BEGIN)}/",
        "progress": base,
        "statistics": f"{base}statistics/?by=day",
        "correction": f"/progress/corrections/{asked.pk}/",
        "form": f"{base}make-up/",
    }
    for kind, size, who in ((PHONE, "phone", running.learners[0]), (DESK, "desk", running.manager)):
        page = signed_in(open_context, live_server.url, who, kind)
        for name, path in paths.items():
            page.goto(live_server.url + path)
            expect(page.locator("html.js")).to_be_attached()
            if name == "day":
                expect(page.locator("svg.lanes rect")).to_have_count(7)
                expect(page.get_by_text("没有线上学习会话")).to_be_visible()
                inside = page.evaluate(
                    """() => { const box = document.querySelector('svg.lanes').getBoundingClientRect();
                    return [...document.querySelectorAll('svg.lanes rect, svg.lanes text')].every(one => {
                      const at = one.getBoundingClientRect();
                      return at.left >= box.left - 1 && at.right <= box.right + 1; }) }"""
                )
                assert inside
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"ledger-{name}-{size}.png", full_page=True)
            axe.check_width(page)
            axe.check(page)
