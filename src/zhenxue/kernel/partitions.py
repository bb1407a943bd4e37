"""Month partitions of the tables that grow without end: on PostgreSQL only, SQLite keeps plain tables.

An app declares its table here (``register`` in ``apps.ready()``) and turns it into a partitioned one in a migration
(``install``). The ORM and plain INSERTs see one table as before. A default partition takes whatever no month takes, so
that no row is ever refused for its date; ``ensure`` makes the coming months and moves what strayed into the default.

What PostgreSQL cannot say of a partitioned table is said of every partition: a unique rule without the partition
column holds within each month. The primary key becomes (id, column); ids still come from one sequence.
"""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from zhenxue.kernel import clock, guards

AHEAD_MONTHS = 3
#: An empty month is dropped when it is over for so long: what was archived gives its room back.
EMPTY_MONTHS = 3
#: How long the making of partitions may make writers wait before it gives way and tries again the next day.
LOCK_TIMEOUT = "5s"
LOCK = 0x7A78_7061_7274  # advisory lock: one process makes partitions at a time ("zxpart")


@dataclass(frozen=True, slots=True)
class Once:
    """A unique rule that holds within each partition: ``columns``, and the rows it speaks of."""

    name: str
    columns: str
    where: str


@dataclass(frozen=True, slots=True)
class Monthly:
    """A table partitioned by civil month of ``column``: a date, or (``milliseconds``) whole ms since 1970.

    ``drop_empty``: months that were emptied (archived) may go.
    """

    table: str
    column: str
    milliseconds: bool = False
    once: tuple[Once, ...] = ()
    drop_empty: bool = False

    @property
    def default(self) -> str:
        return f"{self.table}_default"

    def partition(self, month: dt.date) -> str:
        """The name of a month's partition."""
        return f"{self.table}_{month:%Y_%m}"

    def bounds(self, month: dt.date) -> tuple[str, str]:
        """SQL literals of the first value of the month and of the next month."""
        return self._literal(month), self._literal(next_month(month))

    def _literal(self, first: dt.date) -> str:
        return str(first_ms(first)) if self.milliseconds else f"'{first.isoformat()}'"


_tables: dict[str, Monthly] = {}


def register(one: Monthly) -> None:
    """Have ``ensure`` care for a table."""
    _tables[one.table] = one


def month_of(day: dt.date) -> dt.date:
    """The first day of the month."""
    return day.replace(day=1)


def next_month(month: dt.date) -> dt.date:
    """The first day of the month after."""
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def first_ms(month: dt.date) -> int:
    """Milliseconds since 1970 at which a civil month begins."""
    return clock.milliseconds(clock.start_of_day(month))


def month_at(ms: int) -> dt.date:
    """The civil month of a moment in milliseconds since 1970."""
    return month_of(clock.civil_day(clock.at(ms)))


def coming_months(now: dt.datetime) -> list[dt.date]:
    """This civil month and the next ``AHEAD_MONTHS``."""
    months = [month_of(clock.civil_day(now))]
    for _ in range(AHEAD_MONTHS):
        months.append(next_month(months[-1]))
    return months


def ensure(*, now: dt.datetime) -> list[str]:
    """Makes the partitions of the coming months and of rows that strayed; returns their names. Harmless to repeat.

    Nothing happens on SQLite, and to tables that are not partitioned. Raises ``OperationalError`` when writers are in
    the way for longer than ``LOCK_TIMEOUT``; then nothing has changed.
    """
    if connection.vendor != "postgresql":
        return []
    made: list[str] = []
    for one in _tables.values():
        with _turn():
            if _is_partitioned(one.table):
                made += _make(one, coming_months(now))
        with _turn():
            if one.drop_empty and _is_partitioned(one.table):
                _drop_empty(one, now)
    return made


