"""Copies of the database: SQLite by its online backup, PostgreSQL by ``pg_dump -Fc`` in one exported snapshot."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import quote

from django.db import connection, connections

from zhenxue.config.backups.errors import BackupError
from zhenxue.config.backups.facts import Facts, read_facts

PIECE = 1024 * 1024
SQLITE_PART = "database.sqlite3"
POSTGRES_PART = "database.dump"


class Sink(Protocol):
    """Where a copy goes."""

    def write(self, content: bytes, /) -> int: ...


def vendor() -> str:
    """sqlite or postgresql."""
    return connection.vendor


def part_name() -> str:
    """What the copy of this kind of database is called in a backup."""
    return SQLITE_PART if vendor() == "sqlite" else POSTGRES_PART


def copy_into(sink: Callable[[], Sink], folder: Path) -> Facts:
    """Write a copy as of one moment while others go on writing; gives the facts of that very moment.

    ``folder`` holds what SQLite needs on the way.
    """
    return _copy_sqlite(sink, folder) if vendor() == "sqlite" else _copy_postgres(sink)


def facts_now() -> Facts:
    """Of the living database."""
    with connection.cursor() as cursor:
        return read_facts(_asker(cursor))


def has_tables() -> bool:
    """Whether anything is there."""
    with connection.cursor() as cursor:
        return bool(connection.introspection.table_names(cursor))


def server_version() -> str:
    """For people who restore years later."""
    if vendor() == "sqlite":
        return sqlite3.sqlite_version
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def examine(copy: Path) -> Facts | None:
    """Look at a copy without loading it; its facts if they can be read so. Raises ``BackupError`` for a broken one."""
    if vendor() == "sqlite":
        return facts_of_file(copy)
    _run("pg_restore", "--file=/dev/null", str(copy), place=False)  # reads every block of it
    return None


def facts_of_file(copy: Path) -> Facts:
    """Of a SQLite file; raises ``BackupError`` unless every page of it is sound."""
    try:
        with closing(_read_only(copy)) as database:
            if (said := database.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                raise BackupError(f"{copy.name} is damaged: {said}")
            return read_facts(lambda sql, values: database.execute(sql.replace("%s", "?"), values).fetchall())
    except sqlite3.Error as error:
        raise BackupError(f"{copy.name} is damaged: {error}") from error


def load(copy: Path) -> None:
    """Put a copy in the place of everything that is there, at once or not at all."""
    connections.close_all()
    if vendor() == "sqlite":
        place = Path(str(connection.settings_dict["NAME"]))
        waiting = place.with_name(f"{place.name}.restoring")
        shutil.copyfile(copy, waiting)
        with waiting.open("rb+") as stream:
            os.fsync(stream.fileno())
        for ending in ("-wal", "-shm"):
            place.with_name(place.name + ending).unlink(missing_ok=True)
        waiting.replace(place)
    else:
        _load_postgres(copy)


def _copy_sqlite(sink: Callable[[], Sink], folder: Path) -> Facts:
    copy = folder / f".{SQLITE_PART}"
    try:
        with (
            closing(_read_only(Path(str(connection.settings_dict["NAME"])))) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)  # one read transaction: nobody waits, nothing later comes in
            target.execute("PRAGMA journal_mode=DELETE")
        facts = facts_of_file(copy)
        given = sink()
        with copy.open("rb") as stream:
            while piece := stream.read(PIECE):
                given.write(piece)
        return facts
    except sqlite3.Error as error:
        raise BackupError(f"the database cannot be copied: {error}") from error
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)


def _copy_postgres(sink: Callable[[], Sink]) -> Facts:
    reader = connection.copy()
    try:
        with reader.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
            facts = read_facts(_asker(cursor))
            with _started("pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}") as stream:
                given = sink()
                while piece := stream.read(PIECE):
                    given.write(piece)
            cursor.execute("ROLLBACK")
        return facts
    finally:
        reader.close()


def _load_postgres(copy: Path) -> None:
    """As one transaction: whatever was there goes, the copy comes; an error leaves everything as it was."""
    restore = [_program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(copy)]
    load = [_program("psql"), *_place(), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
    load += ["--single-transaction", "--file=-"]
    clear = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n"
    with (
        subprocess.Popen(restore, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()) as reading,
        subprocess.Popen(
            load, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment()
        ) as loading,
    ):
        assert reading.stdout
        assert reading.stderr
        assert loading.stdin
        assert loading.stderr
        try:
            loading.stdin.write(clear.encode())
            shutil.copyfileobj(reading.stdout, loading.stdin, PIECE)
            if reading.wait():
                loading.kill()  # nothing was committed
            loading.stdin.close()
        except BrokenPipeError:
            reading.kill()
        failed = loading.wait()
        said = (loading.stderr.read() or reading.stderr.read()).decode(errors="replace").strip()
        if failed or reading.wait():
            raise BackupError(f"the database could not be loaded, it is as it was: {said[-2000:]}")


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True, timeout=60)


@contextmanager
def _started(program: str, *words: str) -> Iterator[IO[bytes]]:
    command = [_program(program), *_place(), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()) as process:
        assert process.stdout
        assert process.stderr
        yield process.stdout
        said = process.stderr.read().decode(errors="replace").strip()
        if process.wait():
            raise BackupError(f"{program} failed: {said}")


def _run(program: str, *words: str, place: bool = True) -> None:
    command = [_program(program), *(_place() if place else []), *words]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()}")


def _program(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        homes = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
        if not homes:
            raise BackupError(f"{program} is needed: apt-get install postgresql-client")
        found = str(homes[-1])
    return found


def _place() -> list[str]:
    given = connection.settings_dict
    place = [f"--dbname={given['NAME']}"]
    for option, key in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER")):
        if given[key]:
            place.append(f"{option}={given[key]}")
    return place


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZHENXUE_")}
    return {**kept, "PGPASSWORD": str(connection.settings_dict["PASSWORD"] or "")}


def _asker(cursor: Any) -> Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]:
    def ask(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor.execute(sql, values)
        return list(cursor.fetchall())

    return ask
