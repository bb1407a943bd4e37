"""Factories that are asked for the same thing in test after test: the rows are kept and laid again.

``@laid`` on a factory: the second time a process calls it with the same arguments on the same ground, what it wrote is
kept; from then on the same call writes those rows, without the operations that made them. It is only done where nothing
has been written since the ground (``tests.support.ground``) but by factories that were laid again themselves; after
anything else the factory simply runs. What comes back is a copy, so a test may change it.
"""

import copy
import datetime as dt
import enum
import functools
import sqlite3
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

PLAIN = (type(None), bool, int, float, str, bytes, dt.date, dt.time, dt.timedelta, enum.Enum, Decimal)
#: Settings that stand in the rows themselves: what was kept under others is another thing.
SEALING = ("FIELD_KEYS", "FIELD_CIPHER", "BLIND_INDEX_KEY")
READS = {"SEL", "SAV", "REL", "BEG", "PRA", "SET"}
#: Tables that nothing grows without; how many rows they have tells one ground from another.
MARKS = "SELECT (SELECT count(*) FROM evidence_entry), (SELECT count(*) FROM identity_person)"
LEAVES = """SELECT leaf.oid::regclass::text, string_agg(quote_ident(attname), ', ' ORDER BY attnum)
FROM pg_class leaf JOIN pg_attribute ON attrelid = leaf.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
WHERE leaf.relkind = 'r' AND coalesce(pg_partition_root(leaf.oid), leaf.oid)::regclass::text = ANY(%s)
GROUP BY leaf.oid"""

COUNTER = "SELECT pg_get_serial_sequence(coalesce(pg_partition_root(%s::regclass), %s::regclass)::text, %s)"
#: A row that is laid again takes its number with it; what counts numbers may stand before it in a copied database.
BEYOND = """SELECT setval(name::regclass, highest) FROM unnest(%s::text[], %s::bigint[]) AS counter(name, highest)
WHERE highest > coalesce(pg_sequence_last_value(name::regclass), 0)"""

type Row = tuple[Any, ...] | bytes


@dataclass
class Table:
    """A table as it is read and written whole: its columns, quoted, and where among them its key stands."""

    columns: str
    key: list[str]
    places: list[int]


@dataclass
class Kept:
    """What one call wrote, and what it gave."""

    result: Any
    #: Stand in ``result`` where an argument itself stood.
    given: list[object]
    marks: tuple[int, int]
    new: dict[str, list[Row]]
    gone: dict[str, list[tuple[Any, ...]]]
    files: dict[Path, bytes]
    #: On PostgreSQL: what counts the numbers of the new rows, and how far it has to be.
    counters: dict[str, int]


@dataclass
class State:
    """Which laid calls this test stands on; ``None`` once anything else was written."""

    chain: tuple[Hashable, ...] | None = ()
    writes: int = 0
    settled: int = 0
    ground: tuple[int, int] | None = None
    seen: Counter[Hashable] = field(default_factory=Counter)
    kept: dict[Hashable, Kept] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)


STATE = State()


class NotPlain(Exception):
    """An argument that says nothing of what it is by its value."""


