"""Sheets as people really send them, built dirty on purpose."""

import io
from collections.abc import Sequence

import pytest
from openpyxl import Workbook

from zhenxue.exams import formats
from zhenxue.exams.data import Kind
from zhenxue.exams.formats.draft import Draft, Item
from zhenxue.kernel.errors import Invalid


def book(*sheets: tuple[str, Sequence[Sequence[object]]], merges: Sequence[str] = ()) -> bytes:
    made = Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets:
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        for merge in merges:
            sheet.merge_cells(merge)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def items(data: bytes, name: str = "题.xlsx") -> list[Item]:
    return formats.read(data, name).items


def only(data: bytes, name: str = "题.xlsx") -> Draft:
    (item,) = items(data, name)
    assert item.draft is not None, item.problems
    return item.draft


HEAD = ("题型", "题干", "选项", "答案")


@pytest.mark.parametrize(
    "cell",
    [
        "A.红色 B.绿色 C.黄色",
        "A.红色B.绿色C.黄色",
        "A、红色\nB、绿色\nC、黄色",
        "**A.红色**B.绿色**C.黄色",
        "（A）红色（B）绿色（C）黄色",
        "红色|绿色|黄色",
        "红色\n绿色\n黄色",
        "红色；绿色；黄色",
        "Ａ．红色　Ｂ．绿色　Ｃ．黄色",
        "A：红色；B：绿色；C：黄色；",
    ],
)
def test_options_in_one_cell_are_told_apart(cell: str) -> None:
    draft = only(book(("题", [HEAD, ("单选题", "1、什么颜色？", cell, "B")])))
    assert (draft.kind, draft.stem) == (Kind.SINGLE, "什么颜色？")
    assert draft.body["options"] == ["红色", "绿色", "黄色"]
    assert draft.key == {"right": ["B"]}


@pytest.mark.parametrize(
    ("answer", "kind", "right"),
    [
        ("b", "单选", ["B"]),
        ("Ｂ", "单选题", ["B"]),
        ("绿色", "单项选择题", ["B"]),
        ("2", "单选", ["B"]),
        ("A,C", "多选", ["A", "C"]),
        ("ca", "不定项选择题", ["A", "C"]),
        ("A、B、C", "选择题", ["A", "B", "C"]),
        ("红色；黄色", "多选题", ["A", "C"]),
        ("AC", "", ["A", "C"]),
    ],
)
def test_answers_are_letters_numbers_or_the_options_themselves(answer: str, kind: str, right: list[str]) -> None:
    draft = only(book(("题", [HEAD, (kind, "什么颜色？", "红色|绿色|黄色", answer)])))
    assert draft.key == {"right": right}


@pytest.mark.parametrize(
    ("answer", "right"), [("√", "对"), ("×", "错"), ("T", "对"), ("正确", "对"), ("B", "错"), ("否", "错")]
)
def test_true_and_false_come_in_many_words(answer: str, right: str) -> None:
    draft = only(book(("题", [HEAD, ("判断题", "要断电。", "", answer)])))
    assert (draft.kind, draft.key) == (Kind.TRUE_FALSE, {"right": [right]})


def test_options_may_stand_in_columns_in_the_stem_or_all_in_the_first_column() -> None:
    head = ("序号", "题目内容", "A", "B", "C", "D", "正确答案", "难度", "分值")
    rows = [
        head,
        (1, "列里的？", "甲", "乙", "丙", "", "c", "难", 2),
        (2, "题干里的（ ） A.甲 B.乙 C.丙", "", "", "", "", "A", "易", "1.5分"),
        (3, "第一列里的？", "A.甲\nB.乙\nC.丙", "", "", "", "BC", 3, None),
        (4, "括号里有答案（B）。", "甲", "乙", "", "", "", "", 1),
    ]
    found = [item.draft for item in items(book(("题", rows)))]
    assert [one and one.key["right"] for one in found] == [["C"], ["A"], ["B", "C"], ["B"]]
    assert [one and one.difficulty for one in found] == [5, 1, 3, None]
    assert [one and one.body["options"][:2] for one in found] == [["甲", "乙"]] * 4
    assert found[1] is not None
    assert found[1].stem == "题干里的（ ）"
    assert found[3] is not None
    assert found[3].stem == "括号里有答案（  ）。"


