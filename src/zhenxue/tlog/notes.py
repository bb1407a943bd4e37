"""Signed notes (c2sp.org/signed-note) with Ed25519 keys."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from zhenxue.tlog.errors import NoteBroken

ED25519 = b"\x01"  # signature type identifier byte
KEY_ID_BYTES = 4
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
SIGNATURE_START = "— "


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name. Equal name and key id mean the same key."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)

    @classmethod
    def from_text(cls, text: str) -> "Verifier":
        """Reads ``name+key id+key`` (hex, base64 of type byte and key); raises ``NoteBroken`` when it does not fit."""
        name, _, rest = text.strip().partition("+")
        key_id, _, packed = rest.partition("+")
        raw = decode(packed)
        if raw[:1] != ED25519 or len(raw) != 33:
            raise NoteBroken("the verifier key is no Ed25519 key")
        verifier = cls(name, raw[1:])
        if verifier.key_id.hex() != key_id:
            raise NoteBroken("the verifier key does not fit its key id")
        return verifier

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode(ED25519 + self.public)}"

    def check(self, text: str, signature: bytes) -> None:
        """Raises ``NoteBroken`` unless this key signed the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError) as error:
            raise NoteBroken(f"the signature of {self.name} does not fit") from error


class Signer:
    """A private key with its name."""

    def __init__(self, name: str, seed: bytes) -> None:
        """``seed`` is the 32-byte private key of RFC 8032."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def sign_message(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature over any bytes; formats other than plain notes build their lines from it."""
        return self._key.sign(message)

    def line(self, text: str) -> str:
        """The signature line of this key for a note text."""
        return signature_line(self.verifier.name, self.verifier.key_id + self.sign_message(text.encode()))


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose signatures were checked: its text, who of the trusted signed, and how many lines were not known."""

    text: str
    signed_by: tuple[Verifier, ...]
    unknown: int


def sign(text: str, *signers: Signer) -> str:
    """A signed note; the text must end in a newline."""
    _check_text(text)
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def open_note(note: bytes | str, trusted: Sequence[Verifier]) -> Note:
    """Checks a note; raises ``NoteBroken`` when malformed, when a trusted key's signature fails, or when none is there.

    Lines of unknown keys are counted and ignored, as the format demands.
    """
    text, lines = split_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in trusted}
    signed: list[Verifier] = []
    unknown = 0
    for name, key_id, signature in lines:
        verifier = known.get((name, key_id))
        if verifier is None:
            unknown += 1
            continue
        verifier.check(text, signature)
        if verifier not in signed:
            signed.append(verifier)
    if not signed:
        raise NoteBroken("no trusted key signed this note")
    return Note(text, tuple(signed), unknown)


def split_note(note: bytes | str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text and the (name, key id, signature) of each line, nothing checked but the form."""
    if isinstance(note, bytes):
        if len(note) > MAX_NOTE_BYTES:
            raise NoteBroken("the note is too long")
        try:
            note = note.decode()
        except UnicodeDecodeError as error:
            raise NoteBroken("the note is no UTF-8") from error
    if any(character < " " and character != "\n" for character in note):
        raise NoteBroken("the note holds control characters")
    head, gap, tail = note.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise NoteBroken("the note has no signatures")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteBroken("the note has too many signatures")
    return head + "\n", [split_line(line) for line in lines]


def split_line(line: str) -> tuple[str, bytes, bytes]:
    """(name, key id, signature) of one signature line without its newline; checks its form alone."""
    name, space, packed = line.removeprefix(SIGNATURE_START).partition(" ")
    if not line.startswith(SIGNATURE_START) or not space:
        raise NoteBroken("a signature line is malformed")
    check_name(name)
    raw = decode(packed)
    if len(raw) <= KEY_ID_BYTES:
        raise NoteBroken("a signature is too short")
    return name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:]


def signature_line(name: str, raw: bytes) -> str:
    """One signature line with its newline; ``raw`` is key id and signature."""
    return f"{SIGNATURE_START}{name} {encode(raw)}\n"


def check_name(name: str) -> None:
    """Raises ``NoteBroken`` for a key name that is empty or holds a blank, a plus sign or a control character."""
    if not name or "+" in name or any(character.isspace() or character < " " for character in name):
        raise NoteBroken(f"{name!r} is no key name")


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(character < " " and character != "\n" for character in text):
        raise NoteBroken("the text must end in a newline and hold no control characters")


def encode(raw: bytes) -> str:
    """Base64 as all these formats write it."""
    return base64.b64encode(raw).decode()


def decode(packed: str) -> bytes:
    """Reads the one right spelling of base64; raises ``NoteBroken`` for any other."""
    try:
        raw = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteBroken("not base64") from error
    if encode(raw) != packed:
        raise NoteBroken("not canonical base64")
    return raw
