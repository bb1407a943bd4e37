"""Queries whose SQL Django writes once a process: on a page the writing costs more than the database.

``find = Prepared(lambda number: Thing.objects.filter(pk=number).values_list("pk", "name"))``, then ``find(7)``. What
comes back is what the queryset itself gives, in a list; each call is one query. Reads what Django's compiler keeps
(``django/db/models/sql/compiler.py``, ``ModelIterable`` in ``query.py``); the tests hold every prepared query against
the plain one.
"""

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import sql
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    QuerySet,
    ValuesListIterable,
    get_related_populators,
)

#: Marks stand for values while the SQL is written: numbers that fit every column of whole numbers, words, moments.
FIRST_NUMBER = 2_000_000_011
WORD = "\x1fvalue {}\x1f"
FIRST_MOMENT = dt.datetime(1901, 2, 3, 4, 5, 6, 7, tzinfo=dt.UTC)
#: Longer lists and larger numbers are left to the plain queryset, which knows what the database takes.
LONGEST_LIST = 200
LARGEST = 2**31 - 1
#: Statements kept for one query: by the lengths of its lists and what its plain values are.
MOST_STATEMENTS = 256


@dataclass(frozen=True, slots=True)
class Place:
    """One parameter of a statement: the value it takes (of a list the element), or what it always is."""

    value: int = -1
    element: int = -1
    prefix: bool = False
    fixed: Any = None


class Statement:
    """SQL with the places of its parameters, and how rows become what the queryset gives."""

    def __init__(self, rows: Any, marks: dict[Any, tuple[int, int]]) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        self.sql, params = compiler.as_sql()
        if rows._prefetch_related_lookups or rows._known_related_objects or rows._fetch_mode.track_peers:
            raise TypeError("a prepared query has no prefetching and no parent")
        if compiler.has_extra_select:
            raise TypeError("a prepared query that is distinct orders by what it selects")
        if any(str(mark) in self.sql for mark in marks):
            raise TypeError("a value of a prepared query stands in its SQL")
        self.places = [_place(param, marks) for param in params]
        expressions = [one[0] for one in compiler.select]
        self.converters = [(at, *both) for at, both in compiler.get_converters(expressions).items()]
        self.make = _maker(rows, compiler)
        self.adapt_moment = connection.ops.adapt_datetimefield_value

    def run(self, values: Sequence[Any]) -> list[Any]:
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [self._param(place, values, connection) for place in self.places])
            rows: list[Any] = cursor.fetchall()
        if self.converters:
            rows = [list(row) for row in rows]
            for at, converters, expression in self.converters:
                for row in rows:
                    value = row[at]
                    for convert in converters:
                        value = convert(value, expression, connection)
                    row[at] = value
        return self.make(rows)

    def _param(self, place: Place, values: Sequence[Any], connection: Any) -> Any:
        if place.value < 0:
            return place.fixed
        value = values[place.value]
        if place.element >= 0:
            return value[place.element]
        if place.prefix:
            return f"{connection.ops.prep_for_like_query(value)}%"
        return self.adapt_moment(value) if isinstance(value, dt.datetime) else value


