"""Putting a backup back. Everything is read, opened and tried before the first thing is changed."""

import base64
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from zhenxue.config.backups import databases, manifest
from zhenxue.config.backups.errors import BackupError
from zhenxue.config.backups.facts import Facts
from zhenxue.config.backups.manifest import Manifest
from zhenxue.evidence import api as evidence
from zhenxue.evidence.errors import AlreadyRunning
from zhenxue.tlog import checkpoints
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.keyrings import KeyRing
from zhenxue.tlog.notes import Verifier

PIECE = 1024 * 1024


def restore(
    *,
    folder: Path,
    overwrite: bool = False,
    plain: bool = False,
    kept: Sequence[str] = (),
    accept_loss: bool = False,
) -> Manifest:
    """Put a backup into this installation; its manifest.

    Refuses an installation that has tables or files unless ``overwrite``; a backup that is broken, of another kind of
    database or of newer code; and, unless ``accept_loss``, one whose log lacks entries that the present installation or
    a ``kept`` checkpoint (a witness's) has: those would be lost, and the log would go on as a fork. Stop the platform
    first. Raises ``BackupError``; then nothing was changed.
    """
    told = manifest.check(folder, plain=plain)
    _check_kind(told)
    _check_emptiness(overwrite)
    losses = [*_losses_to_present(told.facts), *_losses_to_kept(told, kept)]
    if losses and not accept_loss:
        raise BackupError("\n".join([*losses, "nothing was changed; --accept-loss restores it all the same"]))
    beside = Path(settings.FILES_FOLDER).parent
    beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=beside) as place:
        stage = Path(place)
        copy = _stage_database(folder, told, stage)
        files = _stage_files(folder, told, stage)
        secrets = _stage_secrets(folder, told, stage)
        databases.load(copy)
        found = databases.facts_now()
        if found != told.facts:
            raise BackupError("what was loaded is not what the manifest says; the database must be restored again")
        _swap(files, Path(settings.FILES_FOLDER), stage)
        if secrets is not None:
            shutil.copytree(secrets, settings.DATA_FOLDER / "secrets", dirs_exist_ok=True)
    return told


def check_deeply(*, folder: Path, plain: bool, kept: Sequence[Path], scratch: str = "") -> Iterator[str]:
    """Restore a backup into a scratch place, check and verify it there, in the words of the commands; then it goes.

    On PostgreSQL ``scratch`` is the address of an empty database for it. Raises ``BackupError`` at the first fault.
    """
    told = manifest.check(folder, plain=plain)
    if told.database == "postgresql" and not scratch:
        raise BackupError("name an empty PostgreSQL database to try it in: --scratch postgres://…")
    with tempfile.TemporaryDirectory(prefix="zhenxue-check-") as place:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "zhenxue.config.settings",
            "ZHENXUE_DATA_FOLDER": place,
            "ZHENXUE_DATABASE_URL": scratch or f"sqlite:///{place}/zhenxue.sqlite3",
            "ZHENXUE_ALLOW_SQLITE": "1",
        }
        points = [word for path in kept for word in ("--checkpoint", str(path))]
        flags = ["--plain"] if plain else []
        yield _zhenxue(environment, "restore", str(folder), *flags, *points)
        yield _zhenxue(environment, "verify", *points)


def check_restored() -> str:
    """What ``zhenxue consistency`` says, in a process of its own: a demo's own keys came back with the backup.

    Raises ``BackupError`` with the faults.
    """
    return _zhenxue(dict(os.environ), "consistency")


def _check_kind(told: Manifest) -> None:
    if told.database != databases.vendor():
        raise BackupError(f"the backup is from {told.database}, this installation uses {databases.vendor()}")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}
    own = {name for name in told.facts.schema if name.split(".")[0] in {name.split(".")[0] for name in known}}
    if newer := sorted(own - known):
        raise BackupError(f"the backup was made by another version of the platform ({newer[0]} is not known here)")


