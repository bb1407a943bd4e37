"""Every trigger that keeps records is there: a migration that rebuilds a table on SQLite loses them silently."""

import importlib

import pytest
from django.db import connection

GUARDED = (
    "zhenxue.evidence.migrations.0002_guards",
    "zhenxue.ledger.migrations.0006_retention",
    "zhenxue.study.migrations.0006_keep_beats",
)


@pytest.mark.django_db
def test_no_migration_lost_a_guard() -> None:
    wanted = {guard.name for name in GUARDED for guard in importlib.import_module(name).GUARDS}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger"
            if connection.vendor == "postgresql"
            else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        )
        there = {row[0] for row in cursor.fetchall()}
    assert not wanted - there, "install them again in the migration that rebuilt the table"
    assert len(wanted) >= 24