def test_every_sheet_is_read_and_its_title_is_the_kind() -> None:
    rows = [("题目", "选项A", "选项B", "选项C", "答案")]
    data = book(
        ("单选题100道", [*rows, ("一？", "甲", "乙", "丙", "A")]),
        ("多选题", [*rows, ("二？", "甲", "乙", "丙", "AB")]),
        ("判断题", [("题目", "答案"), ("三。", "对")]),
        ("填写说明", [("这里没有题",)]),
        ("别的", [("姓名", "电话"), ("某人", "1")]),
    )
    reading = formats.read(data, "题.xlsx")
    assert [item.draft and item.draft.kind for item in reading.items] == [Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE]
    assert reading.items[1].where == "多选题 第 2 行"
    assert [note for note in reading.notes if "别的" in note]
    assert not [note for note in reading.notes if "填写说明" in note]


def test_titles_above_the_header_and_headings_between_rows_do_not_matter() -> None:
    rows = [
        ("2026年电工理论题库", "", "", "", ""),
        ("", "", "", "", ""),
        ("题干*", "选项A", "选项B", "选项C", "答案（必填）"),
        ("一、单选题（每题1分）", "", "", "", ""),
        ("1.一？", "甲", "乙", "丙", "A"),
        ("二、判断题", "", "", "", ""),
        ("2.二。", "", "", "", "√"),
        ("题干*", "选项A", "选项B", "选项C", "答案（必填）"),
        ("3.三。", "", "", "", "错"),
    ]
    found = items(book(("Sheet1", rows), merges=["A1:E1", "A4:E4", "A6:E6"]))
    assert [item.draft and (item.draft.kind, item.draft.stem) for item in found] == [
        (Kind.SINGLE, "一？"),
        (Kind.TRUE_FALSE, "二。"),
        (Kind.TRUE_FALSE, "三。"),
    ]


def test_merged_kind_and_material_read_on_in_every_row() -> None:
    rows = [HEAD, ("单选题", "一？", "甲|乙", "A"), (None, "二？", "甲|乙", "B")]
    found = items(book(("题", rows), merges=["A2:A3"]))
    assert [item.draft and item.draft.kind for item in found] == [Kind.SINGLE, Kind.SINGLE]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_csv_of_every_encoding_and_separator_is_read(encoding: str, mark: str) -> None:
    lines = [HEAD, ("单选题", "什么颜色？", "红色|绿色", "A"), ("填空题", "频率是____Hz", "", "50")]
    data = "\r\n".join(mark.join(line) for line in lines).encode(encoding)
    assert [item.draft and item.draft.kind for item in items(data, "题.csv")] == [Kind.SINGLE, Kind.FILL_IN]


@pytest.mark.parametrize(
    ("stem", "answer", "blanks", "accepted"),
    [
        ("一是____，二是____。", "甲；乙|丙", 2, [["甲"], ["乙", "丙"]]),
        ("一是（  ），二是（）。", "甲|乙", 2, [["甲"], ["乙"]]),
        ("一是___，二是＿＿＿。", "甲、乙", 2, [["甲"], ["乙"]]),
        ("频率是____", "50|五十", 1, [["50", "五十"]]),
        ("没有空的题干", "答案", 1, [["答案"]]),
    ],
)
def test_blanks_and_their_answers_are_told_apart(
    stem: str, answer: str, blanks: int, accepted: list[list[str]]
) -> None:
    draft = only(book(("题", [HEAD, ("填空题", stem, "", answer)])))
    assert draft.body == {"blanks": blanks}
    assert [one["accepted"] for one in draft.key["blanks"]] == accepted
    assert draft.stem.count("____") == blanks


