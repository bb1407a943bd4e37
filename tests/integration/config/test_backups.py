"""A backup made while people work comes back whole elsewhere; a broken, foreign or older one changes nothing."""

import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from pathlib import Path

import psycopg
import psycopg.sql
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from pytest_django.fixtures import Settings

from tests.factories import identity as make
from tests.factories.evidence import NOW, make_entry, make_log
from tests.integration.identity.test_photos import png
from tests.support.postgres import Cluster
from zhenxue.config import backups
from zhenxue.config.backups import BackupError, sealing
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Checkpoint
from zhenxue.identity.data import SYSTEM
from zhenxue.identity.models import Person
from zhenxue.identity.operations import photos

pytestmark = pytest.mark.django_db(transaction=True)
ON_POSTGRES = os.environ.get("ZHENXUE_TEST_DATABASE") == "postgres"
BACKUP_KEY = "b0a1c2d3e4f50617" * 4


class OtherMachine:
    """Another data folder and another database server; commands run there as processes of their own."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.database = folder, database

    def run(self, *words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        here = {"ZHENXUE_DATA_FOLDER": str(self.folder), "ZHENXUE_DATABASE_URL": self.database, **settings}
        command = [sys.executable, "-m", "zhenxue.config.cli", *map(str, words)]
        return subprocess.run(command, env={**os.environ, **here}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def other_server() -> Iterator[Cluster | None]:
    """Where the tests run on PostgreSQL: another."""
    if not ON_POSTGRES:
        yield None
        return
    cluster = Cluster()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def other_machine(tmp_path: Path, other_server: Cluster | None) -> OtherMachine:
    folder = tmp_path / "other machine"
    folder.mkdir()
    if other_server is None:
        return OtherMachine(folder, f"sqlite:///{folder / 'zhenxue.sqlite3'}")
    name = f"empty_{secrets.token_hex(6)}"
    with psycopg.connect(other_server.url, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    return OtherMachine(folder, f"{other_server.url.rpartition('/')[0]}/{name}")


@contextmanager
def beside(work: Callable[[threading.Event, threading.Event], None]) -> Iterator[None]:
    """Somebody else does ``work(begun, stop)`` all the while."""
    begun, stop, faults = threading.Event(), threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            work(begun, stop)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test tells it
            faults.append(error)
        finally:
            begun.set()
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert begun.wait(30)
        yield
    finally:
        stop.set()
        thread.join()
    assert not faults, faults


def people_at_work() -> AbstractContextManager[None]:
    """Entries are recorded and sequenced."""

    def work(begun: threading.Event, stop: threading.Event) -> None:
        while not stop.is_set():
            make_entry()
            evidence.integrate(NOW)
            begun.set()

    return beside(work)


def a_running_sequencer() -> AbstractContextManager[None]:
    """Somebody holds the sequencer's lock."""

    def hold(begun: threading.Event, stop: threading.Event) -> None:
        with evidence.sequencer_lock():
            begun.set()
            stop.wait(60)

    return beside(hold)


def backup(folder: Path, **options: int) -> Path:
    told = StringIO()
    call_command("backup", folder, stdout=told, **options)
    return Path(told.getvalue().strip())


def manifest_of(made: Path) -> dict[str, object]:
    return dict(json.loads((made / "manifest.json").read_text()))


def head() -> Checkpoint:
    return Checkpoint.objects.order_by("-size")[0]


