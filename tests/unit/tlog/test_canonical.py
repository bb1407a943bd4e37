"""Canonical JSON, with the examples of RFC 8785."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.tlog import canonical
from zhenxue.tlog.canonical import NotCanonical

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53 - 1), 2**53 - 1) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))


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
