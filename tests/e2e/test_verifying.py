"""A learner proves who they are on a phone: card, machine reading, code, review; another by the social card."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import UNVERIFIED, School
from tests.support import axe, cards, town
from tests.support.browser import DESK, PHONE
from tests.support.pages import fill, sign_in
from tests.support.sandbox import HOLDER
from zhenxue.sandbox.server import Server

NAME, NUMBER, _ = UNVERIFIED[0]
#: The worker reads the card in a process that first loads its models; others share the processors.
READING_MS = 120_000

type Open = Callable[..., BrowserContext]


def learner(open_context: Open, school: School, name: str) -> Page:
    page = open_context(PHONE, base_url=school.site.url).new_page()
    sign_in(page, school.unverified[name], town.PASSWORD)
    return page


def check_look(page: Page, heading: str) -> None:
    """The page of this heading: nothing wider than the phone, nothing axe finds."""
    expect(page.locator("h1")).to_have_text(heading)
    axe.check_width(page)
    axe.check(page)


def read_code(open_context: Open, outside: Server) -> str:
    """As a person in the demo reads it: off the sandbox's own page."""
    page = open_context(DESK).new_page()
    page.goto(outside.address)
    expect(page.get_by_role("note")).to_contain_text("沙箱")
    found = re.search(r"验证码 (\d{6})", page.locator("article").first.inner_text())
    assert found
    return found[1]


def test_a_learner_is_verified_on_a_phone(school: School, open_context: Open) -> None:
    page = learner(open_context, school, NAME)
    page.get_by_role("link", name="去认证").click()
    check_look(page, "实名认证")
    page.get_by_role("link", name="继续：同意").click()
    check_look(page, "身份证件信息处理同意书")
    page.get_by_role("button", name="我已看懂，同意").click()
    check_look(page, "拍身份证的两面")
    files = {"人像面": cards.front(NAME, NUMBER), "国徽面": cards.back()}
    for label, content in files.items():
        picture = {"name": f"{label}.jpg", "mimeType": "image/jpeg", "buffer": content}
        page.get_by_label(label).set_input_files(picture)
    page.get_by_role("button", name="上传并识别").click()
    expect(page.get_by_label("公民身份号码")).to_have_value(NUMBER, timeout=READING_MS)
    expect(page.get_by_label("姓名")).to_have_value(NAME)
    check_look(page, "核对证件信息")
    page.get_by_role("button", name="和证件一致，确认").click()
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_label("短信验证码")).to_be_visible()
    check_look(page, "验证手机")
    page.get_by_label("短信验证码").fill(read_code(open_context, school.outside))
    page.get_by_role("button", name="验证", exact=True).click()
    check_look(page, "选择核验方式")
    page.locator("section", has_text="机构审核证件").get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("等待审核").first).to_be_visible()

    judge = open_context(DESK, base_url=school.site.url).new_page()
    sign_in(judge, "admin", town.PASSWORD)
    judge.goto("/verify/reviews/?state=waiting")
    judge.get_by_role("link", name=NAME).click()
    expect(judge.get_by_text("本人核对的内容和登记的一致")).to_be_visible()
    judge.get_by_label("通过", exact=True).check()
    judge.get_by_role("button", name="保存结论").click()

    page.goto("/notices/")
    expect(page.get_by_text("实名认证通过", exact=True)).to_be_visible()
    check_look(page, "通知")
    page.get_by_role("button", name="去看看").click()
    expect(page.get_by_text("2 级（")).to_be_visible()
    check_look(page, "实名认证")


def test_the_social_card_leads_there_and_back(school: School, open_context: Open) -> None:
    page = learner(open_context, school, HOLDER["name"])
    page.goto("/verify/methods/")
    page.get_by_role("button", name="前往登录").click()
    check_look(page, "前往电子社保卡登录")
    page.get_by_role("link", name="同意，前往登录").click()
    expect(page.locator("h1")).to_have_text("沙箱 · 电子社保卡登录")
    fill(page, {"姓名": HOLDER["name"], "公民身份号码": HOLDER["citizen_number"]})
    page.get_by_role("button", name="同意并返回").click()
    expect(page.get_by_text("核验通过。")).to_be_visible()
    expect(page.get_by_text("2 级（")).to_be_visible()
