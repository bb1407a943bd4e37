"""How sheets write questions, and what counts as right."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.catalogue.data import QuestionKind
from zhenxue.catalogue.questions import (
    LETTERS,
    QUESTION_COLUMNS,
    TEMPLATE_HEADER,
    TEMPLATE_ROWS,
    QuestionRow,
    judge,
    make_draft,
    read_question_table,
)
from zhenxue.kernel import sheets

HEADER = ("题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案", "解析", "分值")


def read(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> list[QuestionRow]:
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in (header, *rows))
    return read_question_table(sheets.table(sheets.read_sheet(text.encode(), "题.csv"), QUESTION_COLUMNS))


def one(*row: str, header: tuple[str, ...] = HEADER) -> QuestionRow:
    return read(row, header=header)[0]


def test_the_template_reads_without_a_problem() -> None:
    content = sheets.write_xlsx("题目", TEMPLATE_HEADER, TEMPLATE_ROWS, as_text=True)
    rows = read_question_table(sheets.table(sheets.read_sheet(content, "模板.xlsx"), QUESTION_COLUMNS))
    assert [row.problems for row in rows] == [()] * 3
    assert [row.draft.kind for row in rows if row.draft] == list(QuestionKind)


@pytest.mark.parametrize("answer", ["ABD", "A,B,D", "a、b、d", "D B A", "Ａ，Ｂ，Ｄ", "A；B；D", "AABD"])
def test_a_multiple_answer_is_read_however_it_is_written(answer: str) -> None:
    row = one("多选", "选哪些？", "甲", "乙", "丙", "丁", answer, "", "2")
    assert row.draft is not None
    assert row.draft.answer == ("A", "B", "D")
    assert row.draft.score == Decimal(2)


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        ("对", "对"),
        ("√", "对"),
        ("正确", "对"),
        ("T", "对"),
        ("是", "对"),
        ("错", "错"),
        ("×", "错"),
        ("错误", "错"),
        ("F", "错"),
        ("false", "错"),
    ],
)
def test_a_true_or_false_answer_is_read_however_it_is_written(answer: str, truth: str) -> None:
    row = one("判断题", "先断电。", "", "", "", "", answer, "", "")
    assert row.draft is not None
    assert (row.draft.answer, row.draft.options) == ((truth,), ())


def test_a_true_or_false_question_with_lettered_options_is_read_by_what_they_say() -> None:
    row = one("判断", "先断电。", "错误", "正确", "", "", "B", "", "")
    assert row.draft is not None
    assert row.draft.answer == ("对",)


def test_numbers_and_letters_in_front_are_taken_off() -> None:
    row = one("单选", "12、哪一个对？", "A. 甲", "B、乙", "", "", "B", "", "")
    assert row.draft is not None
    assert (row.draft.stem, row.draft.options) == ("哪一个对？", ("甲", "乙"))


def test_a_stem_that_begins_with_a_figure_stays_whole() -> None:
    row = one("单选", "3.5 毫米是多少？", "甲", "乙", "", "", "A", "", "")
    assert row.draft is not None
    assert row.draft.stem == "3.5 毫米是多少？"


@pytest.mark.parametrize("cell", ["A.红 B.绿 C.黄", "A、红\nB、绿\nC、黄", "红\n绿\n黄", "红|绿|黄"])
def test_options_in_one_cell_are_taken_apart(cell: str) -> None:
    row = one("单选", "哪种颜色？", cell, "B", header=("题型", "题干", "选项", "答案"))
    assert row.problems == ()
    assert row.draft is not None
    assert row.draft.options == ("红", "绿", "黄")


def test_the_kind_is_told_by_the_answer_when_the_sheet_does_not_say() -> None:
    kinds = [
        one("", "题一", "甲", "乙", "", "", "A", "", ""),
        one("", "题二", "甲", "乙", "", "", "AB", "", ""),
        one("", "题三", "", "", "", "", "对", "", ""),
    ]
    assert [row.draft.kind for row in kinds if row.draft] == list(QuestionKind)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (("单选", "题", "甲", "乙", "", "", "AB", "", ""), "只能有一个答案"),
        (("多选", "题", "甲", "乙", "", "", "A", "", ""), "至少要有两个答案"),
        (("单选", "题", "甲", "乙", "", "", "C", "", ""), "没有对应的选项"),
        (("单选", "题", "甲", "", "丙", "", "A", "", ""), "空缺"),
        (("单选", "题", "甲", "甲", "", "", "A", "", ""), "相同"),
        (("单选", "题", "甲", "", "", "", "A", "", ""), "至少要有两个"),
        (("填空", "题", "甲", "乙", "", "", "A", "", ""), "题型"),
        (("判断", "题", "", "", "", "", "可能", "", ""), "判断题答案"),
        (("单选", "题", "甲", "乙", "", "", "A", "", "很多"), "分值"),
        (("单选", "题", "甲", "乙", "", "", "A", "", "1.25"), "分值"),
        (("单选", "", "甲", "乙", "", "", "A", "", ""), "题干"),
        (("单选", "题", "甲", "乙", "", "", "", "", ""), "答案"),
    ],
)
def test_a_faulty_row_is_answered_with_its_reason(row: tuple[str, ...], word: str) -> None:
    answered = one(*row)
    assert answered.draft is None
    assert any(word in problem for problem in answered.problems), answered.problems


def test_a_repeated_row_is_answered_with_the_number_of_the_first() -> None:
    same = ("单选", "题", "甲", "乙", "", "", "A", "", "")
    first, second = read(same, same)
    assert first.draft is not None
    assert second.problems == ("与第 2 行重复，请删除其中一行",)


def test_an_answer_counts_only_when_it_is_exactly_right() -> None:
    assert judge("multiple", ["A", "C"], ["c", "A", "A"])
    assert not judge("multiple", ["A", "C"], ["A"])
    assert not judge("multiple", ["A", "C"], ["A", "B", "C"])
    assert judge("single", ["B"], ["B"])
    assert not judge("single", ["B"], [])
    assert judge("true_false", ["对"], ["√"])
    assert not judge("true_false", ["对"], ["错"])
    assert not judge("true_false", ["对"], [""])


@given(st.sets(st.sampled_from("ABCDEF"), min_size=2), st.randoms())
def test_the_order_of_letters_never_matters(letters: set[str], chance: object) -> None:
    given_letters = sorted(letters, key=lambda _: chance.random())  # type: ignore[attr-defined]  # hypothesis gives a Random
    draft, problems = make_draft(
        kind="multiple", stem="题", options=[f"项{letter}" for letter in LETTERS[:6]], answer="、".join(given_letters)
    )
    assert not problems
    assert draft is not None
    assert judge("multiple", draft.answer, given_letters)


@given(st.text(max_size=40), st.lists(st.text(max_size=8), max_size=9), st.text(max_size=12))
def test_whatever_is_typed_gives_a_draft_or_a_reason(stem: str, options: list[str], answer: str) -> None:
    draft, problems = make_draft(kind="", stem=stem, options=options, answer=answer)
    assert (draft is None) == bool(problems)
