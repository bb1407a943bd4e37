"""What a factory made at the start of one test is put back, row by row, at the start of the next that asks the same.

A factory under ``@remembered`` runs through the operations the first time. What it changed in the database is then kept
by what led to it: the remembered calls since the test began, with their arguments. Where another test of the same
process comes along the same way, the rows are written as they were, callbacks for the commit are registered again, and
the caller gets a deep copy of what the factory gave.

The factory runs as ever wherever that could be seen: after any other write of the test, outside a transaction, with
arguments that are not plain, where files were written, and in tests (or under fixtures) that change settings or code.
"""

import copy
import datetime as dt
import enum
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction

WRITES = re.compile(r'\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)"?', re.IGNORECASE)
READS = ("SELECT", "SAVEPOINT", "RELEASE", "PRAGMA", "SET CONSTRAINTS", "EXPLAIN")
#: The tests whose ground is remembered.
WHERE = (
    "tests/integration/exams/",
    "tests/integration/subsidy/",
    "tests/integration/ledger/",
    "tests/integration/study/test_sessions.py",
    "tests/integration/study/test_checks.py",
)
CHANGING = {"monkeypatch", "settings"}
#: Fixtures of every test that change only where files go and what the clock of the pages says.
HARMLESS = {"own_files_folder", "at", "later"}

type Row = tuple[Any, ...]
type Rows = dict[Row, Row]


class NotPlain(Exception):
    """An argument whose equal cannot be told."""


@dataclass
class Table:
    """One table: its columns, and which of them are the key."""

    name: str
    columns: list[str]
    key: list[int]

    def read(self) -> Rows:
        """Every row, as the database keeps it: no converter of the driver touches a value."""
        form = '"{}"::text' if connection.vendor == "postgresql" else '+"{}"'
        with connection.connection.cursor() if connection.vendor == "postgresql" else _closing() as cursor:
            cursor.execute(f'SELECT {", ".join(form.format(one) for one in self.columns)} FROM "{self.name}"')
            return {tuple(row[at] for at in self.key): tuple(row) for row in cursor.fetchall()}


