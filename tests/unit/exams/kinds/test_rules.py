"""What every kind of question keeps to: properties that hold for any answer, and the examples people argue about."""

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenxue.exams import kinds
from zhenxue.exams.data import Kind, Marked, MultipleRule
from zhenxue.exams.kinds.base import Marking
from zhenxue.exams.kinds.composed import Case
from zhenxue.exams.kinds.formulas import FormulaError, evaluate
from zhenxue.exams.kinds.numbers import read_number

type Example = tuple[dict[str, Any], dict[str, Any], list[Any]]

CHOICE: Example = ({"options": ["一", "二", "三"]}, {"right": ["A", "C"]}, ["A", "C"])
FILL: Example = (
    {"blanks": 2},
    {"blanks": [{"accepted": ["10"], "tolerance": "2%"}, {"accepted": ["绝缘", "绝缘体"]}], "ordered": True},
    ["10.1", "绝缘 体。"],
)
CALCULATION: Example = (
    {"unit": "mm", "steps": True},
    {
        "formula": "a*b/2",
        "parameters": {"a": {"low": "1", "high": "9", "step": "1"}, "b": {"low": "2", "high": "2", "step": "1"}},
        "tolerance": "0.01",
    },
    ["1 毫米", "面积"],
)
MATCHING: Example = ({"left": ["甲", "乙"], "right": ["一", "二", "三"]}, {"pairs": [2, 0]}, ["2", "0"])
ORDERING: Example = ({"items": ["断电", "验电", "接地"]}, {"order": [1, 0, 2]}, ["1", "0", "2"])
HOTSPOT: Example = (
    {"asset": 1, "width": 100, "height": 80},
    {"areas": [{"shape": "rect", "coords": [0, 0, 20, 20]}, {"shape": "circle", "coords": [60, 40, 10]}]},
    ["5,5", "60,45"],
)
SHORT: Example = ({"lines": 5}, {"reference": "先断电", "rubric": [{"text": "断电", "points": "2"}]}, ["先断电再验电"])
PARTS: Example = (
    {
        "parts": [
            {"kind": "fill_in", "stem": "____，____", "body": FILL[0], "score": "2"},
            {"kind": "multiple", "stem": "？", "body": CHOICE[0], "score": "1"},
        ]
    },
    {"parts": [FILL[1], CHOICE[1]]},
    [FILL[2], CHOICE[2]],
)
PRACTICAL: Example = (
    {"steps": [{"title": "穿戴", "points": "5"}], "minutes": 30, "evidence": "photo"},
    {"steps": [[{"text": "未戴手套", "points": "2"}]]},
    [],
)
EXAMPLES: dict[str, Example] = {
    "multiple": CHOICE,
    "true_false": ({}, {"right": ["对"]}, ["对"]),
    "single": ({"options": ["一", "二"]}, {"right": ["B"]}, ["B"]),
    "fill_in": FILL,
    "calculation": CALCULATION,
    "matching": MATCHING,
    "ordering": ORDERING,
    "hotspot": HOTSPOT,
    "short_answer": SHORT,
    "case": PARTS,
    "practical": PRACTICAL,
}
BY_HAND = {"short_answer", "practical"}

texts = st.one_of(
    st.sampled_from(
        ["A", "B", "C", "对", "错", "0", "1", "2", "", "10", " １０ ", "5,5", "60,40", "绝缘", "1e3", "-1", "999,1"]
    ),
    st.text(max_size=12),
)
answers = st.lists(st.one_of(texts, st.lists(texts, max_size=3)), max_size=4)


def mark(kind: str, given: list[Any], rule: str = MultipleRule.ALL, score: str = "4") -> Marked:
    body, key, _ = EXAMPLES[kind]
    marked = kinds.of(kind).mark(body, key, given, Marking(Decimal(score), rule))
    assert marked is not None
    return marked


def test_every_kind_has_rules_and_a_good_example() -> None:
    assert set(EXAMPLES) == {kind.value for kind in Kind}
    for kind, (body, key, right) in EXAMPLES.items():
        rules = kinds.of(kind)
        assert rules.check(body, key) == {}, kind
        assert rules.clean_given(body, []) == []
        assert rules.needs_hand(body) is (kind in BY_HAND)
        assert isinstance(rules.view(body, kinds.OnSheet(right)), dict)
        assert rules.solution(body, key)
        assert rules.said(body, right) or not right
        if kind not in BY_HAND:
            assert mark(kind, rules.clean_given(body, right) or []) == Marked(True, Decimal(4)), kind
            assert mark(kind, []) == Marked(False, Decimal(0)), kind