class Prepared[R]:
    """A query by its ``build``, which is called with marks in place of values, once for each shape of the values.

    Values are whole numbers, text, moments and lists of numbers or of texts; ``build`` may look at whether one is there
    (None, 0 and empty text come as they are), at its other values not at all. Anything else (a role, None) belongs to
    the shape, and ``build`` may do with it what it likes. Raises ``TypeError`` for a query that cannot be prepared.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, R]]) -> None:
        self.build = build
        self._statements: dict[Hashable, Statement | None] = {}

    def __call__(self, *values: Any) -> list[R]:
        shape: list[Hashable] = [connections[DEFAULT_DB_ALIAS].vendor]
        for value in values:
            kind = type(value)
            if kind is list:
                if not 0 < len(value) <= LONGEST_LIST:
                    return list(self.build(*values))
                if type(value[0]) is int and max(value) > LARGEST:
                    return list(self.build(*values))
                shape.append(("list", type(value[0]), len(value)))
            elif value and (kind is str or kind is dt.datetime):
                shape.append((kind.__name__,))
            elif value and kind is int:
                if not -LARGEST <= value <= LARGEST:
                    return list(self.build(*values))
                shape.append((kind.__name__,))
            else:
                shape.append(value)
        statement = self._statement(tuple(shape), values)
        return list(self.build(*values)) if statement is None else statement.run(values)

    def _statement(self, shape: tuple[Hashable, ...], values: Sequence[Any]) -> Statement | None:
        try:
            return self._statements[shape]
        except KeyError:
            if len(self._statements) >= MOST_STATEMENTS:
                self._statements.clear()
            self._statements[shape] = found = self._prepare(values)
            return found

    def _prepare(self, values: Sequence[Any]) -> Statement | None:
        """The statement for values of this shape; None where Django sees at once that nothing can be found."""
        marks: dict[Any, tuple[int, int]] = {}
        marked = [_mark(value, at, marks) for at, value in enumerate(values)]
        try:
            return Statement(self.build(*marked), marks)
        except EmptyResultSet:
            return None


def padded[V](values: Iterable[V]) -> list[V]:
    """The values, the last one repeated up to the next power of two: a list in a query finds the same with it, and few
    statements do for lists of all lengths."""
    found = list(values)
    room = 1 << (len(found) - 1).bit_length() if found else 0
    return found + found[-1:] * (room - len(found))


class PreparedInsert:
    """Adds a row of a model, ``add(account_id=7, path="/", …)`` with every column but the key; gives nothing back.

    For rows without signals, defaults and values that Django would make. Each call is one query.
    """

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self._written: dict[str, tuple[str, list[Any]]] = {}

    def __call__(self, **values: Any) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        statement, fields = self._written.get(connection.vendor) or self._write(connection.vendor)
        params = [field.get_db_prep_save(values.pop(field.attname), connection) for field in fields]
        if values:
            raise TypeError(f"{self.model.__name__} has no columns {', '.join(values)}")
        with connection.cursor() as cursor:
            cursor.execute(statement, params)

    def many(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """As many rows as there are, each with every column but the key, whose values the columns take as they are."""
        connection = connections[DEFAULT_DB_ALIAS]
        statement, fields = self._written.get(connection.vendor) or self._write(connection.vendor)
        columns = [[row[field.attname] for row in rows] for field in fields]
        if not columns[0]:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                kinds = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
                head = statement[: statement.index(" VALUES (")]
                cursor.execute(f"{head} SELECT * FROM unnest({kinds})", columns)
            else:
                adapted = [_adapted(column, connection) for column in columns]
                cursor.executemany(statement, list(zip(*adapted, strict=True)))

    def _write(self, vendor: str) -> tuple[str, list[Any]]:
        fields = [field for field in self.model._meta.concrete_fields if not field.primary_key]
        query = sql.InsertQuery(self.model)
        query.insert_values(fields, [self.model()], raw=True)
        [(statement, params)] = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        if len(params) != len(fields):
            raise TypeError("a prepared insert has a parameter for each column")
        self._written[vendor] = found = statement, fields
        return found


def _adapted(column: list[Any], connection: Any) -> list[Any]:
    """A column of values as the database's driver takes them: moments are the ones it does not know."""
    if not any(type(one) is dt.datetime for one in column):
        return column
    return [one if one is None else connection.ops.adapt_datetimefield_value(one) for one in column]


def _mark(value: Any, at: int, marks: dict[Any, tuple[int, int]]) -> Any:
    """What ``build`` gets in place of a value; ``marks`` learns by which parameter it will be known."""
    kind = type(value)
    if kind is list:
        places = range(len(value))
        if type(value[0]) is str:
            listed: list[Any] = [WORD.format(f"{at}.{element}") for element in places]
        else:
            listed = [FIRST_NUMBER + 100_000 * at + element for element in places]
        marks.update({one: (at, element) for element, one in enumerate(listed)})
        return listed
    if not value or kind not in {int, str, dt.datetime}:
        return value
    if kind is int:
        mark: Any = FIRST_NUMBER + 100_000 * at
        marks[mark] = (at, -1)
    elif kind is str:
        mark = WORD.format(at)
        marks[mark] = (at, -1)
    else:
        mark = FIRST_MOMENT + dt.timedelta(days=at)
        marks[connections[DEFAULT_DB_ALIAS].ops.adapt_datetimefield_value(mark)] = (at, -1)
    return mark


def _place(param: Any, marks: dict[Any, tuple[int, int]]) -> Place:
    if isinstance(param, list):
        raise TypeError("a prepared query takes its lists element by element")
    if isinstance(param, Hashable) and param in marks:
        return Place(*marks[param])
    if isinstance(param, str):
        if param.endswith("%") and param[:-1] in marks:
            return Place(*marks[param[:-1]], prefix=True)
        if any(isinstance(mark, str) and mark in param for mark in marks):
            raise TypeError("a prepared query compares a text as it is, or with what begins with it")
    return Place(fixed=param)


def _maker(rows: Any, compiler: Any) -> Callable[[list[Any]], list[Any]]:
    """What makes of rows what the queryset gives: tuples, single values or objects with their related ones."""
    kind = rows._iterable_class
    if kind is ValuesListIterable:
        return lambda found: [tuple(row) for row in found]
    if kind is FlatValuesListIterable:
        return lambda found: [row[0] for row in found]
    if kind is not ModelIterable or compiler.annotation_col_map:
        raise TypeError("a prepared query gives tuples, single values or plain objects")
    return _objects(compiler, rows._fetch_mode)


def _objects(compiler: Any, fetch_mode: Any) -> Callable[[list[Any]], list[Any]]:
    info = compiler.klass_info
    fields = info["select_fields"]
    first, end = fields[0], fields[-1] + 1
    names = [one[0].target.attname for one in compiler.select[first:end]]
    populators = get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS, fetch_mode)
    model: type[models.Model] = info["model"]

    def make(found: list[Any]) -> list[Any]:
        objects = []
        for row in found:
            one = model.from_db(DEFAULT_DB_ALIAS, names, row[first:end], fetch_mode=fetch_mode)
            for populator in populators:
                populator.populate(row, one)
            objects.append(one)
        return objects

    return make
