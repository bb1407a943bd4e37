"""Evidence in real Chromium, on a phone and on a desk: timeline, one entry verified here, a dossier, the check page."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories.training import Running, attend_all, make_running_cohort
from tests.factories.witnesses import make_cosignature, make_witness, witness_signer
from tests.support import axe
from tests.support.browser import DESK, PHONE
from tests.support.pages import arrived, signed_in
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Dossier, Witness
from zhenxue.evidence.operations import dossiers
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., BrowserContext]
PICTURES = os.environ.get("ZHENXUE_TEST_SCREENSHOTS")


def look(page: Page, name: str) -> None:
    """Every page of the story fits, and axe finds nothing."""
    axe.check(page)
    axe.check_width(page)
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def cosign_newest() -> None:
    """What the witness does."""
    make_cosignature(Witness.objects.get(), witness_signer(), at=clock.now().replace(microsecond=0))


def work() -> None:
    """What the worker does, with the witness in between: build, cosign, finish."""
    for dossier in Dossier.objects.filter(state="waiting"):
        dossiers.build_dossier(dossier_id=dossier.pk, clock=clock.now)
        cosign_newest()
        dossiers.finish_dossier(dossier_id=dossier.pk, now=clock.now(), patient=True)


@pytest.fixture
def running() -> Running:
    made = make_running_cohort()
    attend_all(made, made.lessons[0])
    make_witness()
    evidence.integrate(clock.now())
    cosign_newest()
    return made


@pytest.mark.parametrize("kind", ["phone", "desk"])
def test_from_the_timeline_to_a_dossier_that_a_stranger_verifies(
    live_server: Any, open_context: Opener, running: Running, kind: str, tmp_path: Path
) -> None:
    """A learner on a phone, a county officer at a desk."""
    size, actor = (PHONE, running.learners[0]) if kind == "phone" else (DESK, running.bureau)
    page = signed_in(open_context, live_server.url, actor, size)
    enrolment = running.enrolments[0].pk
    page.goto(f"/evidence/learners/{enrolment}/")
    expect(page.get_by_text("已存证 · 已见证").first).to_be_visible()
    look(page, f"timeline-{kind}")
    page.locator(".timeline a").first.click()
    arrived(page, page.get_by_role("button", name="现在验证"))
    page.get_by_role("button", name="现在验证").click()
    result = page.locator("[data-verify-result]")
    expect(result).to_have_attribute("data-verdict", "0")
    expect(result).to_contain_text("核验通过")
    expect(result).to_contain_text("witness.example/city")
    look(page, f"entry-{kind}")

    page.goto(f"/dossiers/enrolment/{enrolment}/")
    page.get_by_role("button", name="制作档案包").click()
    expect(page.get_by_text("排队中")).to_be_visible()
    look(page, f"dossier-waiting-{kind}")
    work()
    expect(page.get_by_text("可以下载")).to_be_visible()
    look(page, f"dossier-{kind}")
    with page.expect_download() as download:
        page.get_by_role("button", name="下载档案包").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)

    stranger = open_context(size, base_url=live_server.url).new_page()
    stranger.goto("/check/")
    look(stranger, f"check-empty-{kind}")
    sent: list[str] = []
    stranger.on("request", lambda request: sent.append(request.method) if request.method != "GET" else None)
    stranger.get_by_label("选择档案包").set_input_files(file)
    result = stranger.locator("[data-verify-result]")
    expect(result).to_have_attribute("data-verdict", "0")
    expect(result).to_contain_text("见证方 witness.example/city")
    look(stranger, f"check-good-{kind}")
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    stranger.get_by_label("选择档案包").set_input_files([])
    stranger.get_by_label("选择档案包").set_input_files(file)
    expect(result).to_have_attribute("data-verdict", "1")
    expect(result).to_contain_text("核验不通过")
    look(stranger, f"check-bad-{kind}")
    assert sent == []
