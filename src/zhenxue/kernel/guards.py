"""Triggers that refuse what nobody may do to a row, the operator's own SQL included; for migrations.

They stop mistakes and programs; who owns the database can take them away, which is why ``zhenxue verify`` exists. A
migration that rebuilds a table on SQLite (a new constraint, a changed column) loses its triggers and must install them
again; ``tests/architecture/test_guards.py`` misses them by name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import connection

#: The floor under every rule of retention (N18: 聊人社字〔2025〕3号 五, at least five years).
YEARS = 5
REFUSE_TRUNCATE = "kernel_refuse_truncate"
REFUSE_TRUNCATE_SQL = (
    f"CREATE OR REPLACE FUNCTION {REFUSE_TRUNCATE}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION 'the rows of % are kept', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
)
#: What the two databases say differently, as ``{word}`` in a condition.
WORDS = {
    "postgresql": {
        "differs": "IS DISTINCT FROM",
        "floor": f"(now() - interval '{YEARS} years')",
        "floor_ms": f"(extract(epoch FROM now() - interval '{YEARS} years') * 1000)",
        "floor_day": f"((now() - interval '{YEARS} years')::date)",
        "today": "CURRENT_DATE",
    },
    "sqlite": {
        "differs": "IS NOT",
        "floor": f"datetime('now', '-{YEARS} years')",
        "floor_ms": f"(CAST(strftime('%s', 'now', '-{YEARS} years') AS INTEGER) * 1000)",
        "floor_day": f"date('now', '-{YEARS} years')",
        "today": "date('now')",
    },
}


@dataclass(frozen=True, slots=True)
class Guard:
    """``event`` on a row of ``table`` is refused with ``message`` where ``refused`` holds.

    ``event`` is DELETE, UPDATE or ``UPDATE OF a, b``; ``refused`` speaks of OLD and NEW and may hold subqueries and
    ``WORDS``.
    """

    name: str
    table: str
    event: str
    message: str
    refused: str = "1 = 1"


def changed(*columns: str) -> str:
    """The condition that one of the columns got another value."""
    return "(" + " OR ".join(f"OLD.{name} {{differs}} NEW.{name}" for name in columns) + ")"


def install(guards: Iterable[Guard], *, keep_whole: Iterable[str] = ()) -> None:
    """Put the triggers there; on PostgreSQL the tables of ``keep_whole`` also refuse TRUNCATE."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        for guard in guards:
            for statement in _postgres(guard) if postgres else _sqlite(guard):
                cursor.execute(statement)
        if postgres:
            cursor.execute(REFUSE_TRUNCATE_SQL)
            for table in keep_whole:
                cursor.execute(refuse_truncate(table))


def remove(guards: Iterable[Guard], *, keep_whole: Iterable[str] = ()) -> None:
    """The way back."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        for guard in guards:
            cursor.execute(f"DROP TRIGGER IF EXISTS {guard.name}" + (f" ON {guard.table}" if postgres else ""))
            if postgres:
                cursor.execute(f"DROP FUNCTION IF EXISTS {guard.name}()")
        for table in keep_whole if postgres else ():
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_keep ON {table}")


def refuse_truncate(table: str) -> str:
    """The trigger that refuses to empty a table on PostgreSQL; its function is ``REFUSE_TRUNCATE_SQL``."""
    return (
        f"CREATE TRIGGER {table}_keep BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {REFUSE_TRUNCATE}()"
    )


def _postgres(guard: Guard) -> Iterator[str]:
    row = "OLD" if guard.event == "DELETE" else "NEW"
    yield (
        f"CREATE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {guard.refused.format(**WORDS['postgresql'])} THEN "
        f"RAISE EXCEPTION '{guard.message}' USING ERRCODE = 'integrity_constraint_violation'; "
        f"END IF; RETURN {row}; END $$"
    )
    yield (
        f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} FOR EACH ROW "
        f"EXECUTE FUNCTION {guard.name}()"
    )


def _sqlite(guard: Guard) -> Iterator[str]:
    yield (
        f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} FOR EACH ROW "
        f"WHEN {guard.refused.format(**WORDS['sqlite'])} BEGIN SELECT RAISE(ABORT, '{guard.message}'); END"
    )
