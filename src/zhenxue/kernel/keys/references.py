"""How a setting names a key: the key itself, ``file:/path``, ``wrapped:base64`` (opened by the key service), or, for a
key that only signs, the service itself (``command:/path …``, ``https://…``)."""

import base64
import binascii
import re
from pathlib import Path

from zhenxue.kernel.keys.errors import KeyRefused
from zhenxue.kernel.keys.files import read_secret
from zhenxue.kernel.keys.holders import SeedKey, ServiceKey, SigningKey
from zhenxue.kernel.keys.services import KeyService, open_service

FILE = "file:"
WRAPPED = "wrapped:"
SERVICES = ("command:", "https://", "http://")
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)


def is_reference(text: str) -> bool:
    """Whether a text names a key instead of being one."""
    return text.startswith((FILE, WRAPPED, *SERVICES))


def read_one(text: str, service: KeyService | None = None) -> str:
    """The secret that is meant; raises ``KeyRefused``."""
    text = text.strip()
    if text.startswith(FILE):
        return read_secret(Path(text.removeprefix(FILE)))
    if text.startswith(WRAPPED):
        return _unwrap(text.removeprefix(WRAPPED), service)
    if text.startswith(SERVICES):
        raise KeyRefused("this key must be readable here; give it as file:, or wrapped: by the key service")
    return text


def read_list(text: str, service: KeyService | None = None) -> str:
    """A comma-separated list of secrets, each perhaps after ``id:``, with every reference replaced by what it means."""
    return ",".join(_read_item(item.strip(), service) for item in text.split(",") if item.strip())


def signing_key(text: str, *, token: str = "", service: KeyService | None = None) -> SigningKey:
    """An Ed25519 key: a seed of 64 hex digits (or a reference to one), or one that stays in its service."""
    text = text.strip()
    if text.startswith(SERVICES):
        return ServiceKey(open_service(text, token=token))
    seed = read_one(text, service)
    try:
        return SeedKey(bytes.fromhex(seed))
    except ValueError as error:
        raise KeyRefused("an Ed25519 seed has 64 hex digits") from error


def _read_item(item: str, service: KeyService | None) -> str:
    if is_reference(item):
        return read_one(item, service)
    key_id, colon, rest = item.partition(":")
    if not colon:
        return item
    if not KEY_ID.fullmatch(key_id):
        raise KeyRefused(f"{key_id[:40]!r} is no key id; letters, digits, - and _ only")
    secret = read_one(rest, service)
    if "," in secret or ":" in secret:
        raise KeyRefused(f"the key {key_id} holds a comma or a colon; make it with openssl rand -hex 32")
    return f"{key_id}:{secret}"


def _unwrap(packed: str, service: KeyService | None) -> str:
    if service is None:
        raise KeyRefused("a wrapped: key needs ZHENXUE_KEY_SERVICE, which opens it")
    try:
        raw = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyRefused("what stands after wrapped: is no base64") from error
    try:
        text = service.unwrap(raw).decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise KeyRefused(f"{service.name}: what it unwrapped is no key in text") from error
    if not text:
        raise KeyRefused(f"{service.name}: what it unwrapped is empty")
    return text
