"""The whole road of an examination in a real browser: from a dirty sheet to a certificate that anybody checks."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support import town
from tests.support.browser import DESK, PHONE
from tests.support.pages import ask, fill, sign_in, wait_for
from tests.support.site import Site
from zhenxue.kernel import clock, sheets

STEADY, MOVED, CUT = LEARNERS = ("学员甲辰", "学员乙巳", "学员丙午")
HEADER = ["题型", "题干", "选项", "答案", "分值", "评分标准"]
DIRTY = [
    ["一、单选题（每题2分）", "", "", "", "", ""],
    ["", "1、直播前先做什么？", "A.关灯 B.开灯 C.离开", "Ｂ", "２", ""],
    ["", "2．哪种商品不能随意推荐？", "A、水果**B、处方药**C、粮食", "b", "2", ""],
    ["", "3. 由 $U=IR$，6 伏加在 3 欧上，电流多大？", "A.2 安|B.3 安|C.18 安", "", "2", ""],
    ["选泽题", "直播时先介绍什么？", "A.用途 B.天气 C.自己", "A", "2", ""],
    ["多选题", "哪些是个人防护用品？", "A.安全帽 B.卷尺 C.防护手套", "AE", "3", ""],
    ["单选题", "直播前先做什么？", "A.关灯 B.开灯 C.离开", "B", "2", ""],
    ["判断题", "直播时要说真话。", "", "√", "1", ""],
    ["简答题", "开播前要做哪些准备？", "", "先开灯，再试声音。", "5", "说出开灯（3分）\n说出试声音（2分）"],
]
#: What is chosen, by words of the stem.
RIGHT = {
    "直播前先": ["开灯"],
    "不能随意": ["处方药"],
    "电流多大": ["2 安"],
    "先介绍": ["用途"],
    "防护用品": ["安全帽", "防护手套"],
    "说真话": ["对"],
}

type Open = Callable[..., BrowserContext]


class Road:
    """Everybody's browsers, and what one act leaves for the next."""

    def __init__(self, site: Site, open_context: Open, folder: Path) -> None:
        self.site, self.open_context, self.folder = site, open_context, folder
        self.laid: dict[str, Any] = town.lay(site, "road.lay_exam_class", names=LEARNERS)
        self.pages: dict[str, Page] = {}
        self.exam = 0

    def browser(self, who: str, kind: dict[str, Any] = DESK, *, again: bool = False) -> Page:
        """This person's browser, signed in; ``again`` on one more of their devices."""
        if again or who not in self.pages:
            page = self.open_context(kind, base_url=self.site.url).new_page()
            sign_in(page, self.laid[who], town.PASSWORD)
            self.pages[who] = page
        return self.pages[who]

    # --- before ---

    def teacher_imports_and_mends(self) -> None:
        page = self.browser("teacher")
        page.goto("/banks/new/")
        fill(page, {"题库名称": "直播结业题库"})
        page.locator("main form button[type=submit]").click()
        page.get_by_role("link", name="导入题目").first.click()
        file = self.folder / "题目.xlsx"
        file.write_bytes(sheets.write_xlsx("题目", HEADER, DIRTY))
        page.get_by_label("题目文件").set_input_files(file)
        page.get_by_role("button", name="上传并检查").click()
        expect(page.get_by_role("button", name="只导入没有问题的 4 道题")).to_be_visible()
        expect(page.locator(".import-item")).to_have_count(8)
        self._mend(page, "电流多大", {"答案": "A"})
        kind = page.locator(".import-mend").get_by_label("题型")
        expect(kind).to_have_value("")
        kind.select_option("单选题")
        self._mend(page, "先介绍", {})
        self._mend(page, "防护用品", {"答案": "AD"}, refused="没有对应的选项")
        self._mend(page, "防护用品", {"答案": "AC"})
        formula = page.locator(".import-item", has_text="电流多大")
        expect(formula.locator("math")).to_be_visible()
        page.get_by_role("button", name="导入 7 道题").click()
        expect(page.locator("#import")).to_contain_text("已导入 7 道题")

    def _mend(self, page: Page, stem: str, values: dict[str, str], *, refused: str = "") -> None:
        """Mends the item that stands open; the next one opens by itself."""
        form = page.locator(".import-mend")
        expect(form.get_by_label("题干")).to_have_value(re.compile(stem))
        for label, value in values.items():
            form.get_by_label(label, exact=True).fill(value)
        form.get_by_role("button", name="保存这一题").click()
        if refused:
            expect(page.locator(".import-mend .error").first).to_contain_text(refused)
        else:
            expect(page.locator(".import-item", has_text=stem)).to_contain_text("可以导入")

    def teacher_builds_a_blueprint(self) -> None:
        page = self.browser("teacher")
        page.goto("/banks/blueprints/new/")
        fill(page, {"方案名称": "结业抽题"})
        page.get_by_label("全部选对得分").check()
        page.get_by_role("button", name="下一步：写规则").click()
        for kind, count, score in (("单选题", 3, 2), ("多选题", 1, 3), ("判断题", 1, 1), ("简答题", 1, 5)):
            page.get_by_label("题库").select_option(label="直播结业题库")
            page.get_by_label("题型").select_option(label=kind)
            fill(page, {"抽几题": str(count), "每题分值": str(score)})
            page.get_by_role("button", name="添加规则").click()
            expect(page.locator("#rules")).to_contain_text(kind)
        ask(page, "定稿")
        expect(page.locator("main")).to_contain_text("存证摘要")

    def two_score_on_their_phones(self) -> None:
        for who in ("second", "third"):
            page = self.browser(who, PHONE)
            self.score(page, STEADY, full=True)
            self.score(page, CUT, full=who == "second")
        page.goto(f"/exams/{self.laid['practice']}/practical/")
        expect(page.locator(".score-list li", has_text=STEADY)).to_contain_text("看成绩")
        self.score(self.browser("manager"), CUT, full=True)  # too far apart: the chief decides

    def score(self, page: Page, learner: str, *, full: bool) -> None:
        page.goto(f"/exams/{self.laid['practice']}/practical/")
        row = page.locator(".score-list li", has_text=learner)
        row.get_by_role("button", name="评分").click()
        first, second = page.locator("[data-step]").nth(0), page.locator("[data-step]").nth(1)
        if full:
            first.locator("[data-full]").click()
        else:
            first.get_by_text("没有断电操作").click()
        second.locator("[data-full]" if full else "[data-zero]").click()
        expect(self.status(page)).to_contain_text(f"2 / 2 步 · {20 if full else 8} 分")
        ask(page, "提交评分表")
        expect(page.locator("main")).to_contain_text("看我的评分表")

    def manager_schedules_the_final(self) -> None:
        page, now = self.browser("manager"), clock.now().astimezone(clock.CIVIL_ZONE)
        page.goto(f"/exams/new/?cohort={self.laid['cohort']}")
        page.get_by_label("类别").select_option(label="结业考试")
        page.get_by_label("试卷或组卷方案").select_option(label="抽题：结业抽题（6 题，15 分）")
        times = {"开始时间": now, "结束时间": now + dt.timedelta(hours=5)}
        fill(
            page,
            {
                "考试名称": "结业考试",
                "可考次数": "1",
                **{label: f"{one:%Y-%m-%dT%H:%M}" for label, one in times.items()},
            },
        )
        page.locator("summary", has_text="更多规则").click()
        page.get_by_label("成绩公布时间").fill(f"{now + dt.timedelta(days=2):%Y-%m-%dT%H:%M}")
        page.get_by_role("button", name="保存草稿").click()
        ask(page, "发布考试")
        expect(page.get_by_role("status").first).to_contain_text("考试已发布")
        self.exam = int(page.url.split("/exams/")[1].split("/")[0])

    # --- the sitting ---

    def learner_starts(self, who: str) -> Page:
        page = self.browser(who, PHONE)
        page.goto(f"/exams/{self.exam}/entry/")
        page.get_by_role("button", name="开始考试").click()
        expect(page.locator("[data-timer]")).to_contain_text("剩余")
        return page

    def answer(self, page: Page, *positions: int) -> None:
        """Gives the right answers; where it is the essay, writes one."""
        for position in positions:
            page.locator("[data-grid] button").nth(position - 1).click()
            section = page.locator(f"[data-question='{position}']")
            expect(section).to_be_visible()
            stem = section.locator(".question-text").first.text_content() or ""
            right = next((given for words, given in RIGHT.items() if words in stem), None)
            if right is None:
                section.locator("textarea").fill("先开灯，再试一试声音。")
            for text in right or ():
                section.locator("label.exam-choice", has_text=text).locator("input").check()

    def one_loses_the_network(self) -> None:
        page = self.learner_starts(STEADY)
        self.answer(page, 1)
        expect(self.status(page)).to_contain_text("全部已保存 第 1 号")
        page.context.set_offline(True)
        self.answer(page, 2, 3)
        expect(self.status(page)).to_contain_text("2 题存在本机")
        page.context.set_offline(False)
        expect(self.status(page)).to_contain_text("全部已保存 第 3 号")

    def one_changes_the_phone(self) -> None:
        old = self.learner_starts(MOVED)
        self.answer(old, 1)
        expect(self.status(old)).to_contain_text("全部已保存 第 1 号")
        attempt = old.url
        new = self.browser(MOVED, PHONE, again=True)
        new.goto(attempt)
        expect(new.locator("main")).to_contain_text("联系监考老师放行")
        seat = self.seat(MOVED, wants_device=True)
        self.act(seat, "放行换设备", "手机摔坏了，本人在场")
        new.goto(attempt)
        new.get_by_role("button", name="在本机继续考试").click()
        expect(self.status(new)).to_contain_text("已保存 第 1 号")
        self.answer(old, 2)
        expect(old.locator("body")).not_to_contain_text("全部已保存 第 2 号")
        self.answer(new, 2)
        expect(self.status(new)).to_contain_text("全部已保存 第 2 号")

    def invigilator_speaks_and_extends(self) -> None:
        seat = self.seat(STEADY)
        seat.get_by_label("发消息给他").fill("请把身份证放在桌上。")
        seat.get_by_role("button", name="发送").click()
        seat = self.seat(STEADY)
        seat.locator("#one-minutes").fill("15")
        seat.locator("#one-why").fill("网络中断了一会儿")
        seat.get_by_role("button", name="延长时间").click()
        expect(seat.locator("main")).to_contain_text("网络中断了一会儿")
        page = self.pages[STEADY]
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # a look at the phone
        expect(page.locator("[data-room-words]")).to_contain_text("请把身份证放在桌上")
        expect(page.locator("[data-timer]")).to_contain_text(re.compile("剩余 (1:1|7)"))
        expect(page.get_by_role("link", name="检查并交卷")).to_be_in_viewport()
        page.get_by_role("link", name="检查并交卷").click(trial=True)  # the message covers no button
        page.get_by_role("button", name="知道了").click()

    def invigilator_ends_one(self) -> None:
        self.act(self.seat(MOVED), "收卷", "替人传递纸条", confirm="确定收卷")
        page = self.pages[MOVED]
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("main")).to_contain_text("已交卷")

    def one_has_a_power_cut(self) -> None:
        page = self.learner_starts(CUT)
        self.answer(page, 1)
        expect(self.status(page)).to_contain_text("全部已保存 第 1 号")
        self.site.cut_power()
        self.answer(page, 2, 3)
        expect(self.status(page)).to_contain_text("2 题存在本机")
        address, kept = page.url, page.context.storage_state()  # what the phone has on its disk
        page.context.close()  # at once: no page is asked, none is told
        self.site.start()
        page = self.pages[CUT] = self.open_context(PHONE, base_url=self.site.url, storage_state=kept).new_page()
        page.goto(address)
        expect(self.status(page)).to_contain_text("全部已保存 第 3 号")
        self.answer(page, 4, 5)
        self.all_saved(page, 4, 5)
        self.hand_in(page, left=1)

    def the_first_hands_in(self) -> None:
        page = self.pages[STEADY]
        self.answer(page, 4, 5, 6)
        self.all_saved(page, 4, 5, 6)
        self.hand_in(page, left=0)

    def hand_in(self, page: Page, *, left: int) -> None:
        page.get_by_role("link", name="检查并交卷").click()
        expect(page.locator("body")).to_contain_text("还有题没有答" if left else "全部题目都已作答")
        page.get_by_role("button", name="交卷").click()
        expect(page.locator("body")).to_contain_text("公布后会通知你")

    def all_saved(self, page: Page, *positions: int) -> None:
        for position in positions:
            expect(page.locator(f"[data-question='{position}'] [data-ack]")).to_contain_text("已保存")
        expect(self.status(page)).to_contain_text("全部已保存")

    def status(self, page: Page) -> Locator:
        return page.locator("[data-status]")

    def seat(self, who: str, *, wants_device: bool = False) -> Page:
        """The invigilator's page of one learner, by way of the room."""
        page = self.browser("teacher")
        page.goto(f"/exams/{self.exam}/room/")
        row = page.locator("#room tr", has_text=who)
        expect(row).to_contain_text("作答中")
        if wants_device:
            expect(row).to_contain_text("有另一台设备请求进入")
        row.get_by_role("link", name=who).click()
        expect(page.locator("h1")).to_have_text(who)
        return page

    def act(self, page: Page, label: str, reason: str, *, confirm: str = "") -> None:
        """Presses a button that asks for a reason."""
        page.locator("button[data-dialog]", has_text=label).click()
        page.locator("dialog[open] textarea").fill(reason)
        page.locator("dialog[open] button[type=submit]").click()
        expect(page.locator("main")).to_contain_text(reason)

    # --- after ---

    def another_teacher_marks(self) -> None:
        page = self.browser("second", PHONE)
        page.goto(f"/exams/{self.exam}/scoring/")
        page.get_by_role("button", name="领取一份来评").click()
        expect(page.locator("main")).to_contain_text("先开灯，再试一试声音。")
        assert STEADY not in page.content(), "who marks sees no name"
        page.get_by_label("说出开灯").fill("3")
        page.get_by_label("说出试声音").fill("0")
        page.get_by_role("button", name="保存并评下一份").click()
        expect(page.locator("main")).to_contain_text("全部评完")

    def manager_publishes(self) -> None:
        learner = self.pages[STEADY]
        learner.reload()
        expect(learner.locator("main")).not_to_contain_text("得分")
        page = self.browser("manager")
        page.goto(f"/exams/{self.exam}/")
        ask(page, "提前公布成绩")
        expect(page.get_by_role("status").first).to_contain_text("成绩已公布")
        learner.reload()
        expect(learner.locator("main")).to_contain_text("恭喜通过")

    def a_score_is_appealed_and_changed(self) -> None:
        learner = self.pages[STEADY]
        address = learner.url
        learner.get_by_role("link", name="申请复核").click()
        learner.get_by_label("哪里不对，为什么").fill("简答题我写了试声音，没有给这两分。")
        learner.get_by_role("button", name="提交申请").click()
        expect(learner.locator("main")).to_contain_text("正在复核")
        self.a_second_person_decides()
        learner.goto(address)
        expect(learner.locator("main")).to_contain_text("恭喜通过")
        expect(learner.locator(".figure-row")).to_contain_text("15")

    def a_second_person_decides(self) -> None:
        page = self.browser("teacher")
        page.goto("/exams/appeals/")
        page.locator("tr", has_text=STEADY).get_by_role("link").click()
        page.get_by_role("link", name="改分").click()
        page.get_by_label("改分理由").fill("答案里写了试声音，应给两分。")
        essay = page.locator("article", has_text="开播前要做哪些准备").locator("h3")
        position = re.search(r"第 (\d) 题", essay.text_content() or "")
        assert position
        page.locator(f"[name=points-{position[1]}]").fill("5")
        page.get_by_role("button", name="提出改分").click()
        expect(page.locator("main")).to_contain_text("要由提出人以外的同事确认")
        chief = self.browser("manager")
        chief.goto(page.url)
        ask(chief, "同意并生效")
        expect(chief.locator("main")).to_contain_text("已生效")

    def certificates_are_issued_and_checked(self) -> None:
        page = self.browser("manager")
        address = f"/certificates/cohorts/{self.laid['cohort']}/"
        page.goto(address)
        expect(page.locator("tr", has_text=MOVED)).to_contain_text("“结业考试”还没有通过")
        ask(page, "发证")
        wait_for(page, page.locator("tr", has_text=CUT).get_by_role("link"), "the worker makes the certificates")
        page.locator("tr", has_text=STEADY).get_by_role("link").click()
        code = page.locator("#check ~ p strong").first.text_content() or ""
        public = self.open_context(PHONE, base_url=self.site.url).new_page()
        public.goto(page.get_by_role("link", name="核验地址").get_attribute("href") or "")
        expect(public.locator("main")).to_contain_text("有效")
        expect(public.locator("main")).to_contain_text("直播销售员一班")
        number = public.locator("dt", has_text="证书编号").locator("+ dd").text_content() or ""
        public.goto("/check/certificates/")
        public.get_by_label("证书编号").fill(number)
        public.get_by_label("校验码").fill(code)
        public.get_by_role("button", name="核验").click()
        expect(public.get_by_role("status").first).to_contain_text("有效")
        public.get_by_label("校验码").fill("00000000")
        public.get_by_role("button", name="核验").click()
        expect(public.get_by_role("alert").first).to_contain_text("没有找到这张证书")


def test_from_a_dirty_sheet_to_a_checked_certificate(common_site: Site, open_context: Open, tmp_path: Path) -> None:
    road = Road(common_site, open_context, tmp_path)
    road.teacher_imports_and_mends()
    road.teacher_builds_a_blueprint()
    road.two_score_on_their_phones()
    road.manager_schedules_the_final()

    road.one_loses_the_network()
    road.one_changes_the_phone()
    road.invigilator_speaks_and_extends()
    road.invigilator_ends_one()
    road.one_has_a_power_cut()
    road.the_first_hands_in()

    road.another_teacher_marks()
    road.manager_publishes()
    road.a_score_is_appealed_and_changed()
    road.certificates_are_issued_and_checked()
    assert "全部相符" in common_site.manage("verify")