@dataclass
class Change:
    """What one call did to one table."""

    table: Table
    gone: list[Row]
    moved: list[tuple[Row, Row]]
    new: list[Row]

    def write(self) -> None:
        mark = "%s" if connection.vendor == "postgresql" else "?"
        name, columns = f'"{self.table.name}"', self.table.columns
        where = " AND ".join(f'"{columns[at]}" = {mark}' for at in self.table.key)
        with connection.connection.cursor() if connection.vendor == "postgresql" else _closing() as cursor:
            for key in self.gone:
                cursor.execute(f"DELETE FROM {name} WHERE {where}", key)
            for was, now in self.moved:
                at = [index for index, value in enumerate(now) if value != was[index]]
                change = ", ".join(f'"{columns[index]}" = {mark}' for index in at)
                values = [*(now[index] for index in at), *(now[index] for index in self.table.key)]
                cursor.execute(f"UPDATE {name} SET {change} WHERE {where}", values)
            each = max(1, 900 // len(columns))
            line = f"({', '.join([mark] * len(columns))})"
            names = ", ".join(f'"{one}"' for one in columns)
            for start in range(0, len(self.new), each):
                rows = self.new[start : start + each]
                values = [value for row in rows for value in row]
                cursor.execute(f"INSERT INTO {name} ({names}) VALUES {', '.join([line] * len(rows))}", values)


@dataclass
class State:
    """Where a test stands that made remembered calls only; ``rows`` of the tables that these calls touched."""

    rows: dict[str, Rows] = field(default_factory=dict)
    after: dict[Any, "Kept"] = field(default_factory=dict)


@dataclass
class Kept:
    """One call that was made at a state, and what came of it."""

    given: list[Any]
    result: Any
    changes: list[Change]
    callbacks: list[tuple[Callable[[], object], bool]]
    leads_to: State


BEGINNING = State()


class Watch:
    """Follows one test: at which state it stands (None: anywhere else), and what the running factory touches."""

    def __init__(self) -> None:
        self.state: State | None = BEGINNING
        self.before: dict[str, Rows] | None = None
        self.strange = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.state is not None and not sql.startswith(READS):
            self._written(sql)
        return execute(sql, params, many, context)

    def _written(self, sql: str) -> None:
        found = WRITES.match(sql)
        if self.before is None:
            self.state = None
        elif found is None:
            self.strange = self.strange or not sql.startswith("ROLLBACK TO SAVEPOINT")
        elif found[1] not in self.before:
            table = _tables().get(found[1])
            if table is None:
                self.strange = True
            else:
                known = self.state.rows.get(table.name) if self.state is not None else None
                self.before[table.name] = table.read() if known is None else known


watch: Watch | None = None


def remembered[**P, R](factory: Callable[P, R]) -> Callable[P, R]:
    """The factory, run once for each way to it; it changes nothing of what it is given."""
    signature = inspect.signature(factory)

    @functools.wraps(factory)
    def made(*args: P.args, **kwargs: P.kwargs) -> R:
        here = watch
        if here is None or here.state is None or here.before is not None or not connection.in_atomic_block:
            return factory(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = list(bound.arguments.values())
        try:
            key = (factory.__module__, factory.__qualname__, _plain(given))
        except NotPlain:
            return factory(*args, **kwargs)
        kept = here.state.after.get(key)
        if kept is not None:
            return _put_back(here, kept, given)  # type: ignore[no-any-return]  # what this factory gave before
        return _first_time(here, key, given, lambda: factory(*args, **kwargs))

    return made


def _put_back(here: Watch, kept: Kept, given: list[Any]) -> Any:
    postgres = connection.vendor == "postgresql"
    if postgres:  # the triggers saw these rows when the factory ran
        connection.connection.execute("SET LOCAL session_replication_role = replica")
    # On SQLite what hangs from a row is written before the row itself, which may be closed to more by now.
    for change in reversed(kept.changes):
        change.write()
    if postgres:
        connection.connection.execute("SET LOCAL session_replication_role = origin")
    for callback, robust in kept.callbacks:
        transaction.on_commit(callback, robust=robust)
    here.state = kept.leads_to
    same = {id(old): new for old, new in zip(kept.given, given, strict=True)}
    return copy.deepcopy(kept.result, same)


def _first_time[R](here: Watch, key: Any, given: list[Any], make: Callable[[], R]) -> R:
    state, files, waiting = here.state, _files(), len(connection.run_on_commit)
    here.before, here.strange = {}, False
    try:
        result = make()
    except BaseException:
        here.state = None
        raise
    finally:
        before, here.before = here.before, None
    if state is None or here.strange or _files() != files:
        here.state = None
        return result
    changes, rows = [], dict(state.rows)
    for name, was in before.items():
        table = _tables()[name]
        now = rows[name] = table.read()
        gone = [one for one in was if one not in now]
        moved = [(was[one], row) for one, row in now.items() if one in was and was[one] != row]
        new = [row for one, row in now.items() if one not in was]
        changes.append(Change(table, gone, moved, new))
    registered: list[Any] = connection.run_on_commit[waiting:]
    callbacks = [(callback, robust) for _, callback, robust in registered]
    kept_given, kept_result = copy.deepcopy((given, result))
    here.state = State(rows)
    state.after[key] = Kept(kept_given, kept_result, changes, callbacks, here.state)
    return result


def _files() -> set[Path]:
    return set(Path(settings.FILES_FOLDER).rglob("*"))


def _closing() -> Any:
    return closing(connection.connection.cursor())


@functools.cache
def _tables() -> dict[str, Table]:
    found = {}
    for model in apps.get_models(include_auto_created=True):
        columns = [one.column for one in model._meta.local_concrete_fields if one.column]
        key = [columns.index(one.column) for one in model._meta.pk_fields if one.column]
        found[model._meta.db_table] = Table(model._meta.db_table, columns, key)
    return found


def _plain(value: Any) -> Any:
    """Something hashable that is equal for equal values."""
    match value:
        case None | bool() | int() | str() | bytes() | Decimal() | dt.date() | dt.time() | dt.timedelta() | enum.Enum():
            return type(value), value
        case models.Model():
            return type(value), value.pk
        case dict():
            return dict, tuple((_plain(name), _plain(one)) for name, one in value.items())
        case Sequence():
            return Sequence, tuple(_plain(one) for one in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return type(value), tuple(_plain(getattr(value, one.name)) for one in fields(value))
    raise NotPlain(type(value))


def _changes_code(request: pytest.FixtureRequest) -> bool:
    """Whether the test, or a fixture of its own, asks for what changes settings or code."""
    info = request.node._fixtureinfo
    asked = set(info.argnames)
    for name, definitions in info.name2fixturedefs.items():
        if name not in HARMLESS and definitions[-1].func.__module__.startswith(("tests", "conftest", "test_")):
            asked.update(definitions[-1].argnames)
    return bool(asked & CHANGING)


@pytest.fixture(autouse=True)
def remembering(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test begins where nothing but the shared ground has been written."""
    global watch
    if not request.node.nodeid.startswith(WHERE) or _changes_code(request):
        yield
        return
    watch = here = Watch()
    connection.execute_wrappers.append(here)
    try:
        yield
    finally:
        watch = None
        if here in connection.execute_wrappers:
            connection.execute_wrappers.remove(here)