def test_a_backup_made_while_people_work_comes_back_whole_on_another_machine(
    settings: Settings, tmp_path: Path, own_files_folder: Path, other_machine: OtherMachine
) -> None:
    person = make.make_person()
    photos.store_photo(actor=SYSTEM, person_id=person.pk, what="portrait", content=png(), now=make.NOW)
    make_log(20)
    with people_at_work():
        settings.BACKUP_KEY = BACKUP_KEY
        made = backup(tmp_path / "backups")
        settings.BACKUP_KEY = ""
        plain = backup(tmp_path / "plain")
    for one, key in ((plain, ""), (made, BACKUP_KEY)):
        settings.BACKUP_KEY = key
        told = backups.check(one)
        assert told.facts.faults == []
        sealed = {name for name in told.parts if name.endswith(".sealed")}
        assert bool(sealed) == bool(key)
        assert all(b"\x50" not in (one / name).read_bytes()[:17] for name in sealed)
    kept = made / "checkpoint"
    make_log(3)
    later = tmp_path / "later"
    later.write_text(head().note)
    secret = {"ZHENXUE_BACKUP_KEY": BACKUP_KEY}

    refused = other_machine.run("restore", made, "--checkpoint", later, **secret)
    assert refused.returncode == 1
    assert (
        f"a kept checkpoint has {head().size} entries, the backup {told.facts.size}: the rest is lost" in refused.stderr
    )
    assert not (other_machine.folder / "files").exists()

    done = other_machine.run("restore", made, "--checkpoint", kept, **secret)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Database, tiles, keys and files fit" in done.stdout
    [photo] = (other_machine.folder / "files/people").iterdir()
    original = next((own_files_folder / "people").iterdir()).read_bytes()
    assert photo.read_bytes() == original

    verified = other_machine.run("verify", "--checkpoint", kept)
    assert verified.returncode == 0, verified.stderr
    assert f"树大小 {told.facts.size}" in verified.stdout
    rolled_back = other_machine.run("verify", "--checkpoint", later)
    assert rolled_back.returncode == 1
    assert "存证链被回退" in rolled_back.stderr

    photo.unlink()
    missing = other_machine.run("consistency")
    assert f"identity photographs person:{person.pk} portrait: people/{photo.name} is missing" in missing.stderr
    again = other_machine.run("restore", plain, "--overwrite", "--checkpoint", plain / "checkpoint")
    assert (again.returncode, again.stderr) == (0, "")
    assert photo.read_bytes() == original, "a plain one does the same"


def test_a_backup_is_tried_out_in_a_scratch_place(tmp_path: Path, other_machine: OtherMachine) -> None:
    make_log(3)
    made = backup(tmp_path / "backups")
    told = StringIO()
    if ON_POSTGRES:
        with pytest.raises(CommandError, match="--scratch"):
            call_command("check_backup", made, deep=True)
        call_command("check_backup", made, deep=True, scratch=other_machine.database, stdout=told)
    else:
        call_command("check_backup", made, deep=True, checkpoint=[made / "checkpoint"], stdout=told)
    assert "Database, tiles, keys and files fit" in told.getvalue()
    assert "全部相符" in told.getvalue()


def test_a_used_place_is_not_overwritten_unasked_and_entries_are_not_lost_unasked(tmp_path: Path) -> None:
    make_log(3)
    made = backup(tmp_path / "backups")
    with pytest.raises(CommandError, match="not empty; say --overwrite"):
        call_command("restore", made)
    make_log(2)
    size = head().size
    with pytest.raises(CommandError, match=f"entries {size - 1} to {size} of the present log are not in the backup"):
        call_command("restore", made, overwrite=True)
    assert head().size == size
    with a_running_sequencer(), pytest.raises(CommandError, match="is running; stop it first"):
        call_command("restore", made, overwrite=True)
    fork = tmp_path / "fork"
    fork.write_text(head().note.replace("\n", "\n1", 1))
    with pytest.raises(CommandError, match="not of the log in this backup"):
        call_command("restore", made, overwrite=True, checkpoint=[fork])


@pytest.mark.parametrize("key", ["", BACKUP_KEY])
def test_a_damaged_backup_is_refused_before_anything_is_changed(settings: Settings, tmp_path: Path, key: str) -> None:
    settings.BACKUP_KEY = key
    make_log(2)
    sound = backup(tmp_path / "backups")
    make_entry()
    settings.FILES_FOLDER.joinpath("kept").write_text("kept")

    def refused(change: str, why: str, **options: bool) -> None:
        with pytest.raises(CommandError, match=why):
            call_command("restore", made, overwrite=True, accept_loss=True, **options)
        assert settings.FILES_FOLDER.joinpath("kept").exists(), change
        assert evidence.describe_log().waiting >= 1, change

    for file in sorted(sound.iterdir()):
        for change in ("cut", "changed", "gone"):
            made = tmp_path / "made"
            shutil.copytree(sound, made)
            part = made / file.name
            raw = part.read_bytes()
            if change == "gone":
                part.unlink()
            else:
                part.write_bytes(raw[:-1] if change == "cut" else raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:])
            refused(f"{file.name} {change}", "missing or damaged|holds no finished|is damaged|was changed")
            shutil.rmtree(made)

    def seal(made: Path) -> None:
        raw = (made / "manifest.json").read_bytes()
        (made / "manifest.mac").write_text(sealing.mac(key, raw) if key else hashlib.sha256(raw).hexdigest())

    made = tmp_path / "made"
    for change, why in (
        ({"format": 1}, "has the format 1"),
        ({"database": "other"}, "the backup is from other"),
        ({"parts": {"../../etc/passwd": {"size": 1, "sha256": ""}}}, "names parts that no backup has"),
    ):
        shutil.copytree(sound, made)
        (made / "manifest.json").write_text(json.dumps({**manifest_of(made), **change}))
        seal(made)
        refused(str(change), why)
        shutil.rmtree(made)
    shutil.copytree(sound, made)
    newer = manifest_of(made)
    newer["facts"]["schema"].append("identity.9999_later")  # type: ignore[index]  # JSON as it comes
    (made / "manifest.json").write_text(json.dumps(newer))
    refused("manifest without its MAC", "was changed, or made with another key" if key else "is damaged")
    seal(made)
    refused("newer", "another version of the platform")
    if key:
        settings.BACKUP_KEY = ""
        shutil.rmtree(made)
        shutil.copytree(sound, made)
        refused("no key", "is encrypted; give its key")
        settings.BACKUP_KEY = "c" * 64
        refused("another key", "was changed, or made with another key")


