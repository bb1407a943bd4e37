"""Every trigger that keeps records is there: a migration that rebuilds a table on SQLite loses them silently."""

import importlib
from pathlib import Path

import pytest
from django.db import connection

from zhenxue.kernel.guards import Guard

SOURCE = Path("src/zhenxue")


def guards() -> set[str]:
    """The names of all guards that migrations install."""
    found = set()
    for file in SOURCE.glob("*/migrations/0*.py"):
        module = importlib.import_module(f"zhenxue.{file.parts[-3]}.migrations.{file.stem}")
        found |= {one.name for one in getattr(module, "GUARDS", ()) if isinstance(one, Guard)}
    return found


@pytest.mark.django_db
def test_no_migration_lost_a_guard() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger"
            if connection.vendor == "postgresql"
            else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        )
        there = {row[0] for row in cursor.fetchall()}
    assert not guards() - there, "install them again in the migration that rebuilt the table"
    assert len(guards()) >= 24