@given(st.sampled_from(sorted(EXAMPLES)), answers, st.sampled_from(["0.1", "1", "2.5"]))
@settings(max_examples=200, deadline=None)
def test_cleaning_is_settled_after_once_and_marks_stay_within_the_score(
    kind: str, answer: list[Any], score: str
) -> None:
    body, key, _ = EXAMPLES[kind]
    rules = kinds.of(kind)
    cleaned = rules.clean_given(body, answer)
    if cleaned is None:
        return
    assert rules.clean_given(body, cleaned) == cleaned
    for rule in MultipleRule:
        marked = rules.mark(body, key, cleaned, Marking(Decimal(score), rule))
        if marked is None:
            assert kind in BY_HAND
            continue
        assert 0 <= marked.awarded <= Decimal(score)
        assert marked.awarded == marked.awarded.quantize(Decimal("0.1"))
        assert marked.correct is (marked.awarded == Decimal(score))


@given(st.randoms(use_true_random=False), st.sampled_from(["single", "multiple", "matching", "ordering"]))
@settings(max_examples=20, deadline=None)
def test_the_order_shown_names_the_same_things(chance: random.Random, kind: str) -> None:
    body, _, _ = EXAMPLES[kind]
    rules = kinds.of(kind)
    order = list(range(rules.shown(body)))
    chance.shuffle(order)
    name = {"matching": "right", "ordering": "items"}.get(kind, "choices")
    plain, mixed = rules.view(body)[name], rules.view(body, kinds.OnSheet(order=order))[name]
    if kind == "matching":  # letters go by the place, values do not
        plain, mixed = [(value, text) for value, _, text in plain], [(value, text) for value, _, text in mixed]
    elif kind != "ordering":
        plain, mixed = [one[:3] for one in plain], [one[:3] for one in mixed]
    assert [plain[at] for at in order] == mixed


@pytest.mark.parametrize(
    ("accepted", "tolerance", "good", "bad"),
    [
        (["10"], "", ["１０", "十", " 10.0 ", "10。", "1e1"], ["11", "10mm", "", "一"]),
        (["10 mm"], "", ["10毫米", "10mm", "１０ ＭＭ"], ["10cm", "10"]),
        (["220"], "2%", ["224.4", "二百二十", "215.6"], ["224.5", "215"]),
        (["3.14"], "0.01", ["3.15", "22/7"], ["3.2"]),
        (["Ohm", "欧姆"], "", ["OHM", "欧 姆"], ["欧", "姆欧"]),
        (["1200"], "", ["1,200", "一千二百"], ["12,00"]),
    ],
)
def test_blanks_forgive_writing_and_nothing_else(
    accepted: list[str], tolerance: str, good: list[str], bad: list[str]
) -> None:
    key = {"blanks": [{"accepted": accepted, "tolerance": tolerance}]}
    for text, right in [(one, True) for one in good] + [(one, False) for one in bad]:
        marked = kinds.of("fill_in").mark({"blanks": 1}, key, [text], Marking(Decimal(1)))
        assert marked is not None
        assert marked.correct is right, text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十二", 12),
        ("一百零五", 105),
        ("两万三千", 23000),
        ("三点五", "3.5"),
        ("负二", -2),
        ("二〇二五", 2025),
        ("千", 1000),
        ("十十", None),
        ("一点", None),
        ("abc", None),
    ],
)
def test_chinese_numerals_are_numbers(text: str, value: object) -> None:
    assert read_number(text) == (None if value is None else Decimal(str(value)))


def test_blanks_in_any_order_take_each_answer_once() -> None:
    key = {"blanks": [{"accepted": ["铜"]}, {"accepted": ["铁", "铜"]}], "ordered": False}
    rules = kinds.of("fill_in")
    half = Marking(Decimal(2), MultipleRule.HALF)
    assert rules.mark({"blanks": 2}, key, ["铁", "铜"], half) == Marked(True, Decimal(2))
    assert rules.mark({"blanks": 2}, key, ["铁", "铁"], half) == Marked(False, Decimal(1))


def test_part_of_the_pairs_earn_their_share_only_under_that_rule() -> None:
    assert mark("matching", ["2", "1"]).awarded == 0
    assert mark("matching", ["2", "1"], MultipleRule.HALF).awarded == 2
    assert mark("ordering", ["1", "2", "0"], MultipleRule.HALF, "1").awarded == Decimal("0.3")
    assert mark("hotspot", ["5,5"], MultipleRule.HALF).awarded == 2
    assert mark("hotspot", ["5,5", "60,40", "99,79"], MultipleRule.HALF).awarded == 2
    assert mark("hotspot", ["99,79"], MultipleRule.HALF).awarded == 0
    assert mark("case", [["10", "铜"], ["A", "C"]], MultipleRule.HALF, "3").awarded == 2


