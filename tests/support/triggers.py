"""The triggers that keep records, lifted where a test empties or forges the tables.

Production code has nothing like it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def lifted() -> Iterator[None]:
    """This connection fires no trigger, and afterwards does again what it did before.

    Whoever owns the database can do this; then only the log tells.
    """
    before = _firing()
    _fire(False)
    try:
        yield
    finally:
        _fire(before)


def _firing() -> bool:
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        return bool(connection.connection.getconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('session_replication_role')")
        return bool(cursor.fetchone()[0] == "origin")


def _fire(on: bool) -> None:
    if connection.vendor == "sqlite":
        connection.connection.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, on)
    else:
        with connection.cursor() as cursor:
            cursor.execute(f"SET session_replication_role = {'origin' if on else 'replica'}")
