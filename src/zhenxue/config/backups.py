"""Backup and restore of one installation: database, files, and the secrets that the installation made for itself.

A backup is a folder: ``database.sqlite3`` or ``database.dump``, ``files.tar``, ``secrets/`` (if any), and a
``manifest.json`` with the SHA-256 of each. The database is copied first: a file is there before any row speaks of it.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, connections

MANIFEST = "manifest.json"


class BackupError(Exception):
    """A backup or restore that cannot be done, in a sentence that says why."""


def back_up(*, target: Path, now: datetime) -> Path:
    """Write a backup into a new folder below ``target`` and return it; an unfinished one never bears that name."""
    name = now.strftime("%Y%m%dT%H%M%SZ")
    final, partial = target / name, target / f".{name}.partial"
    if final.exists():
        raise BackupError(f"{final} exists already")
    partial.mkdir(parents=True, mode=0o700)
    database = _dump_database(partial)
    with tarfile.open(partial / "files.tar", "w") as archive:
        if settings.FILES_FOLDER.exists():
            archive.add(settings.FILES_FOLDER, arcname="files")
    secrets = settings.DATA_FOLDER / "secrets"
    if secrets.exists():
        shutil.copytree(secrets, partial / "secrets")
    parts = sorted(file for file in partial.rglob("*") if file.is_file())
    manifest = {
        "made_at": now.isoformat(),
        "database": database,
        "sha256": {str(file.relative_to(partial)): _digest(file) for file in parts},
    }
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    partial.rename(final)
    return final


def check(folder: Path) -> dict[str, Any]:
    """The manifest of a backup, after comparing every part with its digest; raises ``BackupError``."""
    if not (folder / MANIFEST).exists():
        raise BackupError(f"{folder} holds no finished backup")
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    for name, digest in manifest["sha256"].items():
        part = folder / name
        if not part.exists() or _digest(part) != digest:
            raise BackupError(f"{part} is missing or damaged")
    return manifest


def restore(*, folder: Path, overwrite: bool) -> None:
    """Put a backup back; refuses to overwrite an installation that has tables or files, unless told to.

    Everything is checked before anything is written. Stop the server first.
    """
    manifest = check(folder)
    if manifest["database"] != connection.vendor:
        raise BackupError(f"the backup is from {manifest['database']}, this installation uses {connection.vendor}")
    if not overwrite and (_has_tables() or (settings.FILES_FOLDER.exists() and any(settings.FILES_FOLDER.iterdir()))):
        raise BackupError("this installation is not empty; say --overwrite to replace it")
    _load_database(folder)
    shutil.rmtree(settings.FILES_FOLDER, ignore_errors=True)
    with tarfile.open(folder / "files.tar") as archive:
        archive.extractall(settings.FILES_FOLDER.parent, filter="data")
        if archive.getnames() and settings.FILES_FOLDER.name != "files":
            (settings.FILES_FOLDER.parent / "files").rename(settings.FILES_FOLDER)
    if (folder / "secrets").exists():
        shutil.copytree(folder / "secrets", settings.DATA_FOLDER / "secrets", dirs_exist_ok=True)


def _dump_database(folder: Path) -> str:
    if connection.vendor == "sqlite":
        source = sqlite3.connect(connection.settings_dict["NAME"])
        copy = sqlite3.connect(folder / "database.sqlite3")
        try:
            source.backup(copy)
        finally:
            copy.close()
            source.close()
    else:
        _run("pg_dump", "--format=custom", "--no-owner", f"--file={folder / 'database.dump'}")
    return connection.vendor


def _load_database(folder: Path) -> None:
    connections.close_all()
    if connection.vendor == "sqlite":
        place = Path(str(connection.settings_dict["NAME"]))
        for ending in ("-wal", "-shm"):
            place.with_name(place.name + ending).unlink(missing_ok=True)
        waiting = place.with_name(place.name + ".restoring")
        shutil.copyfile(folder / "database.sqlite3", waiting)
        waiting.replace(place)
    else:
        _run(
            "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", str(folder / "database.dump")
        )


def _has_tables() -> bool:
    with connection.cursor() as cursor:
        return bool(connection.introspection.table_names(cursor))


def _run(program: str, *words: str) -> None:
    found = shutil.which(program)
    if found is None:
        homes = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
        if not homes:
            raise BackupError(f"{program} is needed: apt-get install postgresql-client")
        found = str(homes[-1])
    given = connection.settings_dict
    environment = {**os.environ, "PGPASSWORD": str(given["PASSWORD"] or "")}
    place = [f"--dbname={given['NAME']}"]
    for option, key in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER")):
        if given[key]:
            place.append(f"{option}={given[key]}")
    done = subprocess.run([found, *place, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()}")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
