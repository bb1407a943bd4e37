"""Making a backup, while the platform runs.

The database is copied first and the files after it: a file is there before any row speaks of it, so every row of the
copy finds its file, unless it was deleted on purpose in between.
"""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from zhenxue.config.backups import databases, manifest, sealing
from zhenxue.config.backups.errors import BackupError
from zhenxue.evidence import api as evidence
from zhenxue.kernel.keys import fingerprint

#: Files that are not finished, and never belong to a row.
PASSING = (".part", ".tmp")


def back_up(*, target: Path, now: datetime) -> Path:
    """Write a backup into a new folder below ``target`` and return it; an unfinished one never bears that name.

    With ``BACKUP_KEY`` all but the manifest and the head of the log is encrypted, and the manifest authenticated.
    """
    name = now.strftime("%Y%m%dT%H%M%SZ")
    final, partial = target / name, target / f".{name}.partial"
    if final.exists() or partial.exists():
        raise BackupError(f"{final} exists already, or is being made")
    partial.mkdir(parents=True, mode=0o700)
    try:
        _make(partial, name, now)
        partial.rename(final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return final


def _make(folder: Path, name: str, now: datetime) -> None:
    with Writing(folder, name) as writing:
        facts = databases.copy_into(lambda: writing.start(databases.part_name()), folder)
    with Writing(folder, name) as writing:
        count, size = _pack(settings.FILES_FOLDER, writing.start(manifest.FILES_PART))
    if (settings.DATA_FOLDER / "secrets").is_dir():
        with Writing(folder, name) as writing:
            _pack(settings.DATA_FOLDER / "secrets", writing.start(manifest.SECRETS_PART))
    if facts.note:
        (folder / "checkpoint").write_text(facts.note)
    parts = sorted(file for file in folder.iterdir() if file.name in manifest.PARTS)
    manifest.write(
        folder,
        manifest.Manifest(
            name=name,
            made_at=now.isoformat(),
            database=databases.vendor(),
            server=databases.server_version(),
            origin=settings.LOG_ORIGIN,
            keys=[key.vkey for key in evidence.log_keys()],
            facts=facts,
            files=count,
            file_bytes=size,
            key=fingerprint("backup", settings.BACKUP_KEY) if settings.BACKUP_KEY else "",
            parts={file.name: manifest.Part(file.stat().st_size, manifest.digest_of(file)) for file in parts},
        ),
    )
    for file in folder.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())


class Writing:
    """One part on its way: encrypted where there is a key, on the disk when it is left."""

    def __init__(self, folder: Path, backup: str) -> None:
        self._folder = folder
        self._backup = backup
        self._closing: list[Any] = []

    def __enter__(self) -> "Writing":
        return self

    def start(self, plain: str) -> Any:
        """The stream to write to."""
        sealed = bool(settings.BACKUP_KEY)
        stream = (self._folder / (plain + (sealing.ENDING if sealed else ""))).open("xb")
        self._closing.append(stream)
        if not sealed:
            return stream
        writer = sealing.SealingWriter(stream, secret=settings.BACKUP_KEY, name=f"{self._backup}/{plain}")
        self._closing.insert(0, writer)
        return writer

    def __exit__(self, kind: object, *rest: object) -> None:
        for one in self._closing:
            if kind is None or not isinstance(one, sealing.SealingWriter):
                one.close()


def _pack(folder: Path, sink: Any) -> tuple[int, int]:
    """Every finished file as a tar of ordinary files; how many and how many bytes. One that goes meanwhile is left."""
    count = size = 0
    with tarfile.open(fileobj=sink, mode="w|") as archive:
        for file in _files(folder):
            with _opened(file) as stream:
                if stream is None:
                    continue
                info = archive.gettarinfo(arcname=str(file.relative_to(folder)), fileobj=stream)
                info.uname = info.gname = ""
                archive.addfile(info, stream)
                count, size = count + 1, size + info.size
    return count, size


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            file = Path(place) / name
            if not name.endswith(PASSING) and file.is_file() and not file.is_symlink():
                yield file


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    try:
        stream = file.open("rb")
    except FileNotFoundError:
        yield None
        return
    with stream:
        yield stream
