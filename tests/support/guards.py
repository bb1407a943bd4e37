"""The triggers that keep records, seen from the tests: they are lifted where a test empties or forges the tables.

Production code has nothing like it. One connection is told not to fire them.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from tests.support.laid import laid


def run(statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def lifted() -> Iterator[None]:
    """Whoever owns the database can do this; then only the log tells."""
    _fire(False)
    try:
        yield
    finally:
        _fire(True)


def _fire(on: bool) -> None:
    if connection.vendor == "postgresql":
        run([f"SET session_replication_role = {'origin' if on else 'replica'}"])
    else:
        connection.ensure_connection()
        connection.connection.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, on)


@pytest.fixture
def unguarded(db: None) -> Iterator[None]:
    """A whole test without them."""
    with lifted():
        yield


@pytest.fixture
def bare_ground(db: None) -> None:
    """For a test that speaks of everything there is: of the ground (``tests.factories.ground``) only lists are left."""
    clear_ground()


@laid
def clear_ground() -> None:
    kept = {"identity_region", "catalogue_occupation"}
    ours = {model._meta.db_table for model in apps.get_models() if model.__module__.startswith("zhenxue.")}
    with transaction.atomic(), lifted():
        run(f"DELETE FROM {table}" for table in sorted(ours - kept))


def pytest_sessionstart() -> None:
    """Let Django empty the tables between tests that commit."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def past_the_guards(self: BaseDatabaseOperations, sql_list: Iterable[str]) -> None:
        with lifted():
            flush(self, sql_list)

    BaseDatabaseOperations.execute_sql_flush = past_the_guards  # type: ignore[method-assign]  # the tests' own flush
