"""Tables as the migrations leave them: made once for what the migrations say, then copied by every run that needs them.

They are kept beside pytest's own cache, SQLite's as a file and PostgreSQL's as a dump. Their name says what they were
made from: whatever a migration may read (house rule: the kernel and words of ``data``), the models, the settings, the
locked dependencies, the versions of Python and of the database, and the day (partitions begin around it).
"""

import datetime as dt
import fcntl
import functools
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.postgres import program

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".pytest_cache" / "tables"
WHOLE = {"kernel", "config"}
ROOMS = {"migrations", "models", "models.py", "data", "data.py", "apps.py"}
LASTS_SECONDS = 86_400


def lay_or_make(url: str, make: Callable[[], object]) -> bool:
    """At the address stands a database with all tables: copied, or made by ``make`` and kept; ``True`` if copied.

    A copy on PostgreSQL makes the database where there is none.
    """
    on_file = url.startswith("sqlite:///")
    HOME.mkdir(parents=True, exist_ok=True)
    kind = "sqlite3" if on_file else "dump"
    kept = HOME / f"{_made_from(on_file)}.{kind}"
    with alone(HOME / f"{kind}.lock"):
        found = kept.exists()
        if not found:
            make()
            for other in HOME.glob(f"*.{kind}"):
                if time.time() - other.stat().st_mtime > LASTS_SECONDS:
                    other.unlink()
            fresh = HOME / f"{kind}.fresh"
            (_keep_file if on_file else _dump)(url, fresh)
            fresh.rename(kept)
        elif on_file:
            file = Path(url.removeprefix("sqlite:///"))
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(kept, file)
        else:
            _restore(kept, url)
    return found


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """While nobody else is here."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@functools.cache
def _made_from(on_file: bool) -> str:
    version = sqlite3.sqlite_version if on_file else _run("pg_dump", "--version")
    digest = hashlib.sha256(f"{sys.version} {version} {dt.datetime.now(dt.UTC).date()}".encode())
    source = ROOT / "src" / "zhenxue"
    for file in [ROOT / "uv.lock", *sorted(source.rglob("*.py"))]:
        parts = file.relative_to(source).parts if file.is_relative_to(source) else (*WHOLE,)
        if parts[0] in WHOLE or not ROOMS.isdisjoint(parts):
            digest.update(f"\n{file.name} {file.stat().st_size}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:32]


def _keep_file(url: str, target: Path) -> None:
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def _dump(url: str, target: Path) -> None:
    _run("pg_dump", "--format=custom", "--compress=0", f"--file={target}", _address(url))


def _restore(kept: Path, url: str) -> None:
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    _run("pg_restore", "--single-transaction", "--no-owner", f"--dbname={_address(url)}", str(kept))


def _address(url: str) -> str:
    return url.replace("postgres://", "postgresql://", 1)


def _run(name: str, *words: str) -> str:
    done = subprocess.run([program(name), *words], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr}")
    return done.stdout
