"""Only one sequencer runs per log. The log itself is safe without it (each step takes its own turn)."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from zhenxue.evidence.errors import AlreadyRunning

LOCK = 0x7A78_6C6F_6702  # session-wide advisory lock on PostgreSQL ("zxlog" and 2)


@contextmanager
def sequencer_lock() -> Iterator[None]:
    """Holds the lock of this log's sequencer, a PostgreSQL advisory lock or a lock on a file beside the SQLite file.

    Raises ``AlreadyRunning`` at once when another process holds it. A process that dies gives it back by dying.
    """
    if connection.vendor == "postgresql":
        with _advisory_lock():
            yield
    else:
        with _file_lock(Path(f"{connection.settings_dict['NAME']}.sequencer.lock")):
            yield


@contextmanager
def _advisory_lock() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning("another sequencer holds the advisory lock")
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(f"another sequencer holds {path}") from error
        yield
