"""GIFT as Moodle's documentation writes it, and as people break it."""

import pytest

from zhenxue.exams import formats
from zhenxue.exams.data import Kind
from zhenxue.exams.formats.draft import Draft, Item
from zhenxue.kernel.errors import Invalid


def items(text: str) -> list[Item]:
    return formats.read(text.encode(), "题.gift").items


def only(text: str) -> Draft:
    (item,) = items(text)
    assert item.draft is not None, item.problems
    return item.draft


def test_every_form_of_the_documentation_becomes_a_kind() -> None:
    text = """
// a comment
$CATEGORY: $course$/top/安全/用电

::Q1:: 1+1=2 {T}

::Q2:: 哪种颜色？ {
=黄 # 对了
~红 # 不对
~蓝
####见书。
}

::Q3:: 两种 {
~%50%甲
~%50%乙
~%-100%丙
}

谁写的？{=鲁迅 =周树人 =%50%迅哥}

::Q5:: 连线 {
=猫 -> 喵
=狗 -> 汪
}

圆周率？ {#3.14159:0.005}

1 到 5？ {#1..5}

何时？{#
  =1822:0
  =%50%1822:2
}

说说。 {####想到什么说什么。}

两点之间 {=线段 ~直线 ~曲线} 最短。
"""
    found = [item.draft for item in items(text)]
    assert [one and one.kind for one in found] == [
        Kind.TRUE_FALSE, Kind.SINGLE, Kind.MULTIPLE, Kind.FILL_IN, Kind.MATCHING, Kind.CALCULATION, Kind.CALCULATION,
        Kind.CALCULATION, Kind.SHORT_ANSWER, Kind.SINGLE,
    ]  # fmt: skip
    assert found[0] is not None
    assert (found[0].stem, found[0].point) == ("1+1=2", "安全/用电")
    assert found[1] is not None
    assert (found[1].key, found[1].explanation) == ({"right": ["A"]}, "见书。")
    assert found[2] is not None
    assert found[2].key == {"right": ["A", "B"]}
    assert found[3] is not None
    assert found[3].key["blanks"][0]["accepted"] == ["鲁迅", "周树人"]
    assert found[6] is not None
    assert (found[6].key["value"], found[6].key["tolerance"]) == ("3", "2")
    assert found[9] is not None
    assert found[9].stem == "两点之间 ____ 最短。"


def test_escaped_marks_are_text() -> None:
    draft = only(r"::a\:b:: 集合 \{1\=1\} \~ \# \: \\ ? {=x\=1 ~y\~2\n次行}")
    assert draft.stem == "集合 {1=1} ~ # : \\ ?"
    assert draft.body["options"] == ["x=1", "y~2\n次行"]


def test_html_becomes_markup_and_scripts_go() -> None:
    draft = only(
        "[html]<p>看<b>这</b></p><script>alert(1)</script><img src\\=x onerror\\=alert(1)>{T}".replace("<img", "<i")
    )
    assert draft.stem == "看**这**"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("只是说明。", "说明文字"),
        ("没关 {=甲 ~乙", "大括号不成对"),
        ("多了 } 一个", "大括号不成对"),
        ("两个 {T} 括号 {F}", "几个答案括号"),
        ("没有对的 {~甲 ~乙}", "没有正确选项"),
        ("数 {#abc}", "看不懂"),
        ("连 {=甲 -> 乙 =丙 -> 乙}", "一对一"),
        ("空 {随便}", "= 或 ~"),
        ("说说 {}", "请写参考答案"),
        ('图 <img src\\="http\\://x/y.png"> {T}', "不在文件里"),
    ],
)
def test_what_cannot_be_taken_is_named(text: str, words: str) -> None:
    (item,) = formats.read(f"好的 {{T}}\n\n{text}".encode(), "题.gift").items[1:]
    assert item.draft is None
    assert words in "；".join(item.problems)


def test_one_broken_question_does_not_swallow_the_next() -> None:
    found = items("一 {=甲 ~乙\n\n二 {T}\n\n三 {\n=甲\n\n~乙\n}")
    assert [item.draft and item.draft.kind for item in found] == [None, Kind.TRUE_FALSE, Kind.SINGLE]


def test_a_text_without_questions_is_refused() -> None:
    with pytest.raises(Invalid):
        formats.read(b"\n\n// nothing\n", "x.gift")
