"""The test database with everything that every test finds in it: laid once a run, copied for each further worker.

A test that commits leaves it behind as every other does: the ground is laid back from what was kept.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

from tests.support import laid
from tests.support.kept import alone, lay_or_make
from tests.support.triggers import lifted

#: The database on the run's PostgreSQL that others are copied from; nobody connects to it.
KEPT = "ground"


def make_once(folder: Path) -> None:
    """From now on this process gets its test database from the run's folder, or is the first and leaves it there."""
    connection = connections["default"]
    creation = connection.creation
    make, on_file, kept = creation.create_test_db, connection.vendor == "sqlite", folder / f"{KEPT}.sqlite3"
    made = folder / f"{KEPT}.made"
    tables = Tables()

    def create_test_db(**options: Any) -> str:
        name = found_or_made(**options)
        if not on_file:
            tables.keep(connection)
        laid.begin(connection)
        return name

    def found_or_made(**options: Any) -> str:
        name: str = creation._get_test_db_name()
        with alone(folder / f"{KEPT}.lock"):
            if not made.exists():
                server = os.environ.get("ZHENXUE_TEST_DATABASE_URL", "").rpartition("/")[0]
                if lay_or_make(f"sqlite:///{name}" if on_file else f"{server}/{name}", lambda: make(**options)):
                    connect(name)
                lay()
                if on_file:
                    with closing(sqlite3.connect(kept)) as copy:
                        connection.connection.backup(copy)
                else:
                    copy_on_server(name, KEPT)
                made.touch()
                return name
        if on_file:
            shutil.copyfile(kept, name)
        else:
            copy_on_server(KEPT, name)
        connect(name)
        return name

    def connect(name: str) -> None:
        connection.close()
        settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
        connection.ensure_connection()

    def copy_on_server(source: str, target: str) -> None:
        connection.close()
        with creation._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {target} TEMPLATE {source}")

    def lay_back(test: TransactionTestCase) -> None:
        del test
        connection.ensure_connection()
        if on_file:
            with closing(sqlite3.connect(kept)) as source:
                source.backup(connection.connection)
        else:
            tables.lay_back(connection)

    # in place of Django's, which leaves empty tables behind
    TransactionTestCase._fixture_teardown = lay_back  # type: ignore[attr-defined]  # a method of theirs, not in the stubs
    creation.create_test_db = create_test_db  # type: ignore[method-assign,assignment]  # what Django calls for a test run


def lay() -> None:
    # Not above: models are loaded after the settings.
    from tests.factories.ground import lay_ground

    lay_ground()


class Tables:
    """The tables of the models on PostgreSQL: what stood in them, and whether it still does."""

    def __init__(self) -> None:
        self.columns: dict[str, str] = {}
        self.rows: dict[str, bytes] = {}
        #: By table: how many rows, and how long after the first keeping the newest was written, in transactions.
        self.marks: dict[str, tuple[int, int]] = {}
        self.since = ""

    def keep(self, connection: BaseDatabaseWrapper) -> None:
        """What stands there now is what comes back."""
        names = connection.introspection.django_table_names(only_existing=True, include_views=False)
        with connection.cursor() as cursor:
            cursor.execute(laid.LEAVES, [names])
            self.columns = {table: columns for table, columns, _ in cursor.fetchall()}
            for table, columns in self.columns.items():
                with cursor.copy(f"COPY {table} ({columns}) TO STDOUT") as copy:
                    self.rows[table] = b"".join(copy)
            cursor.execute("SELECT pg_current_xact_id()::xid::text")
            (self.since,) = cursor.fetchone()
            self.marks = self._marks(cursor, self.columns)

    def lay_back(self, connection: BaseDatabaseWrapper) -> None:
        """Where something was written, what stood there before; no trigger and no foreign key asks."""
        with lifted(), transaction.atomic(), connection.cursor() as cursor:
            changed = [table for table, mark in self._marks(cursor, self.columns).items() if mark != self.marks[table]]
            for table in changed:
                cursor.execute(f"DELETE FROM {table}")
                if self.rows[table]:
                    with cursor.copy(f"COPY {table} ({self.columns[table]}) FROM STDIN") as copy:
                        copy.write(self.rows[table])
            if changed:
                self.marks |= self._marks(cursor, changed)

    def _marks(self, cursor: Any, tables: Iterable[str]) -> dict[str, tuple[int, int]]:
        ask = f"SELECT '{{0}}', count(*), coalesce(age('{self.since}'::xid) - min(age(xmin)), 0) FROM {{0}}"
        cursor.execute(" UNION ALL ".join(ask.format(table) for table in tables))
        return {table: (count, written) for table, count, written in cursor.fetchall()}
