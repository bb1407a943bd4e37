"""Encrypted parts of a backup: AES-256-GCM in chunks (the STREAM construction), so that nothing is ever held whole.

A part is ``MAGIC``, a salt of 32 bytes, then chunks of 64 KiB, each with its tag. The key of a part is HKDF-SHA-256 of
the backup key with the salt and the names of backup and part; the nonce is the chunk's number and whether it is the
last. So a part that was cut, re-ordered, renamed or taken from another backup does not open.
"""

import hmac
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zhenxue.config.backups.errors import BackupError

MAGIC = b"zhenxue backup 1\n"
SALT_BYTES = 32
CHUNK = 64 * 1024
TAG_BYTES = 16
ENDING = ".sealed"


class SealingWriter:
    """A stream to write to; ``close`` must be called for the part to be whole."""

    def __init__(self, stream: BinaryIO, *, secret: str, name: str) -> None:
        salt = os.urandom(SALT_BYTES)
        self._stream = stream
        self._cipher = AESGCM(_key(secret, salt, name))
        self._held = bytearray()
        self._number = 0
        stream.write(MAGIC + salt)

    def write(self, content: bytes) -> int:
        self._held += content
        while len(self._held) > CHUNK:  # one is kept back: the last one is marked
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(content)

    def close(self) -> None:
        """Writes the last chunk; the stream below stays open."""
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def _put(self, plain: bytes, *, last: bool) -> None:
        self._stream.write(self._cipher.encrypt(_nonce(self._number, last), plain, None))
        self._number += 1


class OpeningReader:
    """Reads what ``SealingWriter`` wrote; raises ``BackupError`` at the first byte that is not certainly right."""

    def __init__(self, stream: BinaryIO, *, secret: str, name: str) -> None:
        self._stream = stream
        self._name = name
        if stream.read(len(MAGIC)) != MAGIC:
            raise BackupError(f"{name} is no encrypted part of a backup")
        self._cipher = AESGCM(_key(secret, stream.read(SALT_BYTES), name))
        self._next = stream.read(CHUNK + TAG_BYTES)
        self._held = bytearray()
        self._number = 0
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._held) < size):
            self._take()
        count = len(self._held) if size < 0 else size
        given = bytes(self._held[:count])
        del self._held[:count]
        return given

    def _take(self) -> None:
        sealed, self._next = self._next, self._stream.read(CHUNK + TAG_BYTES)
        last = not self._next
        try:
            self._held += self._cipher.decrypt(_nonce(self._number, last), sealed, None)
        except InvalidTag as error:
            raise BackupError(f"{self._name} does not open: another key, or it was cut or changed") from error
        self._number += 1
        self._ended = last


def mac(secret: str, content: bytes) -> str:
    """What stands beside a manifest that was made with a key."""
    return hmac.digest(_key(secret, b"", "manifest"), content, "sha256").hex()


def _key(secret: str, salt: bytes, name: str) -> bytes:
    info = f"zhenxue backup 1\0{name}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=salt or None, info=info).derive(secret.encode())


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
