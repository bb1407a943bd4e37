"""Canonical JSON, with the examples of RFC 8785."""

import enum
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.tlog import canonical
from zhenxue.tlog.canonical import NotCanonical

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53 - 1), 2**53 - 1) | TEXT
KEYS = TEXT | st.text(alphabet=["a", "B", "_", "\ue000", "\uffff", "\U00010000", "\U0001f600"], max_size=3)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


def test_keys_are_sorted_by_utf16_units_as_in_rfc_8785_section_3_2_3() -> None:
    sample = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    written = json.loads(canonical.dumps(sample), object_pairs_hook=list)
    assert [value for _, value in written] == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_strings_are_escaped_as_in_rfc_8785_section_3_2_2_2() -> None:
    sample = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f", "literals": [None, True, False]}
    assert canonical.dumps(sample) == (
        b'{"literals":[null,true,false],"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical.dumps("\b\t\n\f\r\x00\x1f\x7f\u2028") == b'"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\xe2\x80\xa8"'
    assert canonical.dumps({"学员": "张*", "n": -7}) == '{"n":-7,"学员":"张*"}'.encode()


@given(VALUES)
def test_every_allowed_value_is_read_back_and_has_one_text(value: Any) -> None:
    text = canonical.dumps(value)
    assert canonical.loads(text) == value
    assert json.loads(text) == value


def written_by_hand(value: Any) -> str:
    """RFC 8785 once more, from its text: sections 3.2.2.1 to 3.2.3."""
    if isinstance(value, str):
        short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
        return '"' + "".join(short.get(ord(c)) or (c if c >= " " else f"\\u{ord(c):04x}") for c in value) + '"'
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: list(memoryview(key.encode("utf-16-be"))))
        return "{" + ",".join(f"{written_by_hand(key)}:{written_by_hand(value[key])}" for key in keys) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(written_by_hand(item) for item in value) + "]"
    return "null" if value is None else str(value).lower()


@given(VALUES)
def test_the_text_is_the_one_written_by_hand_from_the_rfc(value: Any) -> None:
    assert canonical.dumps(value).decode() == written_by_hand(value)


def test_words_and_lists_of_other_types_are_written_as_the_plain_ones() -> None:
    class Word(enum.StrEnum):
        ONE = "一"

    assert canonical.dumps({Word.ONE: (Word.ONE, "二")}) == canonical.dumps({"一": ["一", "二"]})


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NotCanonical, match="deep"):
        canonical.dumps(deep)
    with pytest.raises(NotCanonical, match="deep"):
        canonical.loads(b"[" * 2_000 + b"]" * 2_000)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (1.0, "$"),
        ({"a": [0, 1.5]}, "$.a[1]"),
        (2**53, "$"),
        (-(2**53), "$"),
        ({1: "a"}, "$"),
        ({"a": {"b": b"x"}}, "$.a.b"),
        ("\ud800", "$"),
        ({"\udfff": 1}, "$"),
        ({"a": {1, 2}}, "$.a"),
        (float("nan"), "$"),
    ],
)
def test_a_value_that_cannot_be_logged_is_refused_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(NotCanonical) as refusal:
        canonical.dumps(value)
    assert str(refusal.value).startswith(f"{place}:")


@pytest.mark.parametrize(
    "text", [b'{"b":1,"a":2}', b"[1, 2]", b"1.0", b"NaN", b'"\\u0041"', b"{", b"\xff", b'{"a":1,"a":1}', b"[" * 5000]
)
def test_json_in_another_form_is_not_read(text: bytes) -> None:
    with pytest.raises(NotCanonical):
        canonical.loads(text)
