"""The home of each role in the browser: its blocks arrive, the shell fits, nothing is in the way of anybody."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories import identity as make
from tests.support import axe
from tests.support.browser import DESK, PHONE
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import navigation
from zhenxue.portal import guides
from zhenxue.portal.navigation import BAR_SIZE

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., BrowserContext]
ROLES = [role for role in Role if role is not Role.SYSTEM]


def open_as(context: BrowserContext, url: str, actor: Actor) -> Page:
    """A page of somebody signed in."""
    morsel = make.client_for(actor).cookies["zhenxue"]
    context.add_cookies([{"name": "zhenxue", "value": morsel.value, "url": url}])
    return context.new_page()


@pytest.mark.parametrize("role", ROLES, ids=[role.value for role in ROLES])
def test_home_brings_every_block_and_axe_finds_nothing(live_server: Any, open_context: Opener, role: Role) -> None:
    actor = make.make_actor(role)
    page = open_as(open_context(DESK), live_server.url, actor)
    page.goto(live_server.url + "/home/")
    expect(page.get_by_role("heading", level=1)).to_have_text(guides.home_words(actor).heading)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".home-block")).to_have_count(len(navigation.blocks_for(role)))
    expect(page.locator(".skeleton")).to_have_count(0)
    assert page.locator(".home-block .notice-bad[role=alert]").all_inner_texts() == []
    for width in (1280, 360):
        axe.resize(page, {"width": width, "height": 740})
        axe.check(page)
        axe.check_width(page)


def test_a_learner_has_four_places_at_the_thumb(live_server: Any, open_context: Opener) -> None:
    page = open_as(open_context(PHONE), live_server.url, make.make_learner())
    page.goto(live_server.url + "/home/")
    bar = page.get_by_role("navigation", name="主导航（底部）")
    expect(bar.get_by_role("link")).to_have_text(["学习", "课表", "考试", "我的"])
    boxes = [link.bounding_box() for link in bar.get_by_role("link").all()]
    assert len(boxes) == BAR_SIZE
    assert all(box and box["height"] >= 44 and box["width"] >= 44 for box in boxes)


def test_staff_open_the_rail_on_a_phone_even_without_script(live_server: Any, open_context: Opener) -> None:
    page = open_as(open_context(PHONE, java_script_enabled=False), live_server.url, make.make_provider())
    page.goto(live_server.url + "/home/")
    rail = page.get_by_role("navigation", name="主导航")
    expect(rail).to_be_hidden()
    page.get_by_role("button", name="打开导航").click()
    expect(rail).to_be_visible()
    rail.get_by_role("link", name="首页").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_the_person_menu_signs_out_and_large_type_is_kept_with_the_account(
    live_server: Any, open_context: Opener
) -> None:
    actor = make.make_provider()
    page = open_as(open_context(DESK), live_server.url, actor)
    page.goto(live_server.url + "/home/")
    with page.expect_response("**/me/large-type/"):
        page.get_by_role("button", name="关怀版").click()
    page.reload()
    expect(page.locator("html[data-type=large]")).to_be_attached()
    page.get_by_role("button", name="打开个人菜单").click()
    axe.check(page)
    page.evaluate("sessionStorage.setItem('draft:1:/x/:', JSON.stringify({path: '/x/', title: '甲', values: {}}))")
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/sign-in/**")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_block_that_does_not_come_offers_another_try(live_server: Any, open_context: Opener) -> None:
    page = open_as(open_context(DESK), live_server.url, make.make_provider())
    page.route("**/*", lambda route: route.abort() if route.request.headers.get("hx-request") else route.continue_())
    page.goto(live_server.url + "/home/")
    expect(page.get_by_role("button", name="再试一次").first).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
