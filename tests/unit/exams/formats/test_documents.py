"""Documents in the numbered form, made by a real writer of docx."""

import io

import pytest
from docx import Document
from docx.document import Document as Made

from tests.unit.exams.formats.drafts import png
from zhenxue.exams import formats
from zhenxue.exams.data import Kind
from zhenxue.exams.formats.draft import Draft
from zhenxue.kernel.errors import Invalid


def saved(document: Made) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def written(text: str) -> bytes:
    document = Document()
    for line in text.strip().split("\n"):
        document.add_paragraph(line)
    return saved(document)


def drafts(data: bytes) -> list[Draft]:
    items = formats.read(data, "卷.docx").items
    assert not [(item.where, item.problems) for item in items if item.draft is None]
    return [item.draft for item in items if item.draft is not None]


PAPER = """
电工理论考试试卷
姓名：        考号：
一、单选题（每题2分，共4分）
1. 检修前先做什么？（本题 3 分）
A. 断电    B. 验电
C. 挂牌    D. 通知
答案：A
解析：先断电。
再验电。
2、触电后第一步是（B）。
A．拉人
B．断电
二、多项选择题
3．防护用品有（    ）
A、安全帽
B、手套
C、卷尺
【答案】AB
难度：难
知识点：安全用电
三、判断题
1. 可以带电作业。（×）
2. 要挂牌。 答案：对
四、填空题
1. 频率是____Hz，电压是____V。
答案：50；220
五、简答题
1. 怎样急救？
答案：断开电源，
再施救。
"""


def test_a_paper_with_answers_below_each_question_is_read_whole() -> None:
    found = drafts(written(PAPER))
    assert [one.kind for one in found] == [
        Kind.SINGLE,
        Kind.SINGLE,
        Kind.MULTIPLE,
        Kind.TRUE_FALSE,
        Kind.TRUE_FALSE,
        Kind.FILL_IN,
        Kind.SHORT_ANSWER,
    ]
    assert found[0].body["options"] == ["断电", "验电", "挂牌", "通知"]
    assert (str(found[0].score), str(found[1].score), found[2].score) == ("3", "2", None)
    assert found[0].explanation == "先断电。\n再验电。"
    assert (found[1].stem, found[1].key) == ("触电后第一步是（  ）。", {"right": ["B"]})
    assert (found[2].difficulty, found[2].point) == (5, "安全用电")
    assert [one.key["right"] for one in found[3:5]] == [["错"], ["对"]]
    assert [blank["accepted"] for blank in found[5].key["blanks"]] == [["50"], ["220"]]
    assert found[6].key["reference"] == "断开电源，\n再施救。"


KEYED = """
一、单选题
1. 一？
A. 甲 B. 乙
2. 二？
A. 甲 B. 乙
3. 三？
A. 甲 B. 乙
二、判断题
4. 四。
5. 五。
参考答案
一、单选题
1-3 ABA
二、判断题
4. √   5. ×
"""


@pytest.mark.parametrize(
    "key",
    ["1-3 ABA\n4. √   5. ×", "1-5 A B A √ ×", "1.A 2.B 3.A 4.√ 5.×", "1～5：A、B、A、√、×", "1A 2B 3A 4对 5错"],
)
def test_a_list_of_answers_at_the_end_finds_its_questions(key: str) -> None:
    questions = KEYED.split("参考答案")[0]
    found = drafts(written(f"{questions}参考答案：\n{key}"))
    assert [one.key["right"] for one in found] == [["A"], ["B"], ["A"], ["对"], ["错"]]


def test_answers_under_headings_of_their_own_may_count_anew() -> None:
    found = drafts(
        written(KEYED.replace("4. 四", "1. 四").replace("5. 五", "2. 五").replace("4. √   5. ×", "1. √ 2. ×"))
    )
    assert [one.key["right"] for one in found] == [["A"], ["B"], ["A"], ["对"], ["错"]]


def test_a_table_of_answers_and_a_table_of_options_are_understood() -> None:
    document = Document()
    document.add_paragraph("一、单选题")
    document.add_paragraph("1. 一？")
    table = document.add_table(2, 2)
    for cell, text in zip([cell for row in table.rows for cell in row.cells], "甲乙丙丁", strict=True):
        cell.text = f"{'ABCD'['甲乙丙丁'.index(text)]}. {text}"
    document.add_paragraph("2. 二？")
    document.add_paragraph("A. 甲 B. 乙")
    document.add_paragraph("参考答案")
    key = document.add_table(2, 3)
    for row, texts in zip(key.rows, (("题号", "1", "2"), ("答案", "C", "B")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    found = drafts(saved(document))
    assert [one.key["right"] for one in found] == [["C"], ["B"]]
    assert found[0].body["options"] == ["甲", "乙", "丙", "丁"]


def test_pictures_tables_and_raised_figures_come_along() -> None:
    document = Document()
    document.add_paragraph("一、单选题")
    stem = document.add_paragraph("1. 看图，求 m")
    stem.add_run("2").font.superscript = True
    stem.add_run(" 的值：")
    stem.add_run().add_picture(io.BytesIO(png()))
    grid = document.add_table(1, 2)
    grid.rows[0].cells[0].text, grid.rows[0].cells[1].text = "量", "值"
    document.add_paragraph("A. 甲 B. 乙")
    document.add_paragraph("答案：A")
    (found,) = drafts(saved(document))
    assert len(found.assets) == 1
    assert f"![图](file:{found.assets[0].name})" in found.stem
    assert "${}^{2}$" in found.stem
    assert "| 量 | 值 |" in found.stem


def test_numbers_that_word_counts_itself_are_counted() -> None:
    document = Document()
    document.add_paragraph("一、单选题")
    document.add_paragraph("一？", style="List Number")
    document.add_paragraph("A. 甲 B. 乙")
    document.add_paragraph("答案：A")
    document.add_paragraph("二？", style="List Number")
    document.add_paragraph("A. 甲 B. 乙")
    document.add_paragraph("答案：B")
    found = drafts(saved(document))
    assert [one.stem for one in found] == ["一？", "二？"]


def test_what_is_wrong_names_the_question() -> None:
    (item,) = formats.read(written("一、单选题\n7. 问？\nA. 甲 B. 乙"), "卷.docx").items
    assert item.where == "第 1 题（题号 7）"
    assert "答案没有填写" in item.problems[0]
    with pytest.raises(Invalid, match="没有找到题目"):
        formats.read(written("一封信\n没有题目"), "信.docx")
