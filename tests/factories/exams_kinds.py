"""One good question of every kind, made through the operations, and answers to them."""

import io
from decimal import Decimal
from typing import Any

from PIL import Image

from tests.factories.identity import NOW
from tests.support.laid import laid
from zhenxue.exams import api as exams
from zhenxue.exams.data import QuestionFacts
from zhenxue.exams.models import Paper, Question, QuestionAsset, QuestionBank
from zhenxue.exams.operations.assets import add_asset
from zhenxue.exams.operations.banks import add_question
from zhenxue.identity.data import Actor


def picture(colour: str = "teal", size: tuple[int, int] = (200, 120)) -> bytes:
    """A PNG."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "PNG")
    return stream.getvalue()


@laid
def make_picture(manager: Actor, bank: QuestionBank, colour: str = "teal") -> QuestionAsset:
    return add_asset(actor=manager, bank=bank, source=picture(colour), file_name="电路图.png", now=NOW)


def facts_of_kinds(asset: int) -> list[QuestionFacts]:
    """One of each kind; each is worth 2 points."""
    blanks = {
        "blanks": [{"accepted": ["10"], "tolerance": "0.5"}, {"accepted": ["绝缘"], "tolerance": ""}],
        "ordered": True,
    }
    part_blank = {"blanks": [{"accepted": ["220"], "tolerance": ""}], "ordered": True}
    rows: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("single", "先做什么？", {"options": ["关灯", "开灯"]}, {"right": ["B"]}),
        (
            "multiple",
            f"看图，有哪些？\n![电路图](asset:{asset})",
            {"options": ["甲", "乙", "丙"]},
            {"right": ["A", "C"]},
        ),
        ("true_false", "电压 $U=IR$。", {}, {"right": ["对"]}),
        ("fill_in", "接地电阻不大于 ____ 欧，要戴____手套。", {"blanks": 2}, blanks),
        ("short_answer", "停电检修的步骤？", {"lines": 4}, {"reference": "停电、验电、接地", "rubric": []}),
        (
            "calculation",
            "电流 {a} A，电阻 {b} Ω，求电压。",
            {"unit": "V", "steps": True},
            {
                "formula": "a*b",
                "parameters": {
                    "a": {"low": "2", "high": "5", "step": "1"},
                    "b": {"low": "3", "high": "3", "step": "1"},
                },
                "tolerance": "1%",
                "reference": "",
            },
        ),
        ("matching", "连线", {"left": ["安", "伏"], "right": ["电压", "功率", "电流"]}, {"pairs": [2, 0]}),
        ("ordering", "排出顺序", {"items": ["验电", "停电", "接地"]}, {"order": [1, 0, 2]}),
        (
            "case",
            "某车间停电检修。\n| 项目 | 数值 |\n|---|---|\n| 电压 | 220 |",
            {
                "parts": [
                    {"kind": "single", "stem": "先做？", "body": {"options": ["停电", "验电"]}, "score": "1"},
                    {"kind": "fill_in", "stem": "电压是 ____ V", "body": {"blanks": 1}, "score": "1"},
                ]
            },
            {"parts": [{"right": ["A"]}, part_blank]},
        ),
        (
            "hotspot",
            "点出开关",
            {"asset": asset, "width": 200, "height": 120},
            {"areas": [{"shape": "rect", "coords": [20, 20, 80, 80]}]},
        ),
        (
            "practical",
            "更换插座",
            {"steps": [{"title": "断电验电", "points": "2"}], "minutes": 20, "evidence": "photo"},
            {"steps": [[{"text": "未验电", "points": "1"}]]},
        ),
    ]
    return [
        QuestionFacts(kind, stem, body, key, explanation="见**教材**。", score=Decimal(2))
        for kind, stem, body, key in rows
    ]


def right_answers(values: dict[str, str] | None) -> dict[str, list[Any]]:
    """What earns everything, by kind; ``values`` as they were drawn."""
    volts = str(int((values or {"a": "2"})["a"]) * 3)
    return {
        "single": ["B"],
        "multiple": ["A", "C"],
        "true_false": ["对"],
        "fill_in": ["１０", "绝缘"],
        "short_answer": ["先停电，再验电。"],
        "calculation": [volts, "U=IR"],
        "matching": ["2", "0"],
        "ordering": ["1", "0", "2"],
        "case": [["A"], ["220"]],
        "hotspot": ["50,50"],
    }


@laid
def make_kinds_bank(manager: Actor, *, title: str = "各种题型", without: tuple[str, ...] = ()) -> list[Question]:
    """A bank with one question of each kind."""
    bank = exams.create_bank(actor=manager, title=title, now=NOW)
    asset = make_picture(manager, bank)
    wanted = [facts for facts in facts_of_kinds(asset.pk) if facts.kind not in without]
    return [add_question(actor=manager, bank=bank, facts=facts, now=NOW) for facts in wanted]


@laid
def make_kinds_paper(manager: Actor, *, without: tuple[str, ...] = ("practical",)) -> Paper:
    """A final paper with one question of each kind."""
    questions = make_kinds_bank(manager, without=without)
    lines = [(question.pk, None) for question in questions]
    paper = exams.create_paper(actor=manager, title="各种题型卷", lines=lines, now=NOW)
    return exams.finish_paper(actor=manager, paper=paper, now=NOW)
