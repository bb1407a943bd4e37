"""A backup brings everything back, a damaged one changes nothing, a used installation is not overwritten unasked."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

PROGRAM = Path(sys.executable).parent / "zhenxue"
NOTE = "from django.contrib.sessions.models import Session; from datetime import datetime, UTC; "
WRITE = NOTE + "Session.objects.create(session_key='kept', session_data='x', expire_date=datetime(2030,1,1,tzinfo=UTC))"
READ = NOTE + "print([row.session_key for row in Session.objects.all()])"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, db: None) -> Run:
    """Runs ``zhenxue`` on an installation of its own, of the database kind under test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZHENXUE_")}

    def command(*words: str, data: str = "data") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *words],
            env={**kept, "ZHENXUE_DATA_FOLDER": str(tmp_path / data), "ZHENXUE_DATABASE_URL": database(tmp_path, data)},
            capture_output=True,
            text=True,
            check=False,
        )

    return command


def database(folder: Path, data: str) -> str:
    if connection.vendor == "sqlite":
        return f"sqlite:///{folder / data / 'zhenxue.sqlite3'}"
    name = f"backup_{abs(hash((str(folder), data)))}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        known = cursor.fetchone()
    if not known:
        import psycopg

        with psycopg.connect(os.environ["ZHENXUE_TEST_DATABASE_URL"], autocommit=True) as own:
            own.execute(f'CREATE DATABASE "{name}"')
    return os.environ["ZHENXUE_TEST_DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"


def test_a_backup_brings_back_rows_files_and_secrets(run: Run, tmp_path: Path) -> None:
    assert run("migrate", "-v", "0").returncode == 0
    assert run("shell", "-v", "0", "-c", WRITE).returncode == 0
    (tmp_path / "data/files/a").mkdir(parents=True)
    (tmp_path / "data/files/a/one.txt").write_text("真学")
    made = run("backup", str(tmp_path / "backups"))
    assert made.returncode == 0, made.stderr
    folder = Path(made.stdout.strip())

    refused = run("restore", str(folder))
    assert refused.returncode != 0
    assert "not empty" in refused.stderr

    assert run("restore", str(folder), data="second").returncode == 0
    assert run("shell", "-v", "0", "-c", READ, data="second").stdout.strip() == "['kept']"
    assert (tmp_path / "second/files/a/one.txt").read_text() == "真学"
    first, second = ((tmp_path / name / "secrets/secret_key").read_text() for name in ("data", "second"))
    assert first == second


def test_a_damaged_backup_is_refused_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    assert run("migrate", "-v", "0").returncode == 0
    folder = Path(run("backup", str(tmp_path / "backups")).stdout.strip())
    with (folder / "files.tar").open("ab") as stream:
        stream.write(b"x")
    refused = run("restore", str(folder), "--overwrite")
    assert refused.returncode != 0
    assert "files.tar is missing or damaged" in refused.stderr
    assert run("shell", "-v", "0", "-c", READ).stdout.strip() == "[]"

    (folder / "manifest.json").unlink()
    assert "holds no finished backup" in run("restore", str(folder), "--overwrite").stderr


def test_only_the_newest_are_kept_when_asked(run: Run, tmp_path: Path) -> None:
    assert run("migrate", "-v", "0").returncode == 0
    for name in ("20200101T000000Z", "20210101T000000Z"):
        (tmp_path / "backups" / name).mkdir(parents=True)
        (tmp_path / "backups" / name / "manifest.json").write_text(json.dumps({"sha256": {}}))
    made = Path(run("backup", str(tmp_path / "backups"), "--keep", "2").stdout.strip())
    assert sorted(place.name for place in (tmp_path / "backups").iterdir()) == ["20210101T000000Z", made.name]
