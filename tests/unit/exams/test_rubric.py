"""Points by rubric: what may be given, item by item, and what it comes to."""

from decimal import Decimal

import pytest
from hypothesis import given as each
from hypothesis import settings
from hypothesis import strategies as st

from zhenxue.exams.kinds.base import Marking
from zhenxue.exams.operations.rubric import as_points, differ_too_much, items_of, mean, read_points, scaled
from zhenxue.kernel.errors import Invalid

tenths = st.integers(0, 1000).map(lambda number: Decimal(number) / 10)

CASE = {
    "parts": [
        {"kind": "single", "stem": "选哪个？", "body": {"options": ["甲", "乙"]}, "score": "2"},
        {"kind": "short_answer", "stem": "为什么？", "body": {"lines": 3}, "score": "5"},
        {"kind": "short_answer", "stem": "怎么办？", "body": {"lines": 3}, "score": "3"},
    ]
}
CASE_KEY = {
    "parts": [
        {"right": ["B"]},
        {"reference": "因为。", "rubric": [{"text": "说了原因", "points": "3"}, {"text": "举了例子", "points": "2"}]},
        {"reference": "这样。", "rubric": []},
    ]
}


def test_of_a_case_a_machine_marks_what_it_can_and_blank_parts_earn_nothing() -> None:
    items = items_of("case", CASE, CASE_KEY, [["B"], ["因为光线。"], []], Marking(Decimal(10)))
    assert [(item.most, item.fixed) for item in items] == [(2, 2), (3, None), (2, None), (3, 0)]
    assert read_points(items, ["9", "2.5", "1", "9"]) == [2, Decimal("2.5"), 1, 0]
    with pytest.raises(Invalid) as caught:
        read_points(items, ["", "3.5", "x", ""])
    assert set(caught.value.fields) == {"item-1", "item-2"}


def test_a_question_without_a_rubric_is_one_item_of_its_score() -> None:
    assert [(item.most, item.fixed) for item in items_of("short_answer", {}, {}, ["字"], Marking(Decimal(7)))] == [
        (7, None)
    ]
    assert as_points("1.25") is None
    assert as_points(" ") is None
    assert as_points("NaN") is None
    assert as_points("1.5") == Decimal("1.5")


@settings(max_examples=50)
@each(tenths, tenths, tenths)
def test_what_comes_out_lies_between_what_was_given_and_never_above_the_score(
    one: Decimal, other: Decimal, score: Decimal
) -> None:
    assert min(one, other) <= mean(one, other) <= max(one, other)
    most = max(one, other, Decimal("0.1"))
    assert 0 <= scaled(one, most, score) <= score
    assert scaled(most, most, score) <= score
    assert differ_too_much(one, other, most, 10) == differ_too_much(other, one, most, 10)
    assert not differ_too_much(one, one, most, 0)
