"""The camera island in a real browser: with a face, with another's, without a camera; and the teacher's word."""

import datetime as dt
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.factories.checks import Class, make_class, right
from tests.factories.faces import consent, enrolled, work
from tests.factories.identity import USER_AGENT, client_for
from tests.support import axe
from tests.support.browser import DESK, PHONE
from tests.support.film import Film, camera_browser
from zhenxue.identity.data import Actor
from zhenxue.integrity import api as integrity
from zhenxue.integrity.data import RunningContext
from zhenxue.integrity.models import Check, FaceJob, FaceTemplate
from zhenxue.integrity.queries import plans
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db(transaction=True)
type Open = Callable[..., BrowserContext]
#: So that a busy machine never runs out of the window; windows themselves are tested without a browser.
LONG = dt.timedelta(minutes=30)


@pytest.fixture
def film(tmp_path: Path) -> Film:
    return Film(tmp_path / "camera.y4m")


@pytest.fixture
def camera_context(chromium: Browser, film: Film) -> Iterator[Open]:
    with camera_browser(chromium, film) as make:
        yield make


@pytest.fixture
def room() -> Class:
    return make_class(learners=1, now=clock.now())


def ask(room: Class) -> Check:
    """A check with much time, answerable from any device."""
    check = room.ask(now=clock.now(), device="")
    check.due_at += LONG
    check.save(update_fields=["due_at"])
    return check


def enter(opener: Open, url: str, actor: Actor, kind: dict[str, Any], path: str) -> Page:
    context = opener(kind, base_url=url, user_agent=USER_AGENT)
    for name, morsel in client_for(actor).cookies.items():
        context.add_cookies([{"name": name, "value": morsel.value, "url": url}])
    page = context.new_page()
    page.goto(path)
    return page


def at(check: Check) -> str:
    return reverse("integrity:check", args=[check.pk])


def judged() -> None:
    """The engine does the job of the burst that was just sent."""
    end = time.monotonic() + 60
    while not FaceJob.objects.filter(state="queued").exists():
        assert time.monotonic() < end, "no burst came"
        time.sleep(0.1)
    assert work(clock.now()) == 1


def shoot(page: Page, film: Film, check: Check, person: str = "a") -> None:
    """One burst: presses, turns as asked, and the engine's word on it."""
    check.refresh_from_db()
    film.shoot(page.locator(".presence-button"), person, asked=check.task["turns"])
    judged()


def option(page: Page, check: Check) -> Locator:
    """The right option of the question that stands there."""
    check.refresh_from_db()
    return page.locator(f"input[name=given][value='{right(check)[0]}']")


def test_a_face_passes_and_another_person_s_or_the_same_film_again_does_not(
    live_server: Any, camera_context: Open, film: Film, room: Class
) -> None:
    enrolled(room.learner, "a", now=clock.now())
    check = ask(room)
    page = enter(camera_context, live_server.url, room.learner, PHONE, at(check))
    expect(page.get_by_role("heading", name="人脸核验")).to_be_focused()
    expect(page.locator(".presence-card")).to_contain_text("不录像、不录音")
    axe.check(page, within="main")
    axe.check_width(page)
    page.get_by_role("button", name="打开摄像头").click()
    expect(page.locator("video")).to_be_visible()
    expect(page.get_by_role("button", name="开始拍照")).to_be_visible()
    axe.check(page, within="main")
    shoot(page, film, check, "b")
    expect(page.locator(".presence-hint")).to_contain_text("和登记的人脸不像")
    expect(page.locator(".presence-hint")).to_contain_text("还可以再试 2 次")
    expect(page.get_by_role("button", name="再拍一次")).to_be_focused()
    axe.check_width(page)
    film.is_recorded, begins = True, film.takes
    shoot(page, film, check, "a")
    expect(page.locator("main")).to_contain_text("核验通过")
    check.refresh_from_db()
    assert (check.state, check.strength, check.tries) == ("passed", 3, 1)
    assert check.claims["width"] == 640
    assert FaceJob.objects.filter(presence=check).count() == 2
    later = ask(room)
    page.goto(at(later))
    page.get_by_role("button", name="打开摄像头").click()
    expect(page.get_by_role("button", name="开始拍照")).to_be_visible()
    film.takes = begins
    shoot(page, film, later, "a")
    expect(page.locator(".presence-hint")).to_contain_text("这张照片以前用过")
    later.refresh_from_db()
    assert (later.state, later.tries) == ("open", 1)


