"""Upload, preview, editor and picker in real Chromium; accessibility and width of the catalogue's pages."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Route, expect
from pytest_django.fixtures import Settings

from tests.factories.catalogue import (
    author_of,
    make_document,
    make_draft_version,
    make_facts,
    make_image,
    make_material,
    make_occupations,
    make_ready_video,
    make_standard,
    video_bytes,
)
from tests.factories.identity import NOW, make_operator, make_organisation, make_rules
from tests.support import axe
from tests.support.browser import DESK, PHONE
from tests.support.pages import signed_in
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitDraft
from zhenxue.catalogue.models import Material
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import built
from zhenxue.kernel.models import Upload

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., BrowserContext]


def at(name: str, *args: object) -> str:
    return reverse(f"catalogue:{name}", args=args)


@pytest.fixture
def author() -> Actor:
    make_rules()
    return author_of(make_organisation())


def test_an_upload_survives_a_broken_line_and_a_reload(
    live_server: Any, open_context: Opener, author: Actor, settings: Settings, tmp_path: Path
) -> None:
    settings.UPLOAD_CHUNK_BYTES = 64 * 1024
    film = tmp_path / "示范.mp4"
    film.write_bytes(video_bytes(seconds=8) + os.urandom(400_000))
    page = signed_in(open_context, live_server.url, author)
    offsets: list[int] = []
    kept: list[str] = []
    blocked = {"after": 2}

    def relay(route: Route) -> None:
        if route.request.method == "PATCH":
            if len(offsets) >= blocked["after"]:
                route.abort()
                return
            offsets.append(int(route.request.headers["upload-offset"]))
        route.continue_()

    page.route("**/uploads/**", relay)
    page.on("response", lambda answer: kept.append(answer.url) if answer.request.method == "PATCH" else None)
    page.goto(at("new_material"))
    page.set_input_files("#upload-file", film)
    expect(page.locator("[data-upload-words]")).to_contain_text("自动继续")
    blocked["after"] = 4
    while len(kept) < 4:  # a reload must not break off what is still under way
        page.wait_for_timeout(50)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    assert len(offsets) == 4
    blocked["after"] = 10_000
    page.set_input_files("#upload-file", film)
    expect(page.locator("[data-upload-words]")).to_contain_text("已传完")
    assert offsets == [number * 64 * 1024 for number in range(len(offsets))]
    assert Upload.objects.count() == 1
    page.get_by_label("授权说明").fill("本机构原创")
    page.get_by_role("button", name="保存素材").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("示范")
    assert Material.objects.get().size_bytes == film.stat().st_size


def test_an_upload_can_be_paused_and_too_large_a_file_is_refused_at_once(
    live_server: Any, open_context: Opener, author: Actor, settings: Settings, tmp_path: Path
) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1_000_000
    settings.UPLOAD_CHUNK_BYTES = 32 * 1024
    page = signed_in(open_context, live_server.url, author)
    page.goto(at("new_material"))
    large = tmp_path / "大.mp4"
    large.write_bytes(bytes(1_000_001))
    page.set_input_files("#upload-file", large)
    expect(page.locator("[data-upload-words]")).to_contain_text("超过了上限")
    assert Upload.objects.count() == 0
    held: list[Route] = []
    page.route(
        "**/uploads/**", lambda route: held.append(route) if route.request.method == "PATCH" else route.continue_()
    )
    film = tmp_path / "片.mp4"
    film.write_bytes(video_bytes(seconds=8))
    page.set_input_files("#upload-file", film)
    page.get_by_role("button", name="暂停").click()
    expect(page.locator("[data-upload-words]")).to_contain_text("已暂停")
    page.unroute_all()
    page.get_by_role("button", name="继续上传").click()
    expect(page.locator("[data-upload-words]")).to_contain_text("已传完")


def test_a_waiting_video_turns_ready_on_the_page_and_plays(
    live_server: Any, open_context: Opener, author: Actor
) -> None:
    page = signed_in(open_context, live_server.url, author)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    waiting = make_ready_video_later(author)
    page.goto(at("material", waiting.pk))
    expect(page.get_by_text("处理进度")).to_be_visible()
    held: list[Route] = []
    page.route(f"**/{built.manifest()['islands/preview/main.ts']['file']}", lambda route: held.append(route))
    Material.objects.filter(pk=waiting.pk).update(state="processing")
    with page.expect_response("**/state/?once=1"):  # asked once while work goes on, which a short film would not show
        pass
    Material.objects.filter(pk=waiting.pk).update(state="uploaded")
    catalogue.process_video(material_id=waiting.pk, clock=lambda: NOW)
    video = page.locator("video")
    expect(video).to_be_visible()
    # pressed before the player's script came;
    # not awaited here: the promise of play() may stay open for good, and evaluate() knows no time limit
    page.evaluate("() => { const video = document.querySelector('video'); video.muted = true; void video.play(); }")
    while not held:
        page.wait_for_timeout(50)
    held[0].continue_()
    page.wait_for_function("() => document.querySelector('video').currentTime > 1")
    assert problems == []


def make_ready_video_later(author: Actor) -> Material:
    return make_material(video_bytes(seconds=8), "片.mp4", actor=author)


def test_the_editor_previews_text_and_the_picker_suggests(
    live_server: Any, open_context: Opener, author: Actor
) -> None:
    make_occupations()
    version = catalogue.create_course(actor=author, facts=make_facts(), now=NOW)
    page = signed_in(open_context, live_server.url, author)
    page.goto(at("new_unit", version.chapters.get().pk, "text"))
    page.locator("#id_body").press_sequentially("# 开播\n\n**灯光**")
    expect(page.locator("#preview h2")).to_have_text("开播")
    expect(page.locator("#preview strong")).to_have_text("灯光")
    page.goto(at("new_course"))
    page.get_by_label("职业（工种）").press_sequentially("电工")
    expect(page.locator("datalist option[value='6-31-01-03 电工']")).to_be_attached()


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    live_server: Any, open_context: Opener, author: Actor
) -> None:
    organisation = identity.get_organisation(author.organisation_id or 0)
    video, document, image = make_ready_video(organisation, 8), make_document(organisation), make_image(organisation)
    standard = make_standard(author)
    units = [
        UnitDraft("video", "看", material_id=video.pk),
        UnitDraft("document", "读", minutes=5, material_id=document.pk),
        UnitDraft("text", "图文", minutes=5, body=f"# 标题\n![图]({image.pk})"),
        UnitDraft("self_test", "测", minutes=5),
    ]
    version = make_draft_version(organisation, units=units, actor=author)
    test = version.units.get(kind="self_test")
    chapter = version.chapters.get()
    places = [
        *(at(name) for name in ("courses", "new_course", "materials", "new_material", "standards", "new_standard")),
        *(at("material", one.pk) for one in (video, document, image)),
        *(at(name, version.pk) for name in ("version", "editor", "edit_facts")),
        *(at("unit", unit.pk) for unit in version.units.all()),
        at("course", version.course_id),
        at("new_unit", chapter.pk, "text"),
        at("edit_unit", test.pk),
        at("questions", test.pk),
        at("standard", standard.pk),
        at("import_points", standard.pk),
        at("occupations"),
    ]
    page = signed_in(open_context, live_server.url, author, PHONE)
    for place in places:
        page.goto(place)
        for kind in (PHONE, DESK):
            axe.resize(page, kind["viewport"])
            axe.check(page)
            axe.check_width(page)
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    desk = signed_in(open_context, live_server.url, make_operator(Role.OPERATOR_REVIEWER))
    for place in (at("reviews"), at("version", version.pk)):
        desk.goto(place)
        axe.check(desk)
