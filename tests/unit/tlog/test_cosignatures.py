"""Cosignatures and the forms of the witness protocol: byte for byte, by an independent reader, and hostile bytes."""

import base64

import pytest
from aics_tlog.cosign import cosignature_vkey, sign_cosignature, verify_cosignature
from aics_tlog.note import format_vkey, parse_note, parse_vkey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.tlog import checkpoints, notes, witnessing
from zhenxue.tlog.checkpoints import Checkpoint
from zhenxue.tlog.cosignatures import LATEST, WitnessKey, add_lines, check_cosignature, check_line, cosign
from zhenxue.tlog.errors import LogError, NoteBroken, RequestBroken
from zhenxue.tlog.witnessing import AddCheckpoint

LOG = notes.Signer("log.example/demo", bytes(range(32)))
BUREAU = notes.Signer("witness.example/bureau", b"w" * 32)
OTHER = notes.Signer("witness.example/bureau", b"x" * 32)
KEY = WitnessKey.of(BUREAU)
HEAD = Checkpoint("log.example/demo", 12, b"\x07" * 32)
NOTE = checkpoints.sign(HEAD, LOG)
AT = 1_679_315_147


def test_a_cosignature_is_over_two_lines_of_its_own_and_the_note_text() -> None:
    line = cosign(HEAD.text(), BUREAU, AT)
    message = f"cosignature/v1\ntime {AT}\n{HEAD.text()}".encode()
    raw = KEY.key_id + AT.to_bytes(8, "big") + BUREAU.sign_message(message)
    assert line == f"— witness.example/bureau {base64.b64encode(raw).decode()}\n"
    assert check_line(HEAD.text(), line, KEY) == AT
    assert check_cosignature(NOTE + line, KEY) == AT
    assert check_cosignature(add_lines(NOTE, [line, cosign(HEAD.text(), BUREAU, AT + 5)]), KEY) == AT + 5
    for text, key in ((HEAD.text() + "x\n", KEY), (HEAD.text(), WitnessKey.of(OTHER))):
        with pytest.raises(NoteBroken):
            check_line(text, line, key)
    with pytest.raises(NoteBroken, match="has not cosigned"):
        check_cosignature(NOTE, KEY)


def test_the_log_still_opens_a_note_that_witnesses_cosigned() -> None:
    note = add_lines(NOTE, [cosign(HEAD.text(), BUREAU, AT), cosign(HEAD.text(), OTHER, AT)])
    assert checkpoints.open_signed(note, origin=HEAD.origin, log=LOG.verifier) == HEAD


def test_a_cosignature_with_another_time_or_cut_off_is_refused() -> None:
    line = cosign(HEAD.text(), BUREAU, AT)
    name, key_id, signature = notes.split_line(line[:-1])
    for raw in (
        (AT + 1).to_bytes(8, "big") + signature[8:],
        (LATEST + 1).to_bytes(8, "big") + signature[8:],
        signature[:-1],
        signature + b"\0",
        signature[:8] + bytes(64),
    ):
        with pytest.raises(NoteBroken):
            check_cosignature(NOTE + notes.signature_line(name, key_id + raw), KEY)
    for at in (-1, LATEST + 1):
        with pytest.raises(NoteBroken):
            cosign(HEAD.text(), BUREAU, at)
    with pytest.raises(NoteBroken):
        cosign(NOTE, BUREAU, AT)


def test_an_independent_library_reads_our_cosignature_and_we_read_its() -> None:
    theirs = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    assert str(KEY) == format_vkey(cosignature_vkey(KEY.name, theirs.public_key()))
    line = parse_note(NOTE + cosign(HEAD.text(), BUREAU, AT)).signatures[-1]
    assert line.key_id == parse_vkey(str(KEY)).key_id
    assert verify_cosignature(line.signature, KEY.name, KEY.public, HEAD.origin, HEAD.size, HEAD.root)
    _, made = sign_cosignature(theirs, KEY.name, AT, HEAD.origin, HEAD.size, HEAD.root, ())
    assert check_line(HEAD.text(), notes.signature_line(made.name, made.key_id + made.signature), KEY) == AT


def test_the_key_of_a_witness_reads_back_and_no_other_text_does() -> None:
    assert WitnessKey.from_text(f" {KEY}\n") == KEY
    name, key_id, packed = str(KEY).split("+", 2)
    for text in ("", name, f"{name}+00000000+{packed}", f"{name}+{key_id}+AAAA", f"+{key_id}+{packed}", f"{KEY}A"):
        with pytest.raises(NoteBroken):
            WitnessKey.from_text(text)
    with pytest.raises(NoteBroken, match="of a log"):
        WitnessKey.from_text(str(LOG.verifier))


def test_a_request_is_written_and_read_back_byte_for_byte() -> None:
    hashes = (b"\x01" * 32, b"\x02" * 32)
    request = AddCheckpoint(3, hashes, NOTE)
    lines = "".join(f"{base64.b64encode(item).decode()}\n" for item in hashes)
    assert request.body() == f"old 3\n{lines}\n{NOTE}".encode()
    assert witnessing.read_request(request.body()) == request
    assert witnessing.read_request(AddCheckpoint(0, (), NOTE).body()).checkpoint == HEAD


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"old 3\n",
        f"old 03\n\n{NOTE}".encode(),
        f"old -1\n\n{NOTE}".encode(),
        f"old  3\n\n{NOTE}".encode(),
        f"old 3\r\n\n{NOTE}".encode(),
        f"old 3\nAAAA\n\n{NOTE}".encode(),
        f"old 3\n\n{HEAD.text()}".encode(),
        f"old 3\n\n{NOTE[:-1]}".encode(),
        f"old 3\n\n{NOTE.replace('12', '012', 1)}".encode(),
        AddCheckpoint(3, (b"\0" * 32,) * 64, NOTE).body(),
        AddCheckpoint(3, (b"\0" * 31,), NOTE).body(),
        b"old 3\n\n" + b"a" * witnessing.MAX_REQUEST_BYTES,
    ],
)
def test_any_other_form_of_a_request_is_refused(body: bytes) -> None:
    with pytest.raises(RequestBroken):
        witnessing.read_request(body)


def test_answers_are_read_strictly() -> None:
    assert witnessing.read_size(witnessing.write_size(0)) == 0
    assert witnessing.read_size(b"20852014\n") == 20852014
    for body in (b"", b"12", b"012\n", b"-1\n", b"12\n\n", b"1" * 20 + b"\n"):
        with pytest.raises(RequestBroken):
            witnessing.read_size(body)
    line = cosign(HEAD.text(), BUREAU, AT)
    assert witnessing.read_lines((line + line).encode()) == [line, line]
    for body in (b"", b"\n", b"hello\n", line[:-1].encode(), b"\xff\n", line.encode() * 101):
        with pytest.raises(RequestBroken):
            witnessing.read_lines(body)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_a_reader_crash(junk: bytes) -> None:
    for body in (junk, b"old 1\n" + junk, AddCheckpoint(1, (), NOTE).body() + junk, NOTE.encode() + junk):
        for read in (witnessing.read_request, witnessing.read_size, witnessing.read_lines):
            try:
                read(body)
            except RequestBroken:
                continue
        try:
            check_cosignature(body, KEY)
        except LogError:
            continue


@given(st.text(max_size=120))
def test_no_text_at_all_makes_the_reader_of_keys_crash(junk: str) -> None:
    for text in (junk, f"{KEY.name}+{junk}", f"{str(KEY)[:-4]}{junk}"):
        try:
            WitnessKey.from_text(text)
        except LogError:
            continue
