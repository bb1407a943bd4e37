"""Fixtures of tests that empty or forge the tables, past the triggers that keep records."""

from collections.abc import Iterable, Iterator

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from tests.support.laid import laid
from tests.support.triggers import lifted


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
    with lifted(), transaction.atomic(), connection.cursor() as cursor:
        for table in sorted(ours - kept):
            cursor.execute(f"DELETE FROM {table}")


def pytest_sessionstart() -> None:
    """Let Django empty the tables between tests that commit."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def past_the_guards(self: BaseDatabaseOperations, sql_list: Iterable[str]) -> None:
        with lifted():
            flush(self, sql_list)

    BaseDatabaseOperations.execute_sql_flush = past_the_guards  # type: ignore[method-assign]  # the tests' own flush
