"""Patterns by which the tool takes the lines of a dossier quickly: they and the long way find the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zhenxue_verify as tool
from tests.support import dossiers as make
from zhenxue.tlog import canonical

BODY = {
    "day": "2026-03-02",
    "few": [],
    "list": [["a", 1], [None], 2],
    "n": -5,
    "of": {"a": True, "b": "课"},
    "text": "第",
}
#: What may stand where a value should stand, before its quotation marks are escaped for the line.
CANONICAL = (
    r'0 -1 999999999999999 9007199254740991 null "" "人\"\\" "\n" [] [0,[1,"2",null],[]]'
    r' [[[1]]] [{"a":1}] {"a":{"b":1}}'
)
FORGED = (
    r'-0 00 01 -01 +1 1.0 1e3 9007199254740992 99999999999999999999 NaN -Infinity True [1,] [,1] [1 1} "\u0041" "\/"'
    r' "\x" "a"b" 1,"n":1 1,"a":1 1},"x":{ {"b":1,"a":1} {"a":1,"a":1} {"a":1,}'
)
VALUES = dict.fromkeys([*CANONICAL.split(" "), '"\x7f: 1 /"'], True) | dict.fromkeys(
    [*FORGED.split(" "), "", " 1", "1 ", "[1, 2]", '"\t"', "'1'"], False
)
PLACES = {
    "n": b"-5",
    "list": b'[[\\"a\\",1],[null],2]',
    "list in a list": b"[null]",
    "of": b"true",
    "text": '\\"第\\"'.encode(),
}


@pytest.mark.parametrize("where", PLACES)
def test_a_pattern_takes_what_is_canonical_and_nothing_else(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = make.entry_row(3, body=BODY)
    line = canonical.dumps(row)
    for value, is_canonical in VALUES.items():
        monkeypatch.setattr(tool, "SHAPES", tool.Shapes(often=1))
        assert_same_by_pattern(line)
        assert tool.SHAPES.match(line)
        put = value.replace("\\", "\\\\").replace('"', '\\"').encode()
        forged = let_digest_follow(line.replace(PLACES[where], put, 1), row["salt"])
        assert assert_same_by_pattern(forged) == is_canonical, value


BITS = st.sampled_from(
    [b"", b" ", b'"', b'\\"', b"\\", b"0", b"[", b"]", b"{", b"}", b",", b":", b"\n", b"\xff", b"\xed\xa0\x80"]
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 1500), st.integers(0, 12), BITS | st.binary(max_size=3), st.booleans(), st.booleans())
def test_a_pattern_and_the_long_way_find_the_same(
    place: int, cut: int, bit: bytes, is_open: bool, follows: bool
) -> None:
    row = make.entry_row(3, body=BODY)
    if not is_open:
        row["private"]["actor"] = "withheld"
    line = canonical.dumps(row)
    start, end = (89, line.index(b'","number":')) if follows else (0, len(line))
    place = start + place % (end - start)
    forged = line[:place] + bit + line[min(place + cut, end) :]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool, "SHAPES", tool.Shapes(often=1))
        assert assert_same_by_pattern(line)
        assert_same_by_pattern(let_digest_follow(forged, row["salt"]) if follows else forged)


def let_digest_follow(line: bytes, salt: str) -> bytes:
    """The line with the digest of its text, read as JSON where it can be, else by taking the backslashes out."""
    text = line[88 : line.rindex(b',"number":')]
    try:
        plain = json.loads(text).encode()
    except ValueError:
        plain = text[1:-1].translate(None, b"\\")
    return line[:11] + make.digest(bytes.fromhex(salt) + plain).encode() + line[75:]


def assert_same_by_pattern(line: bytes) -> bool:
    """Patterns and the long way find the same: whether they took the line."""
    frame = tool.Frame("cohort:1", 9, make.NOW.timestamp())
    quick = tool.take_batch(line, [line], frame)
    (slow,) = tool.take_rows(1, [line], frame.ref)
    is_good = not slow.faults and slow.is_about and slow.number <= frame.size and slow.at <= frame.latest
    assert (quick is not None) == is_good
    if quick is not None:
        assert (quick.numbers, quick.leaves) == ([slow.number], slow.leaf)
        assert (quick.since, quick.until) == (slow.at, slow.at)
        assert (quick.withheld, quick.erased) == (slow.withheld, slow.erased)
    return is_good