def install(one: Monthly, *, now: dt.datetime) -> None:
    """In a migration: turn a plain table into a partitioned one that holds the same rows; nothing on SQLite.

    Checks, foreign keys, defaults and indexes stay as they are; unique indexes follow ``one.once``.
    """
    if connection.vendor != "postgresql" or _is_partitioned(one.table):
        return
    plain = f"{one.table}_plain"
    indexes, keys = _indexes(one.table), _foreign_keys(one.table)
    top = _value(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {one.table}")
    _execute(
        guards.REFUSE_TRUNCATE_SQL,
        f"ALTER TABLE {one.table} RENAME TO {plain}",
        f"CREATE TABLE {one.table} (LIKE {plain} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) "
        f"PARTITION BY RANGE ({one.column})",
        f"CREATE TABLE {one.default} PARTITION OF {one.table} DEFAULT",
    )
    months = {dt.date.fromisoformat(f"{found}-01") for found in _months_in(one, plain)}
    for month in sorted(months | set(coming_months(now))):
        low, high = one.bounds(month)
        _execute(f"CREATE TABLE {one.partition(month)} PARTITION OF {one.table} FOR VALUES FROM ({low}) TO ({high})")
    _execute(
        f"INSERT INTO {one.table} SELECT * FROM {plain}",
        f"DROP TABLE {plain}",
        f"CREATE SEQUENCE {one.table}_id_seq OWNED BY {one.table}.id",
        f"SELECT setval('{one.table}_id_seq', {top}, false)",
        f"ALTER TABLE {one.table} ALTER COLUMN id SET DEFAULT nextval('{one.table}_id_seq')",
        f"ALTER TABLE {one.table} ADD PRIMARY KEY (id, {one.column})",
        *(definition for unique, definition in indexes if not unique),
        *(f"ALTER TABLE {one.table} ADD CONSTRAINT {name} {definition}" for name, definition in keys),
        guards.refuse_truncate(one.table),
    )
    for partition in _partitions(one.table):
        _execute(*_own_rules(one, partition))


def remove(one: Monthly) -> None:
    """The way back: one plain table with the same rows, ids from an identity again."""
    if connection.vendor != "postgresql" or not _is_partitioned(one.table):
        return
    parted = f"{one.table}_parted"
    indexes, keys = _indexes(one.table), _foreign_keys(one.table)
    top = _value(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {one.table}")
    _execute(
        f"ALTER TABLE {one.table} RENAME TO {parted}",
        f"CREATE TABLE {one.table} (LIKE {parted} INCLUDING CONSTRAINTS)",
        f"INSERT INTO {one.table} SELECT * FROM {parted}",
        f"ALTER TABLE {parted} ALTER COLUMN id DROP DEFAULT",
        f"DROP TABLE {parted}",
        f"ALTER TABLE {one.table} ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY",
        f"SELECT setval(pg_get_serial_sequence('{one.table}', 'id'), {top}, false)",
        f"ALTER TABLE {one.table} ADD PRIMARY KEY (id)",
        *(definition.replace(" ON ONLY ", " ON ") for unique, definition in indexes if not unique),
        *(f"CREATE UNIQUE INDEX {rule.name} ON {one.table} ({rule.columns}) WHERE {rule.where}" for rule in one.once),
        *(f"ALTER TABLE {one.table} ADD CONSTRAINT {name} {definition}" for name, definition in keys),
    )


def _make(one: Monthly, months: list[dt.date]) -> list[str]:
    known = set(_partitions(one.table))
    strays = {dt.date.fromisoformat(f"{found}-01") for found in _months_in(one, one.default)}
    strays = {month for month in strays if month <= months[-1]}
    missing = sorted({month for month in {*months, *strays} if one.partition(month) not in known})
    if not missing and not strays:
        return []
    if strays:
        _execute(f"ALTER TABLE {one.table} DETACH PARTITION {one.default}")
    for month in missing:
        low, high = one.bounds(month)
        partition = one.partition(month)
        _execute(
            f"CREATE TABLE {partition} PARTITION OF {one.table} FOR VALUES FROM ({low}) TO ({high})",
            *_own_rules(one, partition),
        )
    if strays:
        for month in sorted(strays):
            low, high = one.bounds(month)
            _execute(
                f"WITH moved AS (DELETE FROM {one.default} WHERE {one.column} >= {low} AND {one.column} < {high} "
                f"RETURNING *) INSERT INTO {one.table} SELECT * FROM moved"
            )
        _execute("SET CONSTRAINTS ALL IMMEDIATE", f"ALTER TABLE {one.table} ATTACH PARTITION {one.default} DEFAULT")
    return [one.partition(month) for month in missing]


def _drop_empty(one: Monthly, now: dt.datetime) -> None:
    oldest = month_of(clock.civil_day(now))
    for _ in range(EMPTY_MONTHS):
        oldest = month_of(oldest - dt.timedelta(days=1))
    for partition in _partitions(one.table):
        if re.fullmatch(rf"{one.table}_\d{{4}}_\d{{2}}", partition) and partition < one.partition(oldest):
            _execute(f"LOCK TABLE {partition} IN SHARE MODE")
            if _value(f"SELECT NOT EXISTS (SELECT 1 FROM {partition})"):
                _execute(f"DROP TABLE {partition}")


def _own_rules(one: Monthly, partition: str) -> Iterator[str]:
    for rule in one.once:
        name = f"{rule.name}_{partition.removeprefix(one.table + '_')}"
        yield f"CREATE UNIQUE INDEX {name} ON {partition} ({rule.columns}) WHERE {rule.where}"
    yield guards.refuse_truncate(partition)


def _months_in(one: Monthly, table: str) -> list[str]:
    """The civil months (``2026-11``) of the rows of a table; those that no calendar of ours knows are left out."""
    local = f"to_timestamp({one.column} / 1000.0) AT TIME ZONE 'Asia/Shanghai'" if one.milliseconds else one.column
    low, high = one._literal(dt.date(2000, 1, 1)), one._literal(dt.date(2100, 1, 1))
    known = f"{one.column} >= {low} AND {one.column} < {high}"
    return _column(f"SELECT DISTINCT to_char({local}, 'YYYY-MM') FROM {table} WHERE {known}")


@contextmanager
def _turn() -> Iterator[None]:
    with transaction.atomic():
        _execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'", f"SELECT pg_advisory_xact_lock({LOCK})")
        yield


def _is_partitioned(table: str) -> bool:
    return bool(_value(f"SELECT EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass('{table}') AND relkind = 'p')"))


def _partitions(table: str) -> list[str]:
    return _column(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        f"WHERE i.inhparent = '{table}'::regclass ORDER BY c.relname"
    )


def _indexes(table: str) -> list[tuple[bool, str]]:
    """Whether unique, and the definition, of every index but the primary key's."""
    return _rows(
        "SELECT indisunique, pg_get_indexdef(indexrelid) FROM pg_index "
        f"WHERE indrelid = '{table}'::regclass AND NOT indisprimary ORDER BY indexrelid"
    )


def _foreign_keys(table: str) -> list[tuple[str, str]]:
    """Name and definition of every foreign key of the table."""
    return _rows(
        "SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
        f"WHERE conrelid = '{table}'::regclass AND contype = 'f' ORDER BY oid"
    )


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _rows(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _column(query: str) -> list[str]:
    return [row[0] for row in _rows(query)]


def _value(query: str) -> Any:
    return _rows(query)[0][0]
