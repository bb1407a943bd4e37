"""The triggers that keep records, seen from the tests: they are lifted where a test empties or forges the tables.

Production code has nothing like it. On SQLite the triggers are dropped and made again; on PostgreSQL one session is
told not to fire them.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations


def triggers() -> list[tuple[str, str]]:
    """Name and definition of every trigger on SQLite."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        return [(name, sql) for name, sql in cursor.fetchall()]


def run(statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def lifted() -> Iterator[None]:
    """Whoever owns the database can do this; then only the log tells."""
    if connection.vendor == "postgresql":
        run(["SET session_replication_role = replica"])
        try:
            yield
        finally:
            run(["SET session_replication_role = origin"])
        return
    known = triggers()
    run([f"DROP TRIGGER {name}" for name, _ in known])
    try:
        yield
    finally:
        run([sql for _, sql in known])


@pytest.fixture
def unguarded(db: None) -> Iterator[None]:
    """A whole test without them."""
    with lifted():
        yield


@pytest.fixture
def bare_ground(db: None) -> None:
    """For a test that speaks of everything there is: of the ground (``tests.factories.ground``) only lists are left."""
    kept = {"identity_region", "catalogue_occupation"}
    ours = {model._meta.db_table for model in apps.get_models() if model.__module__.startswith("zhenxue.")}
    with transaction.atomic(), lifted():
        run(f"DELETE FROM {table}" for table in sorted(ours - kept))


def pytest_sessionstart() -> None:
    """Let Django empty the tables between tests that commit."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def past_the_guards(self: BaseDatabaseOperations, sql_list: Iterable[str]) -> None:
        if connection.vendor == "postgresql":
            around: tuple[list[str], list[str]] = (["SET LOCAL session_replication_role = replica"], [])
        else:
            known = triggers()
            around = [f"DROP TRIGGER {name}" for name, _ in known], [sql for _, sql in known]
        flush(self, [*around[0], *sql_list, *around[1]])

    BaseDatabaseOperations.execute_sql_flush = past_the_guards  # type: ignore[method-assign]  # the tests' own flush