def laid[**P, R](factory: Callable[P, R]) -> Callable[P, R]:
    """Keeps what the factory wrote and lays it again; see the module."""

    @functools.wraps(factory)
    def lay(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            sealing = tuple(getattr(settings, name) for name in SEALING)
            key = (factory.__module__, factory.__qualname__, sealing, _plain(args), _plain(kwargs))
        except NotPlain:
            return factory(*args, **kwargs)
        if not _stands():
            return factory(*args, **kwargs)
        chain, given = (*(STATE.chain or ()), key), [*args, *kwargs.values()]
        kept = STATE.kept.get(chain)
        if kept is None:
            STATE.seen[chain] += 1
            if STATE.seen[chain] == 1:
                return factory(*args, **kwargs)
            result = _keep(chain, given, lambda: factory(*args, **kwargs))
        else:
            _lay(kept)
            result = copy.deepcopy(kept.result, {id(hole): one for hole, one in zip(kept.given, given, strict=True)})
        if chain in STATE.kept:
            STATE.chain, STATE.settled = chain, STATE.writes
        return result

    return lay


def begin(of: BaseDatabaseWrapper) -> None:
    """The ground of this process has just been laid: what stands now is what the first kept call stands on."""
    STATE.ground = _marks()
    of.execute_wrappers.append(_watch)


def start() -> None:
    """Every test begins on the ground. Since the last one the thread may have been given another connection."""
    if STATE.ground is not None and _watch not in connection.execute_wrappers:
        connection.execute_wrappers.append(_watch)
    STATE.chain, STATE.writes, STATE.settled = (), 0, 0


def _watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if sql[:3] not in READS:
        STATE.writes += 1
    return execute(sql, params, many, context)


def _stands() -> bool:
    """Whether all that was written since the ground was written by kept calls."""
    watched = STATE.ground is not None and _watch in connection.execute_wrappers
    if STATE.chain is None or STATE.writes != STATE.settled or STATE.ground is None or not watched:
        STATE.chain = None
        return False
    before = STATE.kept[STATE.chain].marks if STATE.chain else STATE.ground
    if _marks() == before:
        return True
    STATE.chain = None
    return False


def _marks() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(MARKS)
        entries, people = cursor.fetchone()
    return entries, people


def _plain(value: Any) -> Hashable:
    """The value as a part of a key; models by their row."""
    if isinstance(value, PLAIN):
        return type(value).__name__, value
    if isinstance(value, models.Model):
        return value._meta.label, value.pk
    if isinstance(value, (tuple, list)):
        return type(value).__name__, *(_plain(item) for item in value)
    if isinstance(value, dict):
        return "dict", *((str(name), _plain(item)) for name, item in value.items())
    if is_dataclass(value):
        return type(value).__qualname__, *(_plain(getattr(value, each.name)) for each in fields(value))
    raise NotPlain


def _keep[R](chain: tuple[Hashable, ...], given: list[Any], call: Callable[[], R]) -> R:
    rows, files = _rows(), set(_files())
    result = call()
    holes = [object() if is_dataclass(one) or isinstance(one, models.Model) else one for one in given]
    try:
        copied = copy.deepcopy(result, {id(one): hole for one, hole in zip(given, holes, strict=True)})
    except TypeError:  # it holds what cannot be copied, such as a key: this call runs every time
        STATE.chain = None
        return result
    after = _rows()
    new = {name: [row for row in after[name] if row not in rows[name]] for name in after}
    gone = {name: [_key(row, STATE.tables[name]) for row in rows[name] if row not in after[name]] for name in after}
    written = {path.relative_to(settings.FILES_FOLDER): path.read_bytes() for path in _files() if path not in files}
    new, gone = {name: some for name, some in new.items() if some}, {name: some for name, some in gone.items() if some}
    STATE.kept[chain] = Kept(copied, holes, _marks(), new, gone, written, _counters(new))
    return result


def _counters(new: dict[str, list[Row]]) -> dict[str, int]:
    found: dict[str, int] = {}
    if connection.vendor == "sqlite":
        return found
    with connection.cursor() as cursor:
        for name, rows in new.items():
            table = STATE.tables[name]
            cursor.execute(COUNTER, [name, name, table.key[0]])
            counter = cursor.fetchone()[0]
            if counter:
                found[counter] = max([found.get(counter, 0), *(int(_key(row, table)[0]) for row in rows)])
    return found


def _files() -> Iterator[Path]:
    return (path for path in Path(settings.FILES_FOLDER).rglob("*") if path.is_file())


def _rows() -> dict[str, dict[Row, None]]:
    """Every row of every table, in the order in which it is read."""
    if not STATE.tables:
        STATE.tables.update(_tables())
    found: dict[str, dict[Row, None]] = {}
    with connection.cursor() as cursor:
        for name, table in STATE.tables.items():
            if connection.vendor == "sqlite":
                # an expression has no declared type, so nothing is converted on the way
                columns = ", ".join(f"+{column}" for column in table.columns.split(", "))
                raw = connection.connection.execute(f"SELECT {columns} FROM {name}")
                found[name] = dict.fromkeys(raw.fetchall())
            else:
                with cursor.copy(f"COPY {name} ({table.columns}) TO STDOUT") as copied:
                    found[name] = dict.fromkeys(b"".join(copied).splitlines(keepends=True))
    return found


def _tables() -> dict[str, Table]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            columns = {}
            for name in names:
                cursor.execute(f"PRAGMA table_xinfo({name})")
                columns[name] = [row[1] for row in cursor.fetchall() if row[6] == 0]
        else:
            cursor.execute(LEAVES, [names])
            columns = {name: text.split(", ") for name, text in cursor.fetchall()}
        made = {}
        for name, own in columns.items():
            key = connection.introspection.get_primary_key_columns(cursor, name.strip('"')) or own
            plain = [column.strip('"') for column in own]
            made[name] = Table(
                ", ".join(f'"{column}"' for column in plain), key, [plain.index(column) for column in key]
            )
    return made


def _key(row: Row, table: Table) -> tuple[Any, ...]:
    values: Any = row.decode().rstrip("\n").split("\t") if isinstance(row, bytes) else row
    return tuple(values[place] for place in table.places)


def _lay(kept: Kept) -> None:
    """The rows as they were, past triggers (what stands was allowed when it was first written)."""
    for path, content in kept.files.items():
        target = Path(settings.FILES_FOLDER) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    with transaction.atomic():
        (_lay_on_sqlite if connection.vendor == "sqlite" else _lay_on_postgres)(kept)


def _lay_on_sqlite(kept: Kept) -> None:
    connection.ensure_connection()
    raw = connection.connection
    raw.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, False)
    try:
        for name, keys in kept.gone.items():
            where = " AND ".join(f'"{column}" = ?' for column in STATE.tables[name].key)
            raw.executemany(f"DELETE FROM {name} WHERE {where}", keys)
        for name, rows in kept.new.items():
            marks = ", ".join("?" * len(rows[0]))
            raw.executemany(f"INSERT INTO {name} ({STATE.tables[name].columns}) VALUES ({marks})", rows)
    finally:
        raw.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, True)


def _lay_on_postgres(kept: Kept) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('session_replication_role')")
        role = cursor.fetchone()[0]  # a test may have lifted the guards before
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name, keys in kept.gone.items():
            where = " AND ".join(f'"{column}"::text = %s' for column in STATE.tables[name].key)
            cursor.executemany(f"DELETE FROM {name} WHERE {where}", keys)
        for name, rows in kept.new.items():
            with cursor.copy(f"COPY {name} ({STATE.tables[name].columns}) FROM STDIN") as copied:
                copied.write(b"".join(rows))
        cursor.execute(f"SET LOCAL session_replication_role = {role}")
        cursor.execute(BEYOND, [list(kept.counters), list(kept.counters.values())])