def _check_emptiness(overwrite: bool) -> None:
    folder = Path(settings.FILES_FOLDER)
    if folder.is_mount():
        raise BackupError(f"{folder} is a disk of its own and cannot be replaced; mount the folder above it")
    if databases.has_tables():
        if not overwrite:
            raise BackupError("this installation is not empty; say --overwrite to replace it")
        try:
            with evidence.sequencer_lock():
                pass
        except AlreadyRunning as error:
            raise BackupError("the platform is running; stop it first") from error
    elif folder.exists() and any(folder.iterdir()) and not overwrite:
        raise BackupError("this installation has files; say --overwrite to replace them")


def _losses_to_present(facts: Facts) -> list[str]:
    """What the present installation has that the backup lacks."""
    try:
        present = databases.facts_now()
    except (BackupError, DatabaseError):
        connection.close()
        return []
    if present.size > facts.size:
        return [f"entries {facts.size + 1} to {present.size} of the present log are not in the backup"]
    if present.size == facts.size and present.root != facts.root:
        return [f"the present log has another root at {present.size} entries: one of the two is a fork"]
    return []


def _losses_to_kept(told: Manifest, kept: Sequence[str]) -> list[str]:
    """What somebody has seen of this log that the backup lacks."""
    losses = []
    for note in kept:
        try:
            ring = KeyRing.of(*(Verifier.from_text(key) for key in told.keys))
            seen: checkpoints.Checkpoint = ring.open(note)
        except NoteBroken as error:
            raise BackupError(f"a kept checkpoint is not of the log in this backup: {error}") from error
        if seen.size > told.facts.size:
            losses.append(f"a kept checkpoint has {seen.size} entries, the backup {told.facts.size}: the rest is lost")
        elif seen.size == told.facts.size and base64.b64encode(seen.root).decode() != told.facts.root:
            losses.append(f"a kept checkpoint has another root at {seen.size} entries: one of the two is a fork")
    return losses


def _stage_database(folder: Path, told: Manifest, stage: Path) -> Path:
    copy = stage / databases.part_name()
    with (folder / told.part(copy.name)).open("rb") as stream, copy.open("xb") as target:
        copy.chmod(0o600)
        reader = manifest.open_part(folder, told, copy.name, stream)
        while piece := reader.read(PIECE):
            target.write(piece)
    facts = databases.examine(copy)
    if facts is not None and facts != told.facts:
        raise BackupError("the copy of the database is not the one that the manifest speaks of")
    return copy


def _stage_files(folder: Path, told: Manifest, stage: Path) -> Path:
    files = stage / "files"
    count, size = _unpack(folder, told, manifest.FILES_PART, files)
    if (count, size) != (told.files, told.file_bytes):
        raise BackupError(f"the backup holds {count} files, its manifest speaks of {told.files}")
    return files


def _stage_secrets(folder: Path, told: Manifest, stage: Path) -> Path | None:
    """Those that a demo made for itself; a production has its own."""
    try:
        told.part(manifest.SECRETS_PART)
    except BackupError:
        return None
    if settings.PRODUCTION:
        return None
    _unpack(folder, told, manifest.SECRETS_PART, stage / "secrets")
    (stage / "secrets").chmod(0o700)
    return stage / "secrets"


def _unpack(folder: Path, told: Manifest, part: str, target: Path) -> tuple[int, int]:
    target.mkdir()
    count = size = 0
    try:
        with (
            (folder / told.part(part)).open("rb") as stream,
            tarfile.open(fileobj=manifest.open_part(folder, told, part, stream), mode="r|") as archive,
        ):
            for member in archive:
                if not member.isfile():
                    raise BackupError(f"{part} holds something that is no file: {member.name}")
                archive.extract(member, target, filter="data")
                count, size = count + 1, size + member.size
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BackupError(f"{part} cannot be unpacked: {error}") from error
    return count, size


def _swap(files: Path, place: Path, stage: Path) -> None:
    """The new folder in the place of the old one; on one disk, so that it is one step."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.rename(stage / "replaced")
    files.rename(place)


def _zhenxue(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "zhenxue.config.cli", *words], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise BackupError(f"zhenxue {words[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()
