"""Proofs of a study session: one-use tickets, the device's signature at opening, the key and the HMAC of beats.

P-256 points travel as raw uncompressed points, signatures as raw ``r‖s`` (what WebCrypto speaks), both in base64url
without padding.
"""

import functools
import hashlib
import hmac
from binascii import b2a_base64

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zhenxue.kernel.p256 import CURVE, decode, encode, read_point
from zhenxue.study.protocol.shapes import Proof

#: How long a page may take to sign a challenge.
CHALLENGE_MS = 120_000
_TO_URL = bytes.maketrans(b"+/", b"-_")


_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_PADDING = "00" * 32


class Mac:
    """HMAC-SHA256 (RFC 2104) of many messages under one key, whose two blocks are hashed once."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def digest(self, message: bytes) -> bytes:
        """What ``hmac.digest(key, message, "sha256")`` gives, in less than half of its time."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


@functools.lru_cache(maxsize=8)
def _mac(key: bytes) -> Mac:
    """The server's own keys, which are few."""
    return Mac(key)


def digest(ticket: str) -> str:
    """What is stored of a ticket: SHA-256 in hex."""
    return hashlib.sha256(ticket.encode("utf-8", "replace")).hexdigest()


def sign_in_digest(session_key: str | bytes) -> str:
    """How a sign-in is written into a study session: SHA-256 of the cookie's value in hex."""
    raw = session_key.encode() if isinstance(session_key, str) else session_key
    return hashlib.sha256(raw).hexdigest()


def ticket_key(secret: str) -> bytes:
    """The key that tickets, challenges and checks are made with, derived from the site's secret for study alone."""
    return hmac.digest(secret.encode(), b"zhenxue study ticket v1", "sha256")


def make_ticket(key: bytes, *, session_id: int, unit_id: int, number: int, position_ms: int, previous: str) -> str:
    """The ticket for beat ``number``: bound to session, unit and position, chained to the ticket before it."""
    text = f"{session_id}.{unit_id}.{number}.{position_ms}.{previous}".encode("utf-8", "replace")
    return b2a_base64(_mac(key).digest(text)[:24], newline=False).translate(_TO_URL).decode()


def make_challenge(key: bytes, *, sign_in_digest: str, enrolment_id: int, unit_id: int, now_ms: int) -> str:
    """What the device has to sign to open one unit: stateless, for this sign-in only, good for two minutes."""
    moment = now_ms.to_bytes(8, "big")
    text = f"study challenge v1|{now_ms}|{sign_in_digest}|{enrolment_id}|{unit_id}".encode()
    return encode(moment + hmac.digest(key, text, "sha256")[:16])


def read_challenge(
    key: bytes, challenge: str, *, sign_in_digest: str, enrolment_id: int, unit_id: int, now_ms: int
) -> bool:
    """Whether this is a challenge of ours for that sign-in and unit, made within the last two minutes."""
    raw = decode(challenge)
    if len(raw) != 24:
        return False
    made_ms = int.from_bytes(raw[:8], "big")
    right = make_challenge(
        key, sign_in_digest=sign_in_digest, enrolment_id=enrolment_id, unit_id=unit_id, now_ms=made_ms
    )
    return hmac.compare_digest(right.encode(), challenge.encode()) and 0 <= now_ms - made_ms <= CHALLENGE_MS


def opening_text(*, challenge: str, enrolment_id: int, unit_id: int, tab: str, ephemeral: str) -> bytes:
    """The text that the device signs to open a session."""
    return f"zhenxue study open v1\n{challenge}\n{enrolment_id}\n{unit_id}\n{tab}\n{ephemeral}".encode()


def make_ephemeral() -> ec.EllipticCurvePrivateKey:
    """A key pair for one agreement."""
    return ec.generate_private_key(CURVE)


def agree(private: ec.EllipticCurvePrivateKey, other: str, *, challenge: str, session_id: int) -> bytes:
    """The 32-byte key of a session's beats, the same on both sides; raises ``ValueError`` for a point that is none."""
    shared = private.exchange(ec.ECDH(), read_point(other))
    info = f"zhenxue beat key v1\n{session_id}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=challenge.encode(), info=info).derive(shared)


def beat_proof(beat_key: bytes, body: bytes) -> str:
    """``X-Beat-Proof``: HMAC-SHA256 of the very bytes of the body."""
    return encode(hmac.digest(beat_key, body, "sha256"))


def check_proof(beat_key_hex: str, body: bytes, header: bytes) -> Proof:
    """What a header proves; without an agreed key nothing does."""
    if not header:
        return Proof.MISSING
    if len(beat_key_hex) != 64:
        return Proof.WRONG
    block = bytes.fromhex(beat_key_hex + _PADDING)  # HMAC-SHA256 by hand: OpenSSL's costs twice as much
    mac = hashlib.sha256(block.translate(_OUTER) + hashlib.sha256(block.translate(_INNER) + body).digest()).digest()
    right = b2a_base64(mac, newline=False).translate(_TO_URL)[:43]
    return Proof.RIGHT if hmac.compare_digest(right, header) else Proof.WRONG
