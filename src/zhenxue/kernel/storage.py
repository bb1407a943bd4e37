"""The file store: a folder (``settings.FILES_FOLDER``) whose files are named by relative paths and never escape it."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.conf import settings

PIECE_BYTES = 256 * 1024
#: What must stay free on the disk after a file was accepted; databases and logs live there too.
RESERVE_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store: its relative path, its size, and the SHA-256 of its bytes in hex."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A file (or folder) that a row says is there, with what the row knows of it; ``owner`` is the row, for people."""

    path: str
    owner: str
    size_bytes: int | None = None
    sha256: str = ""


_claims: dict[str, Callable[[], Iterable[Claim]]] = {}


def register_claims(name: str, claims: Callable[[], Iterable[Claim]]) -> None:
    """Announce in ``apps.ready()`` which files the rows of an app need; what they say is checked after a restore."""
    _claims[name] = claims


def check_claims(*, digests: bool = False) -> Iterator[str]:
    """A sentence for every file that is missing or not what its row says; with ``digests`` every byte is read."""
    for name, claims in sorted(_claims.items()):
        for claim in claims():
            full = full_path(claim.path)
            if not full.exists():
                yield f"{name} {claim.owner}: {claim.path} is missing"
            elif claim.size_bytes is not None and full.stat().st_size != claim.size_bytes:
                yield f"{name} {claim.owner}: {claim.path} has {full.stat().st_size} bytes, not {claim.size_bytes}"
            elif digests and claim.sha256 and digest_of(full) != claim.sha256:
                yield f"{name} {claim.owner}: {claim.path} was changed"


class OutsideStoreError(ValueError):
    """A path that would leave the store; always a bug or an attack, never shown to people."""


def full_path(path: str) -> Path:
    """The absolute path of a relative one; ``OutsideStoreError`` for an absolute one, ``..`` or a link leading out."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or "\\" in path or "\0" in path or ".." in parts:
        raise OutsideStoreError(path)
    root = Path(settings.FILES_FOLDER).resolve()
    full = (root / path).resolve()
    if full == root or root not in full.parents:
        raise OutsideStoreError(path)
    return full


def new_name(suffix: str = "") -> str:
    """An unguessable file name; what people call their files is kept in the database, never on the disk."""
    return uuid.uuid4().hex + suffix


def store_stream(folder: str, name: str, chunks: Iterable[bytes]) -> Stored:
    """Write chunks as ``folder/name``; whole or not at all, on the disk before it returns, memory of one chunk."""
    target = full_path(f"{folder}/{name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    digest, size = hashlib.sha256(), 0
    try:
        with part.open("xb") as stream:
            for chunk in chunks:
                stream.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return Stored(f"{folder}/{name}", size, digest.hexdigest())


def adopt(source: Path, folder: str, name: str) -> str:
    """Move a finished file or folder that lies on the same disk into the store, atomically; gives the relative path."""
    target = full_path(f"{folder}/{name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    return f"{folder}/{name}"


def open_file(path: str) -> BinaryIO:
    """Open for reading; raises ``FileNotFoundError``."""
    return full_path(path).open("rb")


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes, a quarter of a megabyte at a time."""
    with path.open("rb") as stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece


def digest_of(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def delete(path: str) -> None:
    """Remove a file or a folder; nothing happens when it is gone already."""
    full = full_path(path)
    if full.is_dir():
        shutil.rmtree(full, ignore_errors=True)
    else:
        full.unlink(missing_ok=True)


def has_room_for(size_bytes: int) -> bool:
    """Whether a file of that size fits and leaves ``RESERVE_BYTES`` free."""
    root = Path(settings.FILES_FOLDER)
    root.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(root).free - size_bytes >= RESERVE_BYTES
