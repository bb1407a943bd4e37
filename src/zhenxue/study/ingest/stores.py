"""Where the ingest keeps sessions and beats: one transaction per group, raw SQL, on SQLite and on PostgreSQL alike.

Both stores read the sessions of a group under a write lock, so that a page process which ends or settles a session and
a beat never overwrite each other. Column lists are shared; only locking and bulk forms differ.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import psycopg
import psycopg.conninfo

from zhenxue.study.protocol import State

type Row = tuple[Any, ...]

#: Order of the row that ``load`` reads; ``Held.from_row`` unpacks it.
SESSION_COLUMNS = (
    "id",
    "unit_id",
    "paced",
    "unit_ms",
    "finish_ms",
    "max_gap_ms",
    "max_rate_percent",
    "idle_ms",
    "counts_until_ms",
    "cap_ms",
    "state",
    "number",
    "ticket_digest",
    "last_ticket_digest",
    "clock_ms",
    "last_beat_ms",
    "position_ms",
    "covered",
    "credited_ms",
    "day_end_ms",
    "day_left_ms",
    "sign_in_digest",
    "last_answer",
    "settled_number",
    "settled_ms",
)
#: What a beat moves, and its type on PostgreSQL.
MOVED_COLUMNS = {
    "number": "int4",
    "ticket_digest": "text",
    "last_ticket_digest": "text",
    "last_answer": "text",
    "clock_ms": "int8",
    "last_beat_ms": "int8",
    "position_ms": "int4",
    "covered": "text",
    "credited_ms": "int4",
    "day_end_ms": "int8",
    "day_left_ms": "int4",
}
BEAT_COLUMNS = {
    "session_id": "int8",
    "number": "int4",
    "accepted": "bool",
    "event": "text",
    "received_ms": "int8",
    "began_ms": "int8",
    "ended_ms": "int8",
    "from_ms": "int4",
    "to_ms": "int4",
    "claimed_ms": "int4",
    "credit_ms": "int4",
    "rate_percent": "int2",
    "visible": "bool",
    "focused": "bool",
    "playing": "bool",
    "idle_ms": "int4",
    "reason": "text",
}
MOVED_TYPES = [*MOVED_COLUMNS.values(), "int8"]
SELECT = f"SELECT {', '.join(SESSION_COLUMNS)} FROM study_studysession"

_decode_covered = msgspec.json.Decoder(tuple[tuple[int, int], ...]).decode
_encode = msgspec.json.Encoder().encode


class Held(msgspec.Struct, gc=False):
    """A session inside one group: its state as beats move it, and what the answer needs beside."""

    state: State
    sign_in_digest: str
    last_answer: str
    settled_number: int
    settled_ms: int
    moved: bool = False

    @classmethod
    def from_row(cls, row: Row) -> "Held":
        state = State(
            row[0],
            row[1],
            bool(row[2]),
            row[3],
            row[4],
            row[5],
            row[6],
            row[7],
            row[8],
            row[9],
            row[10] != "open",
            row[11],
            row[12],
            row[13],
            row[14],
            row[15],
            row[16],
            _decode_covered(row[17]),
            row[18],
            row[19],
            row[20],
        )
        return cls(state, row[21], row[22], row[23], row[24])

    def values(self) -> Row:
        """The moved columns in their order, then the id."""
        state = self.state
        return (
            state.number,
            state.ticket_digest,
            state.last_ticket_digest,
            self.last_answer,
            state.clock_ms,
            state.last_beat_ms,
            state.position_ms,
            _encode(state.covered).decode(),
            state.credited_ms,
            state.day_end_ms,
            state.day_left_ms,
            state.session_id,
        )


class Store(Protocol):
    """One connection, used by one thread; any database error leaves it to ``close`` and reopen."""

    def begin(self, session_ids: Sequence[int]) -> dict[int, Held]:
        """Opens a transaction and returns the sessions that exist, locked for writing."""
        ...

    def commit(self, moved: Sequence[Row], beats: Sequence[Row]) -> None:
        """Writes moved sessions and new beats and makes them durable before it returns."""
        ...

    def close(self) -> None:
        """Gives everything back; an open transaction is undone."""
        ...


class SqliteStore:
    """SQLite in WAL with ``synchronous=FULL``: a commit has reached the disk when it returns."""

    def __init__(self, settings: Mapping[str, Any], *, synchronous: str = "FULL") -> None:
        self._connection = sqlite3.connect(
            str(settings["NAME"]), isolation_level=None, timeout=20, check_same_thread=False, cached_statements=16
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute(f"PRAGMA synchronous={synchronous}")
        self._connection.execute("PRAGMA cache_size=-65536")
        self._select = f"{SELECT} WHERE id IN (SELECT value FROM json_each(?))"
        self._update = f"UPDATE study_studysession SET {', '.join(f'{name}=?' for name in MOVED_COLUMNS)} WHERE id=?"
        self._insert = (
            f"INSERT INTO study_beat ({', '.join(BEAT_COLUMNS)}) VALUES ({', '.join('?' for _ in BEAT_COLUMNS)})"
        )

    def begin(self, session_ids: Sequence[int]) -> dict[int, Held]:
        self._connection.execute("BEGIN IMMEDIATE")
        rows = self._connection.execute(self._select, (_encode(session_ids).decode(),)).fetchall()
        return {row[0]: Held.from_row(row) for row in rows}

    def commit(self, moved: Sequence[Row], beats: Sequence[Row]) -> None:
        self._connection.executemany(self._update, moved)
        self._connection.executemany(self._insert, beats)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class PostgresStore:
    """PostgreSQL: two round trips a group; rows travel as arrays (``unnest``), the commit waits for the WAL."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        parts = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
        known = {name: str(settings[key]) for name, key in parts.items() if settings.get(key)}
        where = psycopg.conninfo.make_conninfo("", **known, application_name="zhenxue ingest")
        self._connection = psycopg.connect(where, autocommit=True)
        self._connection.execute("SET synchronous_commit = on")
        self._select = f"{SELECT} WHERE id = ANY(%s::int8[]) ORDER BY id FOR NO KEY UPDATE"
        moved = list(zip([*MOVED_COLUMNS, "id"], MOVED_TYPES, strict=True))
        self._update = (
            f"UPDATE study_studysession AS s SET {', '.join(f'{name}=v.{name}' for name in MOVED_COLUMNS)} "
            f"FROM unnest({', '.join(f'%s::{kind}[]' for _, kind in moved)}) AS v({
                ', '.join(name for name, _ in moved)
            }) "
            "WHERE s.id = v.id"
        )
        self._insert = (
            f"INSERT INTO study_beat ({', '.join(BEAT_COLUMNS)}) "
            f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in BEAT_COLUMNS.values())})"
        )
        self._cursor = self._connection.cursor(binary=True)

    def begin(self, session_ids: Sequence[int]) -> dict[int, Held]:
        with self._connection.pipeline():
            self._cursor.execute("BEGIN", prepare=True)
            self._cursor.execute(self._select, (list(session_ids),), prepare=True)
        return {row[0]: Held.from_row(row) for row in self._cursor.fetchall()}

    def commit(self, moved: Sequence[Row], beats: Sequence[Row]) -> None:
        with self._connection.pipeline():
            if moved:
                self._cursor.execute(self._update, _arrays(moved, MOVED_TYPES), prepare=True)
            if beats:
                self._cursor.execute(self._insert, _arrays(beats, BEAT_COLUMNS.values()), prepare=True)
            self._cursor.execute("COMMIT", prepare=True)

    def close(self) -> None:
        self._connection.close()


def _arrays(rows: Sequence[Row], types: Iterable[str]) -> list[str]:
    """One array literal per column: five times cheaper than to let psycopg dump lists."""
    return [
        "{" + ",".join(map(_quote if kind == "text" else str, column)) + "}"
        for column, kind in zip(zip(*rows, strict=True), types, strict=True)
    ]


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def open_store(settings: Mapping[str, Any]) -> Store:
    """The store for Django's database settings (``connections["default"].settings_dict``)."""
    if settings["ENGINE"].endswith("sqlite3"):
        return SqliteStore(settings)
    return PostgresStore(settings)
