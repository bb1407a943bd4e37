"""The manifest of a backup: what it holds, of which moment, and the digest of every part."""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from zhenxue.config.backups import sealing
from zhenxue.config.backups.databases import POSTGRES_PART, SQLITE_PART
from zhenxue.config.backups.errors import BackupError
from zhenxue.config.backups.facts import Facts

FILE = "manifest.json"
MAC_FILE = "manifest.mac"  # HMAC under the backup key; SHA-256 for a plain backup
FORMAT = 2
FILES_PART = "files.tar"
SECRETS_PART = "secrets.tar"
PLAIN_PARTS = frozenset({SQLITE_PART, POSTGRES_PART, FILES_PART, SECRETS_PART, "checkpoint"})
PARTS = PLAIN_PARTS | {name + sealing.ENDING for name in PLAIN_PARTS}


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``made_at`` in UTC; ``key``: fingerprint of the key that encrypted it, empty for a plain one."""

    name: str
    made_at: str
    database: str
    server: str
    origin: str
    keys: list[str]
    facts: Facts
    files: int
    file_bytes: int
    key: str
    parts: dict[str, Part]
    format: int = FORMAT

    def part(self, plain: str) -> str:
        """The file that holds a part; raises ``BackupError`` when there is none."""
        for name in (plain, plain + sealing.ENDING):
            if name in self.parts:
                return name
        raise BackupError(f"the backup {self.name} has no {plain}")


def write(folder: Path, manifest: Manifest) -> None:
    """The manifest and its MAC (without a key its digest: that finds damage, not malice)."""
    raw = (json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n").encode()
    (folder / FILE).write_bytes(raw)
    told = sealing.mac(settings.BACKUP_KEY, raw) if manifest.key else hashlib.sha256(raw).hexdigest()
    (folder / MAC_FILE).write_text(told)


def check(folder: Path, *, plain: bool = False) -> Manifest:
    """The manifest, after comparing every part with it; changes nothing. Raises ``BackupError``.

    Where ``ZHENXUE_BACKUP_KEY`` is set, a manifest without the MAC of that key is refused; ``plain`` accepts a backup
    that was made without a key.
    """
    manifest = read(folder, plain=plain)
    for name, part in manifest.parts.items():
        found = folder / name
        if not found.is_file() or found.is_symlink():
            raise BackupError(f"{found} is missing or damaged")
        if found.stat().st_size != part.size or digest_of(found) != part.sha256:
            raise BackupError(f"{found} is missing or damaged")
    return manifest


def read(folder: Path, *, plain: bool = False) -> Manifest:
    """The manifest alone, authenticated where there is a key."""
    try:
        raw = (folder / FILE).read_bytes()
    except OSError as error:
        raise BackupError(f"{folder} holds no finished backup") from error
    manifest = _parse(folder, raw)
    try:
        given = (folder / MAC_FILE).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"{folder / MAC_FILE} is missing or damaged") from error
    if not manifest.key:
        if not hmac.compare_digest(given.encode(), hashlib.sha256(raw).hexdigest().encode()):
            raise BackupError(f"{folder / FILE} is damaged")
        if settings.BACKUP_KEY and not plain:
            raise BackupError(f"{folder} was not made with ZHENXUE_BACKUP_KEY; accept it with --plain")
    elif settings.BACKUP_KEY and not hmac.compare_digest(
        given.encode(), sealing.mac(settings.BACKUP_KEY, raw).encode()
    ):
        raise BackupError(f"{folder / FILE} was changed, or made with another key than ZHENXUE_BACKUP_KEY")
    return manifest


def open_part(folder: Path, manifest: Manifest, plain: str, stream: BinaryIO) -> Any:
    """A reader of a part's plain bytes; ``stream`` is the open file of ``manifest.part(plain)``."""
    if not manifest.part(plain).endswith(sealing.ENDING):
        return stream
    if not settings.BACKUP_KEY:
        raise BackupError(f"{folder} is encrypted; give its key (fingerprint {manifest.key}) as ZHENXUE_BACKUP_KEY")
    return sealing.OpeningReader(stream, secret=settings.BACKUP_KEY, name=f"{manifest.name}/{plain}")


def digest_of(file: Path) -> str:
    """SHA-256 in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _parse(folder: Path, raw: bytes) -> Manifest:
    try:
        given = json.loads(raw)
        if given["format"] != FORMAT:
            raise BackupError(f"{folder} has the format {given['format']}, this version reads {FORMAT}")
        parts = {str(name): Part(int(part["size"]), str(part["sha256"])) for name, part in given.pop("parts").items()}
        facts = Facts(**given.pop("facts"))
        manifest = Manifest(**given, facts=facts, parts=parts)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{folder / FILE} is damaged") from error
    if strange := set(parts) - PARTS:
        raise BackupError(f"{folder / FILE} names parts that no backup has: {', '.join(sorted(strange))}")
    return manifest
