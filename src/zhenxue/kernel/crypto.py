"""Field encryption and blind index for personal data (design.md §4 "Personal data").

A sealed value is text: ``v1.<cipher>.<key id>.<base64url of nonce + ciphertext + tag>``. The context (table and column)
is bound as associated data, so a value copied into another column does not open. Keys come from
``settings.FIELD_KEYS``: either one bare secret, or ``id:secret`` pairs separated by commas, newest first; older ones
only open. The blind index has keys of its own, ``settings.BLIND_INDEX_KEY``, newest first too: the first writes, all
are looked up. How keys are changed: ``kernel.resealing``, ``kernel.reindexing``, docs/how-to/keys.md.
"""

import base64
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12
TAG_BYTES = 16
CIPHERS = {"aes-256-gcm": 32, "sm4-gcm": 16}


#: What stands in the place of a value that nobody can open any more (``resealing.give_up``).
LOST = "（密钥遗失）"


class SealBroken(Exception):
    """A sealed value does not open: wrong key, wrong place, or edited."""


def seal(plain: str, *, context: str) -> str:
    """Encrypt text for one place (``table.column``); two calls never give the same value."""
    key_id, secret = _keys(settings.FIELD_KEYS)[0]
    cipher = settings.FIELD_CIPHER
    nonce = os.urandom(NONCE_BYTES)
    body = _encrypt(cipher, _derive(secret, cipher), nonce, plain.encode(), context.encode())
    return f"v1.{cipher}.{key_id}.{base64.urlsafe_b64encode(nonce + body).decode()}"


def unseal(sealed: str, *, context: str) -> str:
    """The text inside a sealed value; raises ``SealBroken`` when key, place or bytes do not fit."""
    try:
        version, cipher, key_id, packed = sealed.split(".", 3)
        secret = dict(_keys(settings.FIELD_KEYS))[key_id]
        raw = base64.urlsafe_b64decode(packed)
    except (ValueError, KeyError) as error:
        raise SealBroken(context) from error
    if version != "v1" or cipher not in CIPHERS:
        raise SealBroken(context)
    try:
        plain = _decrypt(cipher, _derive(secret, cipher), raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode())
    except InvalidTag as error:
        raise SealBroken(context) from error
    return plain.decode()


def needs_resealing(sealed: str) -> bool:
    """Whether a value was sealed under an older key or another cipher than the present one."""
    _, cipher, key_id, _ = sealed.split(".", 3)
    return (cipher, key_id) != (settings.FIELD_CIPHER, _keys(settings.FIELD_KEYS)[0][0])


def present_prefix() -> str:
    """How every value begins that is sealed under the newest key and the present cipher."""
    return f"v1.{settings.FIELD_CIPHER}.{field_key_ids()[0]}."


def key_id_of(sealed: str) -> str:
    """The id of the key that a sealed value needs; raises ``SealBroken`` when it is no sealed value."""
    parts = sealed.split(".", 3)
    if len(parts) != 4 or parts[0] != "v1":
        raise SealBroken("not a sealed value")
    return parts[2]


def field_key_ids() -> tuple[str, ...]:
    """The ids of the configured keys, newest first."""
    return tuple(key_id for key_id, _ in field_keys())


def field_keys() -> tuple[tuple[str, str], ...]:
    """(id, secret) of the configured keys, newest first; for fingerprints."""
    return _keys(settings.FIELD_KEYS)


def blind_index(plain: str, *, context: str) -> str:
    """A keyed digest (HMAC-SHA-256, hex) by which an encrypted value can be looked up but not read; newest key."""
    return _index(index_keys()[0], plain, context)


def blind_indexes(plain: str, *, context: str) -> list[str]:
    """Under every configured key, newest first: what a look-up has to ask for while the key is being changed."""
    return [_index(key, plain, context) for key in index_keys()]


def index_keys() -> tuple[str, ...]:
    """The configured keys of the blind index, newest first."""
    return _split(settings.BLIND_INDEX_KEY)


def _index(key: str, plain: str, context: str) -> str:
    return hmac.digest(key.encode(), f"{context}\0{plain}".encode(), "sha256").hex()


@lru_cache(maxsize=16)
def _split(configured: str) -> tuple[str, ...]:
    return tuple(key for key in (part.strip() for part in configured.split(",")) if key)


@lru_cache(maxsize=16)
def _keys(configured: str) -> tuple[tuple[str, str], ...]:
    pairs = [pair.strip().partition(":") for pair in configured.split(",") if pair.strip()]
    return tuple((head, tail) if colon else ("k1", head) for head, colon, tail in pairs)


@lru_cache(maxsize=64)
def _derive(secret: str, cipher: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=CIPHERS[cipher], salt=None, info=f"zhenxue field {cipher}".encode()).derive(
        secret.encode()
    )


@lru_cache(maxsize=64)
def _aes(key: bytes) -> AESGCM:
    """Set up once a key: a page opens a hundred values."""
    return AESGCM(key)


def _encrypt(cipher: str, key: bytes, nonce: bytes, plain: bytes, context: bytes) -> bytes:
    if cipher == "aes-256-gcm":
        return _aes(key).encrypt(nonce, plain, context)
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(context)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def _decrypt(cipher: str, key: bytes, nonce: bytes, body: bytes, context: bytes) -> bytes:
    if cipher == "aes-256-gcm":
        return _aes(key).decrypt(nonce, body, context)
    decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, body[-TAG_BYTES:])).decryptor()
    decryptor.authenticate_additional_data(context)
    return decryptor.update(body[:-TAG_BYTES]) + decryptor.finalize()
