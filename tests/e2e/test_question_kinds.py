"""Every kind of question on a phone: answered with the inputs of the exam room, kept, shown again, handed in."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Locator, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories.exams import Sitting, make_exam
from tests.factories.exams_kinds import make_kinds_bank, picture, right_answers
from tests.factories.identity import NOW
from tests.factories.training import make_running_cohort
from tests.support import axe, hostile
from tests.support.browser import DESK, PHONE
from tests.support.pages import signed_in
from zhenxue.exams import api as exams
from zhenxue.exams.data import QuestionFacts
from zhenxue.exams.models import Answer, Attempt, Paper, Question
from zhenxue.exams.operations import marking_desk
from zhenxue.exams.operations.banks import add_question
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sitting_clock")]

type Open = Callable[..., BrowserContext]


def answer(section: Locator, kind: str, right: list[object]) -> None:
    """Gives the right answer as a person does."""
    if kind in {"single", "multiple", "true_false"}:
        for value in right:
            section.locator(f"input[value='{value}']").check()
    elif kind in {"fill_in", "short_answer", "calculation"}:
        for box, text in zip(section.locator("[data-typed]").all(), right, strict=True):
            box.fill(str(text))
        section.locator("[data-typed]").last.blur()
    elif kind == "matching":
        section.locator("[data-left] .question-side").first.click()
        for value in right:
            section.locator(f"[data-right='{value}']").click()
    elif kind == "ordering":
        section.get_by_role("button", name="第 2 位上移").click()
    elif kind == "hotspot":
        drawing = section.locator("[data-picture]")
        place = drawing.bounding_box()
        assert place is not None
        drawing.click(position={"x": place["width"] * 0.9, "y": place["height"] * 0.9})
        section.get_by_role("button", name="取消标记 1").click()
        drawing.click(position={"x": place["width"] / 4, "y": place["height"] * 5 / 12})
    elif kind == "case":
        section.locator("[data-part='0'] input[value='A']").check()
        section.locator("[data-part='1'] [data-typed]").fill("220")
        section.locator("[data-part='1'] [data-typed]").blur()


def make_hostile_paper(manager: Actor) -> Paper:
    """One question of each kind, and behind them one whose words would run."""
    questions = make_kinds_bank(manager, without=("practical",))
    body, key = {"options": ["甲", f"乙{hostile.WORDS}"]}, {"right": ["B"]}
    facts = QuestionFacts("single", f"看**图**。{hostile.WORDS}", body, key, explanation=hostile.WORDS)
    questions.append(add_question(actor=manager, bank=questions[0].bank, facts=facts, now=NOW))
    lines = [(question.pk, None) for question in questions]
    paper = exams.create_paper(actor=manager, title=f"卷{hostile.NAME}", lines=lines, now=NOW)
    return exams.finish_paper(actor=manager, paper=paper, now=NOW)


def mark_last(sitting: Sitting, question: int) -> None:
    """A teacher gives the answer that waits its points, with a comment."""
    teacher, now = sitting.running.teacher, clock.now()
    claimed = marking_desk.claim_next(actor=teacher, exam=sitting.exam, question_id=question, now=now)
    assert claimed is not None
    marking_desk.give_points(actor=teacher, mark_id=claimed.pk, given=["1"], comment=hostile.WORDS[:300], now=now)


def test_one_question_of_each_kind_is_answered_and_handed_in_on_a_phone(
    open_context: Open, live_server: LiveServer
) -> None:
    running = make_running_cohort(learners=1)
    sitting = make_exam(running, paper=make_hostile_paper(running.manager), title=f"考核{hostile.NAME}")
    page = signed_in(open_context, live_server.url, sitting.learners[0], PHONE)
    seen = hostile.Watch(page)
    page.goto(f"/exams/{sitting.exam.pk}/entry/")
    page.get_by_role("button", name="开始考试").click()
    expect(page.locator("[data-timer]")).to_contain_text("剩余")
    attempt = Attempt.objects.get()
    kinds = {
        question.pk: question.kind for question in Question.objects.filter(pk__in=[row[0] for row in attempt.sheet])
    }
    drawn = next(row[4] for row in attempt.sheet if kinds[row[0]] == "calculation")
    right = right_answers(drawn) | {"short_answer": [f"先停电。{hostile.WORDS}"]}
    for position, row in enumerate(attempt.sheet, start=1):
        page.get_by_role("button", name=f"第 {position} 题，").click()
        section = page.locator(f"[data-question='{position}']")
        answer(section, kinds[row[0]], right[kinds[row[0]]])
        expect(section.locator("[data-ack]")).to_contain_text("已保存")
        axe.check(page, within=f"[data-question='{position}']")
        axe.check_width(page)
    axe.check(page)
    page.reload()
    expect(page.locator("[data-timer]")).to_contain_text("剩余")
    page.get_by_role("button", name=f"第 {len(attempt.sheet)} 题，").click()
    seen.check(shows=hostile.WORDS)
    page.get_by_role("link", name="检查并交卷").click()
    expect(page.locator("body")).to_contain_text("全部题目都已作答")
    kept = {one.question.kind: one.given for one in Answer.objects.select_related("question")}
    assert kept | {"hotspot": ["50,50"], "fill_in": right["fill_in"]} == right
    assert set(kept) == set(right)
    page.get_by_role("button", name="交卷").click()
    expect(page.locator("body")).to_contain_text("考试结果")
    marks = {one.question.kind: one.correct for one in Answer.objects.select_related("question")}
    assert [kind for kind, good in marks.items() if good is not True] == ["short_answer"]

    author = signed_in(open_context, live_server.url, sitting.manager, DESK)
    beside = hostile.Watch(author)
    mark_last(sitting, next(pk for pk, kind in kinds.items() if kind == "short_answer"))
    author.goto(f"/exams/attempts/{attempt.pk}/result/")
    beside.check(shows=hostile.WORDS)
    page.goto(f"/exams/attempts/{attempt.pk}/appeal/")
    page.locator("[name=text]").fill(f"第 5 题答对了。{hostile.WORDS}")
    page.get_by_role("button", name="提交申请").click()
    expect(page.locator("h1")).to_have_text("复核申请")
    seen.check(shows=hostile.WORDS)
    author.goto("/exams/appeals/")
    author.get_by_role("link", name=hostile.NAME).first.click()
    beside.check(shows=hostile.WORDS)
    bank = Question.objects.get(pk=attempt.sheet[0][0]).bank_id
    author.goto(f"/banks/{bank}/files/")
    file: FilePayload = {"name": f"图{hostile.NAME}.png", "mimeType": "image/png", "buffer": picture("red")}
    author.locator("input[type=file]").set_input_files(file)
    author.get_by_role("button", name="上传").click()
    expect(author.locator("main img")).to_have_count(2)
    beside.check(shows="onerror")
    hotspot = next(pk for pk, kind in kinds.items() if kind == "hotspot")
    author.goto(f"/banks/questions/{hotspot}/edit/")
    author.get_by_role("button", name="再加一个区域").click()
    expect(author.locator("[name=coords-1]")).to_be_visible()
    drawing = author.locator("[data-areas] [data-picture]")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box is not None
    author.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    author.mouse.down()
    author.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.75)
    author.mouse.up()
    expect(author.locator("[name=coords-1]")).to_have_value("100,60,150,90")
    author.locator("[name=stem]").fill(f"点出**两个**开关{hostile.WORDS}")
    expect(author.locator("[data-preview-box] strong")).to_have_text("两个")
    expect(author.locator("[data-preview-box]")).to_contain_text(hostile.NAME[2:])
    axe.check(author)
    author.get_by_role("button", name="保存").last.click()
    expect(author.locator("h1")).to_contain_text("第 2 版")
    beside.check(shows=hostile.WORDS)
