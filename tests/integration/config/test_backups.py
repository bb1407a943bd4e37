"""A backup brings everything back, a damaged one changes nothing, a used installation is not overwritten unasked."""

import json
import os
import secrets
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from zhenxue.config import backups, env

ON_POSTGRES = os.environ.get("ZHENXUE_TEST_DATABASE") == "postgres"


class Installations:
    """Small installations, each with a database of the kind under test; ``use`` makes one the present one."""

    def __init__(self, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.settings, self.monkeypatch = folder, settings, monkeypatch
        self.handlers: dict[str, ConnectionHandler] = {}

    def use(self, name: str) -> Path:
        """Its data folder."""
        data = self.folder / name
        if name not in self.handlers:
            data.mkdir()
            self.handlers[name] = ConnectionHandler({"default": env.database(self._database(data))})
        handler = self.handlers[name]
        self.settings.DATA_FOLDER, self.settings.FILES_FOLDER = data, data / "files"
        self.monkeypatch.setattr(backups, "connections", handler)
        self.monkeypatch.setattr(backups, "connection", handler["default"])
        return data

    def run(self, name: str, sql: str) -> list[tuple[object, ...]]:
        """Rows, if the statement gives any."""
        with self.handlers[name]["default"].cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def _database(self, data: Path) -> str:
        if not ON_POSTGRES:
            return f"sqlite:///{data / 'zhenxue.sqlite3'}"
        cluster = os.environ["ZHENXUE_TEST_DATABASE_URL"]
        name = f"backup_{secrets.token_hex(6)}"
        with psycopg.connect(cluster, autocommit=True) as own:
            own.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return f"{cluster.rsplit('/', 1)[0]}/{name}"


@pytest.fixture
def installations(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[Installations]:
    with django_db_blocker.unblock():
        made = Installations(tmp_path, settings, monkeypatch)
        yield made
        for handler in made.handlers.values():
            handler.close_all()


def backup(folder: Path, **options: int) -> Path:
    told = StringIO()
    call_command("backup", folder, stdout=told, **options)
    return Path(told.getvalue().strip())


def test_a_backup_brings_back_rows_files_and_secrets(installations: Installations, tmp_path: Path) -> None:
    first = installations.use("first")
    installations.run("first", "CREATE TABLE note (words varchar(20))")
    installations.run("first", "INSERT INTO note VALUES ('真学')")
    (first / "files/a").mkdir(parents=True)
    (first / "files/a/one.txt").write_text("one")
    (first / "secrets").mkdir()
    (first / "secrets/log_key").write_text("ab" * 32)
    made = backup(tmp_path / "backups")

    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", made)

    second = installations.use("second")
    told = StringIO()
    call_command("restore", made, stdout=told)
    assert "zhenxue verify" in told.getvalue()
    assert installations.run("second", "SELECT words FROM note") == [("真学",)]
    assert (second / "files/a/one.txt").read_text() == "one"
    assert (second / "secrets/log_key").read_text() == "ab" * 32


def test_what_came_after_the_backup_is_gone_when_one_overwrites(installations: Installations, tmp_path: Path) -> None:
    data = installations.use("only")
    installations.run("only", "CREATE TABLE note (words varchar(20))")
    made = backup(tmp_path / "backups")
    installations.run("only", "INSERT INTO note VALUES ('later')")
    (data / "files").mkdir()
    (data / "files/later.txt").write_text("later")
    call_command("restore", made, overwrite=True, stdout=StringIO())
    assert installations.run("only", "SELECT words FROM note") == []
    assert not (data / "files/later.txt").exists()


def test_a_damaged_backup_is_refused_before_anything_is_written(installations: Installations, tmp_path: Path) -> None:
    installations.use("only")
    installations.run("only", "CREATE TABLE note (words varchar(20))")
    made = backup(tmp_path / "backups")
    installations.run("only", "INSERT INTO note VALUES ('kept')")
    with (made / "files.tar").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(CommandError, match=r"files\.tar is missing or damaged"):
        call_command("restore", made, overwrite=True)
    assert installations.run("only", "SELECT words FROM note") == [("kept",)]

    (made / "manifest.json").unlink()
    with pytest.raises(CommandError, match="holds no finished backup"):
        call_command("restore", made, overwrite=True)


def test_only_the_newest_are_kept_when_asked(installations: Installations, tmp_path: Path) -> None:
    installations.use("only")
    for name in ("20200101T000000Z", "20210101T000000Z"):
        (tmp_path / "backups" / name).mkdir(parents=True)
        (tmp_path / "backups" / name / "manifest.json").write_text(json.dumps({"sha256": {}}))
    made = backup(tmp_path / "backups", keep=2)
    assert sorted(place.name for place in (tmp_path / "backups").iterdir()) == ["20210101T000000Z", made.name]