def test_a_calculation_is_drawn_marked_by_what_was_drawn_and_shown_with_it() -> None:
    body, key, _ = CALCULATION
    rules = kinds.of("calculation")
    drawn = rules.draw(key, random.Random(3))
    assert drawn is not None
    assert set(drawn) == {"a", "b"}
    assert drawn == rules.draw(key, random.Random(3))
    right = str(Decimal(drawn["a"]) * Decimal(drawn["b"]) / 2)
    stake = Marking(Decimal(2), values={"a": "7", "b": "2"})
    assert rules.mark(body, key, ["7 mm"], stake) == Marked(True, Decimal(2))
    assert rules.mark(body, key, ["6"], stake) == Marked(False, Decimal(0))
    assert rules.mark(body, key, [right], Marking(Decimal(2), values=drawn)) == Marked(True, Decimal(2))
    assert kinds.fill_places("底 {a}，高 $\\frac{b}{2}$，{c}", {"a": "7", "b": "12"}) == "底 7，高 $\\frac{12}{2}$，{c}"
    assert "stem" in rules.check_stem("没有参数", body, key)


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os')",
        "a.b",
        "'x'*9",
        "a if a else 1",
        "9**9**9**9",
        "1/0",
        "f(2)",
        "a b",
        "[1][0]",
        "(" * 300,
        "lambda: 1",
        "True",
        "round(1, ndigits=2)",
    ],
)
def test_a_formula_is_arithmetic_and_nothing_else(formula: str) -> None:
    with pytest.raises(FormulaError):
        evaluate(formula, {"a": "1", "b": "2"})
    assert evaluate("２×(a+b)^2", {"a": "1", "b": "2"}) == 18


def test_a_case_with_a_written_part_waits_for_a_person_and_its_parts_share_the_score() -> None:
    body = {
        "parts": [*PARTS[0]["parts"], {"kind": "short_answer", "stem": "为什么？", "body": {"lines": 3}, "score": "2"}]
    }
    key = {"parts": [*PARTS[1]["parts"], SHORT[1]]}
    rules = kinds.of("case")
    assert isinstance(rules, Case)
    assert rules.check(body, key) == {}
    assert rules.needs_hand(body)
    given = rules.clean_given(body, [FILL[2], ["A"], ["因为"]])
    assert given is not None
    assert rules.mark(body, key, given, Marking(Decimal(5))) is None
    assert rules.mark_parts(body, key, given, Marking(Decimal(5))) == [
        Marked(True, Decimal(2)),
        Marked(False, Decimal(0)),
        None,
    ]
    assert sum(rules.part_scores(body, Decimal("0.1"))) == Decimal("0.1")
    nothing = rules.mark(body, key, [FILL[2]], Marking(Decimal(5)))
    assert nothing == Marked(False, Decimal(2))


@pytest.mark.parametrize(
    ("kind", "body", "key", "field"),
    [
        ("fill_in", {"blanks": 2}, {"blanks": [{"accepted": ["a"]}]}, "blanks"),
        ("fill_in", {"blanks": 1}, {"blanks": [{"accepted": ["a"], "tolerance": "很小"}]}, "tolerance-0"),
        ("fill_in", {"blanks": 1}, {"blanks": [{"accepted": ["甲"], "tolerance": "1"}]}, "accepted-0"),
        ("short_answer", {"lines": 0}, {"reference": "a"}, "lines"),
        ("short_answer", {"lines": 3}, {}, "reference"),
        ("calculation", {}, {"value": "好"}, "value"),
        ("calculation", {}, {"formula": "a+c", "parameters": {"a": {"low": "1", "high": "2", "step": "1"}}}, "formula"),
        ("calculation", {}, {"formula": "1/a", "parameters": {"a": {"low": "0", "high": "2", "step": "1"}}}, "formula"),
        ("calculation", {}, {"formula": "a", "parameters": {"a": {"low": "3", "high": "2", "step": "1"}}}, "low-0"),
        ("matching", {"left": ["甲", "甲"], "right": ["一", "二"]}, {"pairs": [0, 1]}, "left-1"),
        ("matching", {"left": ["甲", "乙"], "right": ["一", "二"]}, {"pairs": [0, 0]}, "pairs"),
        ("ordering", {"items": ["甲", "乙"]}, {"order": [0, 1]}, "order"),
        (
            "hotspot",
            {"asset": 1, "width": 9, "height": 9},
            {"areas": [{"shape": "rect", "coords": [5, 5, 1, 9]}]},
            "coords-0",
        ),
        ("hotspot", {}, {}, "asset"),
        ("case", {"parts": [{"kind": "case", "stem": "?", "body": {}, "score": "1"}]}, {"parts": [{}]}, "kind-0"),
        ("case", {"parts": [{"kind": "true_false", "stem": "", "body": {}, "score": "0"}]}, {"parts": [{}]}, "score-0"),
        ("practical", {"steps": [{"title": "", "points": "1"}], "minutes": 5}, {}, "title-0"),
        (
            "practical",
            {"steps": [{"title": "a", "points": "1"}], "minutes": 5},
            {"steps": [[{"text": "b"}]]},
            "deductions-0",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field(kind: str, body: dict[str, Any], key: dict[str, Any], field: str) -> None:
    wrong = kinds.of(kind).check(body, key)
    assert field in wrong
    assert all(words.endswith("。") for words in wrong.values())
