"""Marking is pure: anybody can recompute a score."""

from decimal import Decimal

import pytest

from zhenxue.exams.data import MultipleRule
from zhenxue.exams.operations.marking import (
    clean_given,
    has_passed,
    is_score,
    mark_answer,
    points,
    question_digest,
)

TWO = Decimal(2)


def test_a_single_choice_is_right_or_nothing() -> None:
    assert mark_answer(kind="single", answer=["B"], given=["B"], score=TWO).awarded == 2
    wrong = mark_answer(kind="single", answer=["B"], given=["A"], score=TWO)
    assert (wrong.correct, wrong.awarded) == (False, 0)
    assert mark_answer(kind="single", answer=["B"], given=[], score=TWO).awarded == 0


@pytest.mark.parametrize(
    ("given", "all_or_nothing", "half"),
    [(["A", "C"], "3", "3"), (["C", "A"], "3", "3"), (["A"], "0", "1.5"), (["A", "B"], "0", "0"), ([], "0", "0")],
)
def test_a_multiple_choice_is_all_or_nothing_unless_the_paper_gives_half(
    given: list[str], all_or_nothing: str, half: str
) -> None:
    score = Decimal(3)
    plain = mark_answer(kind="multiple", answer=["A", "C"], given=given, score=score)
    assert plain.awarded == Decimal(all_or_nothing)
    kind = mark_answer(kind="multiple", answer=["A", "C"], given=given, score=score, multiple_rule=MultipleRule.HALF)
    assert kind.awarded == Decimal(half)
    assert kind.correct is plain.correct


def test_half_of_a_score_is_cut_to_one_decimal() -> None:
    marked = mark_answer(
        kind="multiple", answer=["A", "C"], given=["A"], score=Decimal("0.5"), multiple_rule=MultipleRule.HALF
    )
    assert marked.awarded == Decimal("0.2")


def test_the_pass_mark_is_held_against_the_exact_share() -> None:
    assert has_passed(score=Decimal(60), total=Decimal(100), pass_percent=60)
    assert not has_passed(score=Decimal("59.9"), total=Decimal(100), pass_percent=60)
    assert not has_passed(score=Decimal(0), total=Decimal(0), pass_percent=0)


def test_what_was_given_must_belong_to_the_question() -> None:
    options = ["一", "二", "三"]
    assert clean_given(kind="multiple", options=options, given=["C", "A", "A"]) == ["A", "C"]
    assert clean_given(kind="single", options=options, given=[]) == []
    assert clean_given(kind="single", options=options, given=["A", "B"]) is None
    assert clean_given(kind="single", options=options, given=["D"]) is None
    assert clean_given(kind="true_false", options=[], given=["对"]) == ["对"]
    assert clean_given(kind="true_false", options=[], given=["A"]) is None


def test_scores_have_one_decimal_and_one_way_of_writing() -> None:
    assert is_score(Decimal("0.5"))
    assert not is_score(Decimal(0))
    assert not is_score(Decimal("1.25"))
    assert not is_score(Decimal(101))
    assert points(Decimal("2.00")) == points(Decimal(2)) == "2"
    assert points(Decimal("2.5")) == "2.5"
    assert points(Decimal(100)) == "100"


def test_doubles_are_found_in_spite_of_blanks_width_and_marks() -> None:
    assert question_digest("先做什么？", ["开灯", "关灯"]) == question_digest(" 先做 什么?", ["关灯", "开灯 "])
    assert question_digest("先做什么", ["开灯"]) != question_digest("后做什么", ["开灯"])
