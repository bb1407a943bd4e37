"""Cosignatures (c2sp.org/tlog-cosignature): what a witness puts under a checkpoint, Ed25519, version 1, with the time.

A cosignature says: at this moment this tree was the largest that I have seen of this log, and it extends all I saw
before. The signed message is not the note text alone, so a witness's key can never be used as a log's key or the other
way round: its type byte is 0x04, which also goes into the key id.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from zhenxue.tlog import notes
from zhenxue.tlog.errors import NoteBroken

COSIGNATURE = b"\x04"  # signature type identifier byte
TIME_BYTES = 8
SIGNATURE_BYTES = 64
LATEST = 2**63 - 1  # the largest timestamp the format allows


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public key of a witness with its name. Equal name and key id mean the same key."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        notes.check_name(self.name)

    @classmethod
    def from_text(cls, text: str) -> "WitnessKey":
        """Reads ``name+key id+base64(0x04 ‖ key)``; raises ``NoteBroken`` when it does not fit."""
        name, _, rest = text.strip().partition("+")
        key_id, _, packed = rest.partition("+")
        raw = notes.decode(packed)
        if raw[:1] == notes.ED25519:
            raise NoteBroken("this is the key of a log, not of a witness")
        if raw[:1] != COSIGNATURE or len(raw) != 33:
            raise NoteBroken("the key is no Ed25519 key of a witness")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise NoteBroken("the key of the witness does not fit its key id")
        return key

    @classmethod
    def of(cls, signer: notes.Signer) -> "WitnessKey":
        """The public half of a witness's signer."""
        return cls(signer.verifier.name, signer.verifier.public)

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + COSIGNATURE + self.public).digest()[: notes.KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{notes.encode(COSIGNATURE + self.public)}"


def signed_message(checkpoint_text: str, at: int) -> bytes:
    """What a witness signs: two lines of its own, then the note text of the checkpoint."""
    return f"cosignature/v1\ntime {at}\n{checkpoint_text}".encode()


def cosign(checkpoint_text: str, signer: notes.Signer, at: int) -> str:
    """One signature line, with its newline, over the note text of a checkpoint; ``at`` in POSIX seconds."""
    if not checkpoint_text.endswith("\n") or "\n\n" in checkpoint_text:
        raise NoteBroken("only the text of a checkpoint is cosigned, without its signatures")
    if not 0 <= at <= LATEST:
        raise NoteBroken(f"{at} is no time of a cosignature")
    signature = at.to_bytes(TIME_BYTES, "big") + signer.sign_message(signed_message(checkpoint_text, at))
    return notes.signature_line(signer.verifier.name, WitnessKey.of(signer).key_id + signature)


def check_line(checkpoint_text: str, line: str, verifier: WitnessKey) -> int:
    """The time of one cosignature line; raises ``NoteBroken`` unless this witness made it for this text."""
    name, key_id, signature = notes.split_line(line.removesuffix("\n"))
    if (name, key_id) != (verifier.name, verifier.key_id):
        raise NoteBroken(f"the line is not of {verifier.name}")
    return _check(checkpoint_text, signature, verifier)


def check_cosignature(note: bytes | str, verifier: WitnessKey) -> int:
    """The time (POSIX seconds) at which this witness cosigned the note; of several lines the latest.

    Raises ``NoteBroken`` when the note is malformed, when it has no line of this witness, or when one does not fit.
    Checks no signature of the log: see ``checkpoints.open_signed``.
    """
    text, lines = notes.split_note(note)
    times = [
        _check(text, signature, verifier)
        for name, key_id, signature in lines
        if (name, key_id) == (verifier.name, verifier.key_id)
    ]
    if not times:
        raise NoteBroken(f"{verifier.name} has not cosigned this note")
    return max(times)


def add_lines(note: str, lines: Iterable[str]) -> str:
    """The note with more signature lines at its end."""
    return note + "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _check(text: str, signature: bytes, verifier: WitnessKey) -> int:
    if len(signature) != TIME_BYTES + SIGNATURE_BYTES:
        raise NoteBroken(f"the cosignature of {verifier.name} has {len(signature)} bytes")
    at = int.from_bytes(signature[:TIME_BYTES], "big")
    if at > LATEST:
        raise NoteBroken(f"the cosignature of {verifier.name} has a time that the format forbids")
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature[TIME_BYTES:], signed_message(text, at))
    except (InvalidSignature, ValueError) as error:
        raise NoteBroken(f"the cosignature of {verifier.name} does not fit") from error
    return at
