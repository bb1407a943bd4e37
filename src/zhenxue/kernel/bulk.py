"""Many rows changed by one statement. On PostgreSQL each column goes as one array: the statement is as long for two
rows as for two thousand, and Django writes no ``CASE`` for each value."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, models


def update_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Sets the columns of many rows; each of ``rows`` is the primary key and the values in order.

    No signals, no ``save()``. The caller holds the rows, and the transaction.
    """
    if not rows:
        return
    meta = model._meta
    fields: list[Any] = [meta.pk, *(meta.get_field(name) for name in columns)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_from_arrays(meta.db_table, fields), _arrays(fields, rows))
            return
        sets = ", ".join(f'"{field.column}" = %s' for field in fields[1:])
        turned = (
            [field.get_db_prep_save(one, connection) for field, one in zip(fields, row, strict=True)] for row in rows
        )
        statement = f'UPDATE "{meta.db_table}" SET {sets} WHERE "{fields[0].column}" = %s'
        cursor.executemany(statement, [[*values, pk] for pk, *values in turned])


def array(texts: Sequence[str | None]) -> str:
    """A literal of a PostgreSQL array, for any type that its elements can be read as."""
    return "{" + ",".join("NULL" if text is None else _quoted(text) for text in texts) + "}"


def _from_arrays(table: str, fields: Sequence[Any]) -> str:
    names = [f'"{field.column}"' for field in fields]
    sets = ", ".join(f"{name} = v.{name}" for name in names[1:])
    lists = ", ".join(f"%s::{_type(field)}[]" for field in fields)
    return (
        f'UPDATE "{table}" AS kept SET {sets} FROM unnest({lists}) AS v({", ".join(names)})'
        f" WHERE kept.{names[0]} = v.{names[0]}"
    )


def _type(field: Any) -> str:
    """Of the elements; a text that is too long for its column is refused by the column, not cut by a cast."""
    return "text" if isinstance(field, models.CharField) else str(field.cast_db_type(connection))


def _arrays(fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> list[str]:
    columns = zip(fields, zip(*rows, strict=True), strict=True)
    return [array([None if one is None else _text(field, one) for one in values]) for field, values in columns]


def _text(field: Any, value: Any) -> str:
    if isinstance(field, models.JSONField):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
