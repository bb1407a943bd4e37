"""Signing keys (Ed25519): a seed in this process, or a key that stays where it is and only signs."""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from zhenxue.kernel.keys.errors import KeyRefused
from zhenxue.kernel.keys.services import KeyService

SEED_BYTES = 32


class SigningKey(Protocol):
    """What a log needs of a key: its public half (32 bytes) and signatures (64 bytes, RFC 8032)."""

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes:
        """Raises ``KeyRefused`` when there is no signature that is certainly right."""
        ...


class SeedKey:
    """A key from its 32-byte seed."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise KeyRefused(f"an Ed25519 seed has {SEED_BYTES} bytes (64 hex digits), not {len(seed)}")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class ServiceKey:
    """A key inside an HSM or KMS. Every signature is checked before it is handed on."""

    def __init__(self, service: KeyService) -> None:
        self._service = service
        self.public = service.public()
        try:
            self._verifier = Ed25519PublicKey.from_public_bytes(self.public)
        except ValueError as error:
            raise KeyRefused(f"{service.name}: the public key it names is no Ed25519 key") from error

    def sign(self, message: bytes) -> bytes:
        signature = self._service.sign(message)
        try:
            self._verifier.verify(signature, message)
        except InvalidSignature as error:
            raise KeyRefused(f"{self._service.name}: its signature does not fit its own public key") from error
        return signature
