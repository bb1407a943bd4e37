"""Proofs: the device's signature, the key of beats, challenges; each bound to what it is for."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenxue.kernel import p256
from zhenxue.ledger.data import Reason
from zhenxue.study import pageside, protocol
from zhenxue.study.pageside import Opening, SoftDevice
from zhenxue.study.protocol import Proof, refusals

KEY = protocol.ticket_key("secret")
NOW = 1_772_420_000_000


def challenge(**changes: object) -> str:
    values = {"sign_in_digest": "s", "enrolment_id": 1, "unit_id": 2, "now_ms": NOW}
    return protocol.make_challenge(KEY, **{**values, **changes})  # type: ignore[arg-type]  # one call for all variations


def is_ours(text: str, **changes: object) -> bool:
    values = {"sign_in_digest": "s", "enrolment_id": 1, "unit_id": 2, "now_ms": NOW}
    return protocol.read_challenge(KEY, text, **{**values, **changes})  # type: ignore[arg-type]  # see above


def test_a_challenge_is_good_for_its_sign_in_and_unit_and_for_two_minutes() -> None:
    made = challenge()
    assert is_ours(made)
    assert is_ours(made, now_ms=NOW + 120_000)
    assert not is_ours(made, now_ms=NOW + 120_001)
    assert not is_ours(made, now_ms=NOW - 1)
    for changes in ({"sign_in_digest": "t"}, {"enrolment_id": 9}, {"unit_id": 9}):
        assert not is_ours(made, **changes)
    assert not is_ours(made[:-1] + ("A" if made[-1] != "A" else "B"))
    assert not any(is_ours(text) for text in ("", "x", "é", "=" * 32, made + "A"))


def test_only_the_bound_device_can_sign_an_opening() -> None:
    device, other = SoftDevice(), SoftDevice()
    opening = Opening(device, challenge="c", enrolment_id=1, unit_id=2, tab="t")
    parts = {"challenge": "c", "enrolment_id": 1, "unit_id": 2, "tab": "t", "ephemeral": opening.ephemeral}
    text = protocol.opening_text(**parts)  # type: ignore[arg-type]  # one call for all variations
    assert p256.is_signed(device.public_key, text, opening.signature)
    assert not p256.is_signed(other.public_key, text, opening.signature)
    for name in parts:
        changed = protocol.opening_text(**{**parts, name: 77 if name.endswith("id") else "x"})  # type: ignore[arg-type]  # see above
        assert not p256.is_signed(device.public_key, changed, opening.signature)
    for wrong in ("", "AAAA", "é", opening.signature[:-2], "A" * 86):
        assert not p256.is_signed(device.public_key, text, wrong)
    assert not p256.is_signed("not a point", text, opening.signature)
    assert set(opening.form) == {"tab", "challenge", "ephemeral", "signature"}


def test_both_sides_agree_on_one_key_and_nobody_else_does() -> None:
    server = protocol.make_ephemeral()
    opening = Opening(SoftDevice(), challenge="c", enrolment_id=1, unit_id=2, tab="t")
    ours = protocol.agree(server, opening.ephemeral, challenge="c", session_id=7)
    assert opening.beat_key(p256.point_text(server.public_key()), 7) == ours
    assert protocol.agree(server, opening.ephemeral, challenge="d", session_id=7) != ours
    assert protocol.agree(server, opening.ephemeral, challenge="c", session_id=8) != ours
    for wrong in ("", "AAAA", "A" * 87, p256.encode(b"\x04" + b"\x01" * 64)):
        with pytest.raises(ValueError, match=r".+"):
            protocol.agree(server, wrong, challenge="c", session_id=7)


def test_a_beat_is_proven_by_its_very_bytes() -> None:
    key = bytes(range(32))
    body = json.dumps({"number": 1}).encode()
    header = pageside.proof(key, body).encode()
    assert len(header) == 43
    assert protocol.check_proof(key.hex(), body, header) is Proof.RIGHT
    assert protocol.check_proof(key.hex(), body + b" ", header) is Proof.WRONG
    assert protocol.check_proof(bytes(32).hex(), body, header) is Proof.WRONG
    assert protocol.check_proof("", body, header) is Proof.WRONG
    assert protocol.check_proof(key.hex(), body, b"") is Proof.MISSING
    assert protocol.check_proof(key.hex(), body, b"\xff" * 43) is Proof.WRONG


@settings(deadline=None)  # a busy machine is no fault
@given(st.binary(max_size=80))
def test_what_is_encoded_is_decoded(raw: bytes) -> None:
    assert p256.decode(p256.encode(raw)) == raw


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=100))
def test_any_text_may_come_as_a_proof(text: str) -> None:
    assert isinstance(p256.decode(text), bytes)
    assert not p256.is_signed(text, b"text", text)


def test_beats_without_proof_are_counted_all_and_kept_two_hundred() -> None:
    tally, kept = "{}", 0
    for number in range(300):
        tally, keep = refusals.note(tally, Reason.REPLAYED if number % 2 else Reason.DEVICE, 1_000, NOW + number)
        kept += keep
    assert kept == 200
    assert refusals.counts(tally) == {"device": 150, "replayed": 150}
    tally, waiting = refusals.take(tally)
    assert waiting == [(Reason.DEVICE, 150_000, NOW, NOW + 298), (Reason.REPLAYED, 150_000, NOW + 1, NOW + 299)]
    assert refusals.take(tally) == (tally, [])
    assert refusals.counts(tally) == {"device": 150, "replayed": 150}
