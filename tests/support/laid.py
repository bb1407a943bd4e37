"""Factories that are asked for the same thing in test after test: the rows are kept and laid again.

``@laid`` on a factory: what it wrote is kept the first time a process calls it with these arguments on this ground;
from then on the same call writes those rows, without the operations that made them. It is only done where nothing has
been written since the ground (``tests.support.ground``) but by factories that are kept themselves; after anything else
the factory simply runs. What comes back is a copy, so a test may change it.

Which tables to look at is read off the statements that the connection sends; what stood in them before is known.
"""

import copy
import datetime as dt
import enum
import functools
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.support.triggers import lifted

PLAIN = (type(None), bool, int, float, str, bytes, dt.date, dt.time, dt.timedelta, enum.Enum, Decimal)
#: Settings that sealed or signed the rows themselves: what was kept under others is another thing.
SEALING = ("FIELD_KEYS", "FIELD_CIPHER", "BLIND_INDEX_KEY", "LOG_KEY", "LOG_KEY_NEXT", "LOG_ORIGIN")
READS = {"SEL", "SAV", "REL", "BEG", "PRA", "SET"}
#: Tables that nothing grows without; how many rows they have tells one ground from another.
MARKS = ("evidence_entry", "identity_person")
#: A name in a statement: tables are found among them.
NAME = re.compile(r"[a-z_][a-z_0-9]*")
LEAVES = """SELECT leaf.oid::regclass::text, string_agg(quote_ident(attname), ', ' ORDER BY attnum),
coalesce(pg_partition_root(leaf.oid), leaf.oid)::regclass::text
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
    new: dict[str, list[Row]]
    gone: dict[str, list[Row]]
    files: dict[Path, bytes]
    #: On PostgreSQL: what counts the numbers of the new rows, and how far it has to be.
    counters: dict[str, int]


@dataclass
class State:
    """Which laid calls this test stands on; ``None`` once anything else was written."""

    chain: tuple[Hashable, ...] | None = ()
    writes: int = 0
    settled: int = 0
    #: While calls are being kept: the tables that they wrote to so far.
    written: set[str] = field(default_factory=set)
    keeping: int = 0
    #: Tables came or went: nothing is known of what stands there.
    lost: bool = False
    kept: dict[Hashable, Kept] = field(default_factory=dict)
    #: Calls whose result cannot be copied: they run every time.
    bare: set[Hashable] = field(default_factory=set)
    tables: dict[str, Table] = field(default_factory=dict)
    #: What a statement calls a table, and the tables that are read and written for it (on PostgreSQL its partitions).
    leaves: dict[str, list[str]] = field(default_factory=dict)
    ground: dict[str, dict[Row, None]] = field(default_factory=dict)


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
        if kept is not None:
            _lay(kept)
            result: R = copy.deepcopy(kept.result, {id(hole): one for hole, one in zip(kept.given, given, strict=True)})
        elif chain in STATE.bare:
            return factory(*args, **kwargs)
        else:
            result = _keep(chain, given, lambda: factory(*args, **kwargs))
        if chain in STATE.kept:
            STATE.chain, STATE.settled = chain, STATE.writes
        return result

    return lay


def begin(of: BaseDatabaseWrapper) -> None:
    """The ground of this process has just been laid: what stands now is what the first kept call stands on."""
    _find_tables()
    STATE.ground = _rows(STATE.tables)
    of.execute_wrappers.append(_watch)


def start() -> None:
    """Every test begins on the ground. Since the last one the thread may have been given another connection."""
    if STATE.ground and _watch not in connection.execute_wrappers:
        connection.execute_wrappers.append(_watch)
    STATE.chain, STATE.writes, STATE.settled, STATE.keeping, STATE.lost = (), 0, 0, 0, False


def _watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if sql[:3] not in READS:
        STATE.writes += 1
        if STATE.keeping:
            STATE.written.update(_named(sql))
            STATE.lost |= "TABLE" in sql
    return execute(sql, params, many, context)


@functools.lru_cache(maxsize=2000)
def _named(sql: str) -> list[str]:
    return [leaf for name in set(NAME.findall(sql)) for leaf in STATE.leaves.get(name, ())]


def _stands() -> bool:
    """Whether all that was written since the ground was written by kept calls.

    What others wrote on connections of their own is only looked for where nothing of this one is open: a test inside a
    transaction has no others.
    """
    watched = bool(STATE.ground) and _watch in connection.execute_wrappers
    chain, known = STATE.chain, watched and STATE.writes == STATE.settled and not STATE.lost
    if chain is None or not known or not (connection.in_atomic_block or _marks() == _marks_after(chain)):
        STATE.chain = None
    return STATE.chain is not None


def _marks() -> list[int]:
    counts = ", ".join(f"(SELECT count(*) FROM {name})" for name in MARKS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}")
        return list(cursor.fetchone())


def _marks_after(chain: tuple[Hashable, ...]) -> list[int]:
    return [sum(len(_rows_after(chain, leaf)) for leaf in STATE.leaves[name]) for name in MARKS]


def _rows_after(chain: tuple[Hashable, ...], name: str) -> dict[Row, None]:
    """What stands in a table after these calls."""
    rows = STATE.ground[name].copy()
    for end in range(len(chain)):
        kept = STATE.kept[chain[: end + 1]]
        for row in kept.gone.get(name, ()):
            del rows[row]
        rows.update(dict.fromkeys(kept.new.get(name, ())))
    return rows


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
    files, written_before = set(_files()), STATE.written
    STATE.written, STATE.keeping = set(), STATE.keeping + 1
    try:
        result = call()
        names = STATE.written
    finally:
        STATE.written, STATE.keeping = written_before | STATE.written, STATE.keeping - 1
    if STATE.lost:
        return result
    holes = [object() if is_dataclass(one) or isinstance(one, models.Model) else one for one in given]
    try:
        copied = copy.deepcopy(result, {id(one): hole for one, hole in zip(given, holes, strict=True)})
    except TypeError:  # it holds what cannot be copied, such as a key
        STATE.chain = None
        STATE.bare.add(chain)
        return result
    before, after = {name: _rows_after(chain[:-1], name) for name in names}, _rows(names)
    new = {name: [row for row in after[name] if row not in before[name]] for name in names}
    gone = {name: [row for row in before[name] if row not in after[name]] for name in names}
    new, gone = {name: some for name, some in new.items() if some}, {name: some for name, some in gone.items() if some}
    written = {path.relative_to(settings.FILES_FOLDER): path.read_bytes() for path in _files() if path not in files}
    STATE.kept[chain] = Kept(copied, holes, new, gone, written, _counters(new))
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


def _rows(names: Iterable[str]) -> dict[str, dict[Row, None]]:
    """Every row of these tables, in the order in which it is read."""
    found: dict[str, dict[Row, None]] = {}
    with connection.cursor() as cursor:
        for name in names:
            columns = STATE.tables[name].columns
            if connection.vendor == "sqlite":
                # an expression has no declared type, so nothing is converted on the way
                bare = ", ".join(f"+{column}" for column in columns.split(", "))
                found[name] = dict.fromkeys(connection.connection.execute(f"SELECT {bare} FROM {name}").fetchall())
            else:
                with cursor.copy(f"COPY {name} ({columns}) TO STDOUT") as copied:
                    found[name] = dict.fromkeys(b"".join(copied).splitlines(keepends=True))
    return found


def _find_tables() -> None:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            found = []
            for name in names:
                cursor.execute(f"PRAGMA table_xinfo({name})")
                found.append((name, [row[1] for row in cursor.fetchall() if row[6] == 0], name))
        else:
            cursor.execute(LEAVES, [names])
            found = [(name, text.split(", "), root) for name, text, root in cursor.fetchall()]
        for name, own, root in found:
            key = connection.introspection.get_primary_key_columns(cursor, name.strip('"')) or own
            plain = [column.strip('"') for column in own]
            columns = ", ".join(f'"{column}"' for column in plain)
            STATE.tables[name] = Table(columns, key, [plain.index(column) for column in key])
            STATE.leaves.setdefault(root, []).append(name)


def _key(row: Row, table: Table) -> tuple[Any, ...]:
    values: Any = row.decode().rstrip("\n").split("\t") if isinstance(row, bytes) else row
    return tuple(values[place] for place in table.places)


def _lay(kept: Kept) -> None:
    """The rows as they were, past triggers (what stands was allowed when it was first written)."""
    for path, content in kept.files.items():
        target = Path(settings.FILES_FOLDER) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    STATE.written |= kept.new.keys() | kept.gone.keys()
    with lifted(), transaction.atomic():
        (_lay_on_sqlite if connection.vendor == "sqlite" else _lay_on_postgres)(kept)


def _lay_on_sqlite(kept: Kept) -> None:
    raw = connection.connection
    for name, rows in kept.gone.items():
        table = STATE.tables[name]
        where = " AND ".join(f'"{column}" = ?' for column in table.key)
        raw.executemany(f"DELETE FROM {name} WHERE {where}", [_key(row, table) for row in rows])
    for name, rows in kept.new.items():
        marks = ", ".join("?" * len(rows[0]))
        raw.executemany(f"INSERT INTO {name} ({STATE.tables[name].columns}) VALUES ({marks})", rows)


def _lay_on_postgres(kept: Kept) -> None:
    with connection.cursor() as cursor:
        for name, rows in kept.gone.items():
            table = STATE.tables[name]
            key = " || ' ' || ".join(f'"{column}"' for column in table.key)
            cursor.execute(f"DELETE FROM {name} WHERE {key} = ANY(%s)", [[" ".join(_key(row, table)) for row in rows]])
        for name, rows in kept.new.items():
            with cursor.copy(f"COPY {name} ({STATE.tables[name].columns}) FROM STDIN") as copied:
                copied.write(b"".join(rows))
        cursor.execute(BEYOND, [list(kept.counters), list(kept.counters.values())])
