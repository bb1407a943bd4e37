"""The shared dialog of a list and the steps of a cohort in real Chromium: keys, accessibility, a phone, no script."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, expect

from tests.factories.training import make_draft_cohort
from tests.support import axe
from tests.support.browser import DESK, PHONE
from tests.support.pages import signed_in
from zhenxue.training.models import Enrolment

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., BrowserContext]


def test_the_rows_of_a_roster_share_a_dialog_that_keys_can_work(live_server: Any, open_context: Opener) -> None:
    made = make_draft_cohort(learners=3)
    page = signed_in(open_context, live_server.url, made.manager, DESK)
    page.goto(reverse("training:roster", args=[made.cohort.pk]))
    names = [row.inner_text() for row in page.locator("tbody th[scope=row]").all()]
    links = page.locator("a[data-ask]")
    links.nth(0).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(names[0])
    axe.check(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(links.nth(0)).to_be_focused()
    assert Enrolment.objects.filter(cohort=made.cohort).count() == 3
    links.nth(1).click()
    expect(dialog).to_contain_text(names[1])
    expect(dialog).not_to_contain_text(names[0])
    dialog.get_by_role("button", name="移出").click()
    expect(page.get_by_text(f"已把{names[1]}移出名册")).to_be_visible()
    assert set(Enrolment.objects.values_list("person__name", flat=True)) == {names[0], names[2]}


def test_a_learner_is_removed_without_script(live_server: Any, open_context: Opener) -> None:
    made = make_draft_cohort(learners=2)
    page = signed_in(open_context, live_server.url, made.manager, PHONE, java_script_enabled=False)
    page.goto(reverse("training:roster", args=[made.cohort.pk]))
    page.locator("a[data-ask]").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("移出：")
    page.get_by_role("button", name="移出").click()
    expect(page.get_by_text("移出名册").first).to_be_visible()
    assert Enrolment.objects.filter(cohort=made.cohort).count() == 1


@pytest.mark.parametrize("large", [False, True])
def test_all_steps_of_a_cohort_show_on_a_phone(live_server: Any, open_context: Opener, large: bool) -> None:
    made = make_draft_cohort(learners=1)
    page = signed_in(open_context, live_server.url, made.manager, PHONE)
    page.goto(reverse("training:cohort", args=[made.cohort.pk]))
    if large:
        page.evaluate("document.documentElement.dataset.type = 'large'")
    steps = page.locator(".steps[aria-label='班期进度'] .step")
    assert steps.count() == 5
    for step in steps.all():
        box = step.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
    axe.check_width(page)
    axe.check(page)
