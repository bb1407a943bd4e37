"""Choices: what may be given, and what it earns."""

from decimal import Decimal

import pytest

from zhenxue.exams import kinds
from zhenxue.exams.data import Marked, MultipleRule
from zhenxue.exams.kinds.base import Marking

BODY = {"options": ["一", "二", "三"]}


def mark(kind: str, right: list[str], given: list[str], score: str = "2", rule: str = MultipleRule.ALL) -> Marked:
    marked = kinds.of(kind).mark(BODY, {"right": right}, given, Marking(Decimal(score), rule))
    assert marked is not None
    return marked


def test_a_single_choice_is_right_or_nothing() -> None:
    assert mark("single", ["B"], ["B"]) == Marked(True, Decimal(2))
    assert mark("single", ["B"], ["A"]) == Marked(False, Decimal(0))
    assert mark("single", ["B"], []) == Marked(False, Decimal(0))


@pytest.mark.parametrize(
    ("given", "all_or_nothing", "half"),
    [(["A", "C"], "3", "3"), (["C", "A"], "3", "3"), (["A"], "0", "1.5"), (["A", "B"], "0", "0"), ([], "0", "0")],
)
def test_a_multiple_choice_is_all_or_nothing_unless_the_paper_gives_half(
    given: list[str], all_or_nothing: str, half: str
) -> None:
    plain = mark("multiple", ["A", "C"], given, "3")
    assert plain.awarded == Decimal(all_or_nothing)
    kind = mark("multiple", ["A", "C"], given, "3", MultipleRule.HALF)
    assert kind.awarded == Decimal(half)
    assert kind.correct is plain.correct


def test_half_of_a_score_is_cut_to_one_decimal() -> None:
    assert mark("multiple", ["A", "C"], ["A"], "0.5", MultipleRule.HALF).awarded == Decimal("0.2")


def test_what_was_given_must_belong_to_the_question() -> None:
    assert kinds.of("multiple").clean_given(BODY, ["C", "A", "A"]) == ["A", "C"]
    assert kinds.of("single").clean_given(BODY, []) == []
    assert kinds.of("single").clean_given(BODY, ["A", "B"]) is None
    assert kinds.of("single").clean_given(BODY, ["D"]) is None
    assert kinds.of("true_false").clean_given({}, ["对"]) == ["对"]
    assert kinds.of("true_false").clean_given({}, ["A"]) is None


def test_letters_follow_the_order_of_a_sheet() -> None:
    view = kinds.of("multiple").view(BODY, kinds.OnSheet(["A"], (2, 0, 1)))
    assert view["choices"] == [("C", "三", False, "A"), ("A", "一", True, "B"), ("B", "二", False, "C")]
    assert kinds.of("multiple").lettered(["A", "C"], (2, 0, 1)) == ["A", "B"]
    assert kinds.of("single").lettered(["B"], None) == ["B"]
    assert kinds.of("true_false").lettered(["对"], None) == ["对"]
