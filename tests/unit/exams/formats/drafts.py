"""One draft of every kind, as banks hold them."""

import io
from decimal import Decimal

from PIL import Image

from zhenxue.exams.data import Kind
from zhenxue.exams.formats.draft import Draft, DraftAsset
from zhenxue.exams.formats.shapes import match_shape, order_shape


def png(width: int = 60, height: int = 40, colour: str = "teal") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = DraftAsset("表.png", png(), "image/png", "image", 60, 40)
TWO = Decimal(2)


def facts(kind: Kind, stem: str, body: dict[str, object], key: dict[str, object], **more: object) -> Draft:
    values = {
        "explanation": "见 **教材** 第 3 页。",
        "score": TWO,
        "difficulty": 4,
        "point": "安全用电",
        "source": "自编",
    }
    return Draft(kind, stem, body, key, **{**values, **more})  # type: ignore[arg-type]  # the values above are of the fields' types


SINGLE = facts(
    Kind.SINGLE, "指针在{哪}个~区域=正常#？", {"options": ["红: 色", "绿=色", "%黄", "黑\\色"]}, {"right": ["B"]}
)
MULTIPLE = facts(
    Kind.MULTIPLE, "哪些是\n防护用品？", {"options": ["帽", "手套", "卷尺", "镜"]}, {"right": ["A", "B", "D"]}
)
TRUE_FALSE = facts(Kind.TRUE_FALSE, "检修前必须断电。", {}, {"right": ["错"]}, explanation="")
FILL_IN = facts(
    Kind.FILL_IN,
    "频率是____Hz。",
    {"blanks": 1},
    {"blanks": [{"accepted": ["五十", "50"], "tolerance": ""}], "ordered": True},
)
FILL_NUMBER = facts(
    Kind.FILL_IN,
    "频率是 ____",
    {"blanks": 1},
    {"blanks": [{"accepted": ["50"], "tolerance": "0.5"}], "ordered": True},
)
FILL_TWO = facts(
    Kind.FILL_IN,
    "____和____是导体，误差 2%。",
    {"blanks": 2},
    {
        "blanks": [{"accepted": ["铜|线", "铜；"], "tolerance": ""}, {"accepted": ["12"], "tolerance": "2%"}],
        "ordered": False,
    },
)
SHORT_ANSWER = facts(
    Kind.SHORT_ANSWER,
    "怎样急救？",
    {"lines": 8},
    {
        "reference": "切断电源\n再施救",
        "rubric": [{"text": "断电", "points": "3"}, {"text": "用绝缘物", "points": "0.5"}],
    },
)
CALCULATION = facts(
    Kind.CALCULATION,
    "求电阻。",
    {"unit": "Ω", "steps": True},
    {"value": "12.5", "tolerance": "0.1", "reference": "R=U/I"},
)
FORMULA = facts(
    Kind.CALCULATION,
    "长 {a}、宽 {b}，求面积。",
    {"unit": "cm", "steps": False},
    {
        "formula": "a*b/2",
        "parameters": {"a": {"low": "1", "high": "9", "step": "1"}, "b": {"low": "2", "high": "8", "step": "0.5"}},
        "tolerance": "1%",
        "reference": "",
    },
)
MATCHING = facts(Kind.MATCHING, "连一连", *match_shape([("电压", "伏"), ("电流", "安"), ("电阻", "欧")], ["瓦"]))
ORDERING = facts(Kind.ORDERING, "排步骤", *order_shape(["断电", "验电", "挂牌", "检修"]))
CASE = facts(
    Kind.CASE,
    "某厂发生触电事故。",
    {
        "parts": [
            {"kind": "single", "stem": "第一步？", "body": {"options": ["断电", "拉人"]}, "score": "2"},
            {"kind": "true_false", "stem": "可以直接拉人。", "body": {}, "score": "1"},
            {"kind": "short_answer", "stem": "为什么？", "body": {"lines": 5}, "score": "3.5"},
        ]
    },
    {"parts": [{"right": ["A"]}, {"right": ["错"]}, {"reference": "会触电", "rubric": []}]},
    score=Decimal("6.5"),
)
HOTSPOT = facts(
    Kind.HOTSPOT,
    "点出压力表。",
    {"asset": "file:表.png", "width": 60, "height": 40},
    {"areas": [{"shape": "rect", "coords": [1, 2, 20, 30]}, {"shape": "circle", "coords": [40, 20, 5]}]},
    assets=(PICTURE,),
)
PRACTICAL = facts(
    Kind.PRACTICAL,
    "更换接触器。",
    {
        "steps": [{"title": "断电", "points": "10"}, {"title": "接线", "points": "20"}],
        "minutes": 45,
        "evidence": "photo",
    },
    {"steps": [[{"text": "未验电", "points": "5"}], []]},
)
WITH_PICTURE = facts(
    Kind.SINGLE,
    "看图 ![电路](file:表.png) 选择。",
    {"options": ["开", "关"]},
    {"right": ["A"]},
    assets=(PICTURE,),
)
EVERY = (
    SINGLE, MULTIPLE, TRUE_FALSE, FILL_IN, FILL_NUMBER, FILL_TWO, SHORT_ANSWER, CALCULATION, FORMULA, MATCHING,
    ORDERING, CASE, HOTSPOT, PRACTICAL, WITH_PICTURE,
)  # fmt: skip