def test_who_has_no_camera_answers_a_question_by_keyboard(live_server: Any, open_context: Open, room: Class) -> None:
    enrolled(room.learner, "a", now=clock.now())
    check = ask(room)
    page = enter(open_context, live_server.url, room.learner, PHONE, at(check))
    page.get_by_role("button", name="打开摄像头").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("摄像头"))
    page.get_by_role("button", name="没有摄像头").click()
    expect(page.get_by_role("heading", name="随堂问题")).to_be_focused()
    axe.check(page, within="main")
    axe.check_width(page)
    page.get_by_role("button", name="提交").wait_for()
    option(page, check).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("核验通过")
    check.refresh_from_db()
    assert (check.state, check.kind) == ("passed", "question")
    assert check.task["others"] == [{"from": "face", "to": "question", "reason": "no_camera"}]


def test_a_puzzle_has_words_and_a_teacher_s_word_comes_by_itself(
    live_server: Any, open_context: Open, room: Class
) -> None:
    check = room.ask(now=clock.now(), device="", context="hall:1", facts={})
    Check.objects.filter(pk=check.pk).update(due_at=check.due_at + LONG)
    page = enter(open_context, live_server.url, room.learner, PHONE, at(check))
    expect(page.get_by_role("img", name=re.compile("6 个格子"))).to_be_visible()
    axe.check(page, within="main")
    page.get_by_role("button", name="看不清图，改做文字题").click()
    expect(page.get_by_role("group", name="哪一个词和其他几个不是一类？")).to_be_visible()
    page.get_by_role("button", name="改用老师确认").click()
    expect(page.locator(".presence-card")).to_contain_text("正在等本班老师确认")
    desk = enter(open_context, live_server.url, room.made.teacher, DESK, reverse("integrity:waiting"))
    axe.check(desk)
    desk.get_by_role("button", name="视频通话见到本人").click()
    expect(desk.locator("main")).to_contain_text("已确认")
    expect(page.locator("main")).to_contain_text("核验通过")
    check.refresh_from_db()
    assert (check.state, check.kind, check.strength) == ("passed", "word", 2)
    assert integrity.open_check_of("hall:1") is None


def test_a_face_is_enrolled_with_the_camera(live_server: Any, camera_context: Open, film: Film, room: Class) -> None:
    consent(room.learner, now=clock.now())
    page = enter(camera_context, live_server.url, room.learner, PHONE, reverse("integrity:enrol"))
    turns = json.loads(page.locator("#presence-check").text_content() or "")["turns"]
    page.get_by_role("button", name="打开摄像头").click()
    axe.check(page, within="main")
    axe.check_width(page)
    film.shoot(page.get_by_role("button", name="开始拍照"), "a", asked=[*turns, "front"])
    judged()
    expect(page.locator("main")).to_contain_text("已登记")
    assert FaceTemplate.objects.filter(person_id=room.learner.person_id, ended_at__isnull=True).exists()


def test_what_was_missed_is_made_up_from_the_home_page(live_server: Any, open_context: Open, room: Class) -> None:
    missed = room.ask(now=clock.now() - dt.timedelta(minutes=5))
    integrity.sweep(clock.now())
    page = enter(open_context, live_server.url, room.learner, PHONE, "/home/")
    expect(page.get_by_role("heading", name="可以补做的核验")).to_be_visible()
    axe.check(page, within=".home-blocks")
    page.get_by_role("button", name=re.compile("^补做")).click()
    expect(page.get_by_role("heading", name="随堂问题")).to_be_focused()
    option(page, Check.objects.get(makes_up=missed)).check()
    page.get_by_role("button", name="提交").click()
    expect(page.locator("main")).to_contain_text("补做通过")
    missed.refresh_from_db()
    assert missed.made_up_at is not None


def test_an_officer_sees_the_results_of_a_command_come_by_themselves(
    live_server: Any, open_context: Open, room: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolment = room.enrolment
    running = [RunningContext(enrolment.person_id, enrolment.pk, "room:1", facts={"unit": room.unit_id})]
    monkeypatch.setattr(plans, "_runners", [lambda cohort_id, now: running])
    new = f"{reverse('integrity:new_command')}?cohort={room.made.cohort.pk}"
    desk = enter(open_context, live_server.url, room.made.bureau, DESK, new)
    expect(desk.locator("main")).to_contain_text("此刻有 1 人")
    axe.check(desk)
    desk.get_by_label("抽查理由").fill("例行抽查")
    desk.get_by_role("button", name="下达抽查").click()
    expect(desk.locator("#results")).to_contain_text("正在等学员完成")
    axe.check(desk)
    check = integrity.open_check_of("room:1")
    assert check is not None
    page = enter(open_context, live_server.url, room.learner, PHONE, at(check))
    expect(page.locator(".presence-card")).to_contain_text("人社部门正在抽查")
    option(page, check).check()
    page.get_by_role("button", name="提交").click()
    expect(page.locator("main")).to_contain_text("核验通过")
    expect(desk.locator("#results")).to_contain_text("全部有了结果")
    expect(desk.locator("#results")).to_contain_text("已通过")
