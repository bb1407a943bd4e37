"""How a group of answers is read and written: few statements, the same for every group, kept prepared by PostgreSQL.

Rows travel as arrays (``unnest``) on PostgreSQL and one by one on SQLite. The names are those of the models.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import msgspec
from django.db import connection, transaction

from zhenxue.exams.models import Answer, Attempt
from zhenxue.exams.operations.saving import Standing
from zhenxue.kernel.prepared import Prepared, padded

#: How long a group may wait for the database: the page gives up an answer after 10 s and sends it again.
PATIENCE_MS: Final = 8_000
SETTINGS: Final = {
    "postgresql": (
        "SET synchronous_commit = on",
        f"SET lock_timeout = {PATIENCE_MS}",
        f"SET statement_timeout = {PATIENCE_MS}",
        # Rows are looked up by their keys; a plan that was made while the tables were empty must not stay.
        "SET enable_seqscan = off",
        "SET enable_hashjoin = off",
        "SET enable_mergejoin = off",
    ),
    "sqlite": (f"PRAGMA busy_timeout = {PATIENCE_MS}", "PRAGMA synchronous = FULL"),
}

type Place = tuple[int, int]  # attempt and question

_ATTEMPTS, _ANSWERS = Attempt._meta.db_table, Answer._meta.db_table
_KEPT: Final = ("given", "sequence", "client_sequence", "saved_at")
_NEW: Final = ", ".join(f"{name} = excluded.{name}" for name in _KEPT)
_INTO: Final = f"INSERT INTO {_ANSWERS} (attempt_id, question_id, {', '.join(_KEPT)})"
_FOUND: Final = f"SELECT a.attempt_id, a.question_id, {', '.join(f'a.{name}' for name in _KEPT)} FROM {_ANSWERS} a"
STANDING: Final = {
    "postgresql": f"{_FOUND} JOIN unnest(%s::int8[], %s::int8[]) AS w(attempt, question)"
    " ON a.attempt_id = w.attempt AND a.question_id = w.question",
    "sqlite": f"{_FOUND} JOIN json_each(%s) AS w ON a.attempt_id = w.value ->> 0 AND a.question_id = w.value ->> 1",
}
COUNT: Final = {
    "postgresql": f"UPDATE {_ATTEMPTS} AS a SET sequence = w.number"
    " FROM unnest(%s::int8[], %s::int4[]) AS w(id, number) WHERE a.id = w.id",
    "sqlite": f"UPDATE {_ATTEMPTS} SET sequence = %s WHERE id = %s",
}
KEEP: Final = {
    "postgresql": f"{_INTO} SELECT * FROM unnest(%s::int8[], %s::int8[], %s::text[]::jsonb[], %s::int4[], %s::int8[],"
    f" %s::timestamptz[]) ON CONFLICT (attempt_id, question_id) DO UPDATE SET {_NEW}",
    "sqlite": f"{_INTO} VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (attempt_id, question_id) DO UPDATE SET {_NEW}",
}


class SiteStore:
    """This thread's connection of Django, with one transaction at a time."""

    def __init__(self) -> None:
        self._open: transaction.Atomic | None = None
        with connection.cursor() as cursor:
            for statement in SETTINGS[connection.vendor]:
                cursor.execute(statement)

    def begin(self) -> None:
        self._open = transaction.atomic()
        self._open.__enter__()

    def commit(self) -> None:
        """Durably before it returns."""
        found, self._open = self._open, None
        assert found is not None
        found.__exit__(None, None, None)

    def close(self) -> None:
        found, self._open = self._open, None
        try:
            if found is not None:
                transaction.set_rollback(True)
                found.__exit__(None, None, None)
        finally:
            connection.close()


def hold(attempt_ids: Iterable[int]) -> dict[int, Attempt]:
    """The attempts, held by this transaction in the order of their ids; of each what saving looks at, and no more."""
    wanted = padded(sorted(set(attempt_ids)))
    return {one.pk: one for one in _held(wanted)} if wanted else {}


_held = Prepared(
    lambda attempt_ids: (
        Attempt.objects.select_for_update(of=("self",), no_key=True)
        .select_related("enrolment")
        .only(
            *("state", "deadline_at", "sequence", "device", "sheet_sha256", "paused_at", "presence_asked_at"),
            *("proven_at", "enrolment__person_id"),
        )
        .filter(pk__in=attempt_ids)
        .order_by("pk")
    )
)


def standing_at(places: Collection[Place]) -> dict[Place, Standing]:
    """The answers that stand; read when their attempts are held."""
    if not places:
        return {}
    by_arrays = connection.vendor == "postgresql"
    values: list[Any] = [list(one) for one in zip(*places, strict=True)] if by_arrays else [_text(list(places))]
    with connection.cursor() as cursor:
        cursor.execute(STANDING[connection.vendor], values)
        rows = cursor.fetchall()
    return {(row[0], row[1]): Standing(_read(row[2]), row[3], row[4], _moment(row[5])) for row in rows}


def write(numbers: Mapping[int, int], stands: Mapping[Place, Standing]) -> None:
    """The last number of each attempt that used one, and the answers that stand from now on."""
    rows = [(*at, _text(one.given), one.sequence, one.client_sequence, one.saved_at) for at, one in stands.items()]
    vendor = connection.vendor
    with connection.cursor() as cursor:
        if vendor == "postgresql":
            if numbers:
                cursor.execute(COUNT[vendor], [list(numbers), list(numbers.values())])
            if rows:
                cursor.execute(KEEP[vendor], [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(COUNT[vendor], [(number, attempt) for attempt, number in numbers.items()])
            adapt = connection.ops.adapt_datetimefield_value
            cursor.executemany(KEEP[vendor], [(*row[:-1], adapt(row[-1])) for row in rows])


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _read(given: Any) -> list[Any]:
    found: list[Any] = msgspec.json.decode(given) if isinstance(given, str | bytes) else given
    return found


def _moment(value: Any) -> dt.datetime:
    """SQLite keeps moments as text in UTC."""
    return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC) if isinstance(value, str) else value
