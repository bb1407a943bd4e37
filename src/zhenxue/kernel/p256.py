"""Keys of devices as they travel: raw uncompressed points of P-256 (FIPS 186-5) and raw signatures ``r‖s``, what
WebCrypto speaks, in base64url without padding."""

from base64 import urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
POINT_BYTES, SIGNATURE_BYTES = 65, 64
ECDSA = ec.ECDSA(hashes.SHA256())
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding; empty when it is none."""
    try:
        raw = text.encode("ascii").translate(_TO_STANDARD)
        return a2b_base64(raw + b"=" * (-len(raw) % 4), strict_mode=True)
    except (UnicodeEncodeError, Base64Error):
        return b""


def point_text(key: ec.EllipticCurvePublicKey) -> str:
    """A public key as it travels."""
    return encode(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def read_point(text: str) -> ec.EllipticCurvePublicKey:
    """A public key that travelled; raises ``ValueError`` unless it is a raw uncompressed point in its one spelling."""
    raw = decode(text)
    if len(raw) != POINT_BYTES or raw[0] != 4 or encode(raw) != text:
        raise ValueError("a raw uncompressed P-256 point is needed")
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw)


def is_signed(public_key: str, text: bytes, signature: str) -> bool:
    """Whether ``signature`` (64 bytes ``r‖s``, ECDSA-SHA256) over ``text`` is by the holder of ``public_key``."""
    raw = decode(signature)
    if len(raw) != SIGNATURE_BYTES:
        return False
    try:
        known = read_point(public_key)
        known.verify(
            encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")), text, ECDSA
        )
    except (ValueError, InvalidSignature):
        return False
    return True