def test_a_plain_backup_is_taken_by_an_installation_with_a_key_only_when_told(
    settings: Settings, tmp_path: Path
) -> None:
    make_log(1)
    made = backup(tmp_path / "backups")
    settings.BACKUP_KEY = BACKUP_KEY
    with pytest.raises(BackupError, match="accept it with --plain"):
        backups.check(made)
    assert backups.check(made, plain=True).key == ""


def test_only_the_newest_are_kept_when_asked_and_no_half_backup_bears_a_name(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_log(1)
    for name in ("20200101T000000Z", "20210101T000000Z"):
        (tmp_path / "backups" / name).mkdir(parents=True)
        (tmp_path / "backups" / name / "manifest.json").write_text("{}")
    made = backup(tmp_path / "backups", keep=2)
    assert sorted(place.name for place in (tmp_path / "backups").iterdir()) == ["20210101T000000Z", made.name]
    monkeypatch.setattr("zhenxue.kernel.clock.now", lambda: make.NOW)
    call_command("backup", tmp_path / "backups", stdout=StringIO())
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", tmp_path / "backups", stdout=StringIO())
    monkeypatch.setattr("zhenxue.config.backups.making.manifest.write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("backup", tmp_path / "elsewhere", stdout=StringIO())
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_log_that_contradicts_itself_is_backed_up_and_told(tmp_path: Path, unguarded: None) -> None:
    make_log(3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_tile SET hashes = %s WHERE level = 0", [b"\0" * 32])
    with pytest.raises(CommandError, match="the log contradicts itself"):
        call_command("backup", tmp_path / "backups", stdout=StringIO())
    with pytest.raises(CommandError, match="log: the tiles"):
        call_command("consistency")
    assert Person.objects.model


@pytest.mark.parametrize("size", [0, 1, sealing.CHUNK - 1, sealing.CHUNK, sealing.CHUNK + 1, 3 * sealing.CHUNK])
def test_a_sealed_part_opens_whole_or_not_at_all(size: int) -> None:
    plain, stream = os.urandom(size), io.BytesIO()
    writer = sealing.SealingWriter(stream, secret=BACKUP_KEY, name="one/part")
    for at in range(0, size, 50_000):
        writer.write(plain[at : at + 50_000])
    writer.close()
    raw = stream.getvalue()

    def opened(raw: bytes, secret: str = BACKUP_KEY, name: str = "one/part") -> bytes:
        return sealing.OpeningReader(io.BytesIO(raw), secret=secret, name=name).read()

    assert opened(raw) == plain
    step = sealing.CHUNK + sealing.TAG_BYTES
    start = len(sealing.MAGIC) + sealing.SALT_BYTES
    broken = [raw[:-1], raw + b"x", raw[:start], raw[: start + step], raw[: start + 5], b"", raw[: start - 3]]
    broken.append(raw[:start] + raw[start + step :] + raw[start : start + step])
    for one in broken:
        if one != raw:
            with pytest.raises(BackupError):
                opened(one)
    for wrong in ({"secret": "d" * 64}, {"name": "two/part"}):
        with pytest.raises(BackupError, match="does not open"):
            opened(raw, **wrong)
