"""Signed notes and checkpoints, with the examples of the specifications' own forms and hostile input."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.tlog import checkpoints, notes
from zhenxue.tlog.checkpoints import Checkpoint
from zhenxue.tlog.errors import NoteBroken

SIGNER = notes.Signer("log.example/demo", bytes(range(32)))
OTHER = notes.Signer("log.example/demo", bytes(32))
WITNESS = notes.Signer("witness.example/w", b"w" * 32)
ROOT = b"\x07" * 32
HEAD = Checkpoint("log.example/demo", 12, ROOT)


def test_a_checkpoint_is_written_byte_for_byte_as_always() -> None:
    assert checkpoints.sign(HEAD, SIGNER) == (
        "log.example/demo\n12\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n"
        "— log.example/demo "
        + base64.b64encode(SIGNER.verifier.key_id + SIGNER._key.sign(HEAD.text().encode())).decode()
        + "\n"
    )


def test_a_signed_checkpoint_opens_with_its_key_and_origin_only() -> None:
    note = checkpoints.sign(HEAD, WITNESS, SIGNER)
    assert checkpoints.open_signed(note, origin=HEAD.origin, log=SIGNER.verifier) == HEAD
    assert checkpoints.open_signed(note.encode(), origin=HEAD.origin, log=SIGNER.verifier) == HEAD
    for origin, log in ((HEAD.origin, OTHER.verifier), ("log.example/other", SIGNER.verifier)):
        with pytest.raises(NoteBroken):
            checkpoints.open_signed(note, origin=origin, log=log)


def test_unknown_signatures_are_ignored_and_a_false_one_of_a_known_key_refuses_the_note() -> None:
    opened = notes.open_note(notes.sign("a\n", OTHER, SIGNER), [SIGNER.verifier])
    assert (opened.text, opened.signed_by, opened.unknown) == ("a\n", (SIGNER.verifier,), 1)
    forged = notes.sign("a\n", SIGNER).replace("a\n", "b\n", 1)
    with pytest.raises(NoteBroken, match="does not fit"):
        notes.open_note(forged, [SIGNER.verifier])
    with pytest.raises(NoteBroken, match="no trusted key"):
        notes.open_note(notes.sign("a\n", OTHER), [SIGNER.verifier])


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), max_size=80))
def test_any_text_without_control_characters_is_signed_and_read_back(text: str) -> None:
    note = notes.sign(f"{text}\n\n{text}\n", SIGNER)
    assert notes.open_note(note, [SIGNER.verifier]).text == f"{text}\n\n{text}\n"


@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_the_reader_crash(junk: bytes) -> None:
    for note in (junk, notes.sign("a\n", SIGNER).encode() + junk):
        try:
            notes.open_note(note, [SIGNER.verifier])
        except NoteBroken:
            continue
        assert note == notes.sign("a\n", SIGNER).encode()


@pytest.mark.parametrize(
    "note",
    [
        "a\n",
        "a\n\n",
        "a\n\n— name\n",
        "a\n\n— name AAAA\n",
        "a\n\n— na+me AAAAAAAA\n",
        "a\n\n- name AAAAAAAA\n",
        "a\n\n— name AAAAAAAA",
        "a\n\n— name AAAAAAB=\n",
        "a\n\n— name !!!!\n",
        "a\r\n\n— name AAAAAAAA\n",
        b"\xff\n\n",
        b"a\n" * 600_000,
        "a\n\n" + "— name AAAAAAAA\n" * 101,
    ],
)
def test_a_malformed_note_is_refused(note: str | bytes) -> None:
    with pytest.raises(NoteBroken):
        notes.split_note(note)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb", "a\x01"])
def test_a_bad_key_name_is_refused(name: str) -> None:
    with pytest.raises(NoteBroken):
        notes.Signer(name, bytes(32))
    with pytest.raises(NoteBroken):
        notes.sign("no newline at the end", SIGNER)


def test_a_verifier_key_is_read_back_and_a_false_one_refused() -> None:
    text = str(SIGNER.verifier)
    assert notes.Verifier.from_text(text) == SIGNER.verifier
    key = text.rpartition("+")[2]
    for wrong in ("", "a", f"log.example/other+{SIGNER.verifier.key_id.hex()}+{key}", text[:-4], text + "="):
        with pytest.raises(NoteBroken):
            notes.Verifier.from_text(wrong)


def test_a_checkpoint_keeps_extensions_and_the_empty_tree() -> None:
    for head in (Checkpoint("o", 0, ROOT), Checkpoint("o", 10**18, ROOT, ("ext", "more"))):
        assert checkpoints.parse(head.text()) == head


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "o\n١\n" + "A" * 43 + "=\n",
        "\n1\n" + "A" * 43 + "=\n",
        "o\n1\nAAAA\n",
        "o\n1\n*\n",
        "o\n1\n" + "A" * 43 + "=",
        "o\n1\n" + "A" * 42 + "B=\n",
        "o\n1\n" + "A" * 43 + "=\n\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteBroken):
        checkpoints.parse(text)
