"""Marking is pure: anybody can recompute a score."""

from decimal import Decimal

from zhenxue.exams.operations.marking import (
    has_passed,
    is_score,
    points,
    question_digest,
)


def test_the_pass_mark_is_held_against_the_exact_share() -> None:
    assert has_passed(score=Decimal(60), total=Decimal(100), pass_percent=60)
    assert not has_passed(score=Decimal("59.9"), total=Decimal(100), pass_percent=60)
    assert not has_passed(score=Decimal(0), total=Decimal(0), pass_percent=0)


def test_scores_have_one_decimal_and_one_way_of_writing() -> None:
    assert is_score(Decimal("0.5"))
    assert not is_score(Decimal(0))
    assert not is_score(Decimal("1.25"))
    assert not is_score(Decimal(101))
    assert points(Decimal("2.00")) == points(Decimal(2)) == "2"
    assert points(Decimal("2.5")) == "2.5"
    assert points(Decimal(100)) == "100"


def digest(stem: str, *options: str) -> str:
    return question_digest(stem, {"options": options})


def test_doubles_are_found_in_spite_of_blanks_width_and_marks() -> None:
    assert digest("先做什么？", "开灯", "关灯") == digest(" 先做 什么?", "关灯", "开灯 ")
    assert digest("先做什么", "开灯") != digest("后做什么", "开灯")


def test_a_picture_is_told_by_its_bytes_whatever_it_is_called() -> None:
    here, there = {"asset:3": "aa", "asset:4": "bb"}, {"asset:3": "bb", "file:图.png": "aa"}
    stem, other = "看![甲](asset:3)", "看 ![乙](file:图.png)"
    assert question_digest(stem, {}, here) == question_digest(other, {}, there)
    assert question_digest(stem, {}, here) != question_digest(stem, {}, there)
    spot, drawn = {"asset": 3, "width": 200}, {"asset": "file:图.png", "width": 100}
    assert question_digest("点出开关", spot, here) == question_digest("点出开关", drawn, there)
    assert question_digest("点出开关", spot, here) != question_digest("点出开关", {"asset": 4, "width": 200}, here)
    case = {"parts": [{"kind": "hotspot", "stem": "点出开关", "body": spot}]}
    assert question_digest("案例", case, here) != question_digest("案例", case, there)