def test_numbers_take_a_tolerance() -> None:
    rows = [
        HEAD,
        ("填空题", "频率____", "", "50±0.5"),
        ("计算题", "求R", "", "12.5±2%"),
        ("计算题", "求L", "", "30 mm"),
    ]
    found = [item.draft for item in items(book(("题", rows)))]
    assert found[0] is not None
    assert found[0].key["blanks"] == [{"accepted": ["50"], "tolerance": "0.5"}]
    assert found[1] is not None
    assert (found[1].key["value"], found[1].key["tolerance"]) == ("12.5", "2%")
    assert found[2] is not None
    assert (found[2].key["value"], found[2].body["unit"]) == ("30", "mm")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("单选", "", "甲|乙", "A"), "题干没有填写"),
        (("单选", "问？", "", "A"), "没有选项"),
        (("单选", "问？", "甲|乙", ""), "答案没有填写"),
        (("单选", "问？", "甲|乙", "D"), "没有对应的选项"),
        (("单选", "问？", "甲|乙", "AB"), "只能有一个答案"),
        (("多选", "问？", "甲|乙", "A"), "至少要有两个答案"),
        (("单选", "问？", "甲|甲", "A"), "完全相同"),
        (("判断", "问。", "", "也许"), "不认识"),
        (("脑筋急转弯", "问？", "甲|乙", "A"), "题型“脑筋急转弯”不认识"),
        (("填空", "一____二____", "", "甲"), "题干有 2 个空"),
        (("计算题", "求R", "", "不知道"), "不是一个数"),
        (("排序题", "排", "甲|乙|丙", "AB"), "各写一次"),
        (("连线题", "连", "甲|乙", ""), "看不出两边"),
        (("案例题", "材料", "", ""), "没有小题"),
        (("小题：单选", "问？", "甲|乙", "A"), "前面没有案例题"),
        (("实操题", "做", "", "断电"), "没有写分数"),
        (("识图题", "点", "", "rect 1,2,3,4"), "没有图片"),
        (("单选", "=1+1", "甲|乙", "A"), "公式单元格"),
        (("单选", "看 ![图](file:无.png)", "甲|乙", "A"), "没有找到图片“无.png”"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(row: tuple[str, ...], words: str) -> None:
    (item,) = items(book(("题", [HEAD, row])))
    assert item.draft is None
    assert words in "；".join(item.problems)


def test_a_missing_score_is_a_note_and_a_wrong_one_a_problem() -> None:
    head = (*HEAD, "分值", "难度")
    found = items(
        book(("题", [head, ("判断", "一。", "", "对", "", ""), ("判断", "二。", "", "对", "1000", "难得很")]))
    )
    assert found[0].draft is not None
    assert found[0].notes == ("没有分值，按 1 分",)
    assert found[1].problems == ("分值“1000”不合适，应大于 0、不超过 100，最多一位小数",)


def test_a_case_takes_the_parts_below_it() -> None:
    rows = [
        (*HEAD, "分值"),
        ("案例题", "某厂触电。", "", "", ""),
        ("小题：单选题", "第一步？", "断电|拉人", "A", 2),
        ("小题：判断题", "直接拉人。", "", "错", 1),
        ("判断题", "别的题。", "", "对", 1),
        ("案例分析题", "坏的。", "", "", 5),
        ("小题：单选题", "第一步？", "断电|拉人", "C", 2),
    ]
    case, other, broken = items(book(("题", rows)))
    assert case.draft is not None
    assert (case.draft.kind, str(case.draft.score)) == (Kind.CASE, "3")
    assert [part["kind"] for part in case.draft.body["parts"]] == ["single", "true_false"]
    assert other.draft is not None
    assert "第 7 行：答案 C 没有对应的选项" in broken.problems[0]


def test_a_file_without_questions_is_refused_as_a_whole() -> None:
    with pytest.raises(Invalid, match="表头"):
        items(book(("题", [("姓名", "电话"), ("某", "1")])))
    with pytest.raises(Invalid):
        items(b"", "空.csv")
    with pytest.raises(Invalid):
        items(b"\xd0\xcf\x11\xe0 old", "旧.xls")


def test_pictures_over_a_row_and_inside_a_cell_come_along() -> None:
    import zipfile

    from openpyxl.drawing.image import Image

    from tests.unit.exams.formats.drafts import png

    made = Workbook()
    sheet = made.worksheets[0]
    for row in (HEAD, ("单选题", "看图？", "甲|乙", "A"), ("单选题", '=DISPIMG("ID_1",1)是什么？', "甲|乙", "B")):
        sheet.append(list(row))
    sheet.cell(3, 2).data_type = "s"
    sheet.add_image(Image(io.BytesIO(png())), "B2")
    plain = io.BytesIO()
    made.save(plain)
    cells = (
        '<c:cellImages xmlns:c="c" xmlns:x="x" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<c:cellImage><x:pic><x:cNvPr name="ID_1"/><x:blip r:embed="r1"/></x:pic></c:cellImage></c:cellImages>'
    )
    relations = '<Relationships><Relationship Id="r1" Type="image" Target="media/wps.png"/></Relationships>'
    data = io.BytesIO()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("xl/cellimages.xml", cells)
        new.writestr("xl/_rels/cellimages.xml.rels", relations)
        new.writestr("xl/media/wps.png", png(9, 9, "red"))
    over, inside = (item.draft for item in items(data.getvalue()))
    assert over is not None
    assert over.stem == f"看图？\n![图](file:{over.assets[0].name})"
    assert inside is not None
    assert inside.stem == "![图](file:wps.png)是什么？"
    assert inside.assets[0].width == 9
