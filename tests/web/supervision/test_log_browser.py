"""The log health page in real Chromium: readable at a desk and on a phone, a witness is added with a second look."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories.evidence import make_log
from tests.factories.identity import make_bureau, make_operator
from tests.factories.witnesses import witness_signer
from tests.support import axe
from tests.support.browser import DESK, PHONE
from tests.support.pages import arrived, signed_in
from zhenxue.evidence import api as evidence
from zhenxue.evidence.operations import add_witness
from zhenxue.evidence.operations.cosigning import Reply, System, ask, take
from zhenxue.evidence.operations.verifying import ask_verification, run_verification
from zhenxue.kernel import clock
from zhenxue.tlog import notes
from zhenxue.tlog.cosignatures import WitnessKey, cosign

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("ZHENXUE_TEST_SCREENSHOTS", "")


def look(page: Page, name: str) -> None:
    """Readable, and nothing for axe to find."""
    expect(page.locator("html.js")).to_be_attached()
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"log-{name}.png", full_page=True)
    axe.check_width(page)
    axe.check(page)


def test_the_administrator_adds_a_witness_and_a_bureau_reads_the_alarm_on_a_phone(
    live_server: Any, open_context: Callable[..., BrowserContext]
) -> None:
    make_log(3)
    city = witness_signer()
    witness = add_witness(
        vkey=str(WitnessKey.of(city)),
        url="http://127.0.0.1:8020",
        organisation="聊城市人力资源和社会保障局",
        actor=System(),
        now=clock.now(),
    )
    for status, body in ((200, None), (409, b"900\n")):
        evidence.integrate(clock.now())
        question = ask(witness.pk, now=clock.now())
        assert question is not None
        text = notes.split_note(question.note)[0]
        line = cosign(text, city, int(clock.now().timestamp())).encode()
        take(question, Reply(status, body or line), now=clock.now())
    run_verification(run_id=ask_verification(account_id=None, now=clock.now()).pk, clock=clock.now)

    desk = signed_in(open_context, live_server.url, make_operator(), DESK)
    evidence.integrate(clock.now())
    desk.goto(f"{live_server.url}/supervision/log/")
    expect(desk.get_by_role("alert")).to_contain_text("第 900 号")
    look(desk, "desk")
    desk.get_by_role("link", name="添加见证").click()
    desk.get_by_label("见证所属部门").fill("东昌府区人社局")
    desk.get_by_label("见证公钥").fill(str(WitnessKey.of(witness_signer("witness.example/county", b"c" * 32))))
    desk.get_by_label("见证服务网址").fill("https://witness.example.gov.cn")
    desk.get_by_role("button", name="添加见证").click()
    expect(desk.get_by_text("请先与见证方核对公钥").first).to_be_visible()
    look(desk, "form-desk")
    desk.get_by_label("已当面或电话").check()
    desk.get_by_role("button", name="添加见证").click()
    arrived(desk, desk.get_by_role("cell", name="等待首次见证").first)
    desk.get_by_role("link", name="停用见证").last.click()
    expect(desk.get_by_role("dialog")).to_contain_text("警报仍会保留")
    desk.get_by_role("dialog").get_by_label("理由").fill("登记错误")
    desk.get_by_role("dialog").get_by_role("button", name="停用见证").click()
    expect(desk.get_by_text("已停用的见证（1）")).to_be_visible()

    phone = signed_in(open_context, live_server.url, make_bureau("3715"), PHONE)
    phone.goto(f"{live_server.url}/supervision/log/")
    expect(phone.get_by_role("alert").first).to_contain_text("见证不一致")
    look(phone, "phone")
    phone.goto(f"{live_server.url}/home/")
    expect(phone.get_by_role("heading", name="存证健康")).to_be_visible()
    expect(phone.get_by_text("第 900 号").first).to_be_visible()
    look(phone, "home-phone")
