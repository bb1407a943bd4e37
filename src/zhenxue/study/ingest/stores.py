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

from zhenxue.study.protocol import Claim, Decision, State

type Row = tuple[Any, ...]

#: How long one group may wait for the database; a page gives up a beat's answer after 12 s and sends it again.
PATIENCE_SECONDS = 8

#: Order of the row that ``load`` reads: first the fields of ``State`` in their order, then those of ``Held``.
SESSION_COLUMNS = (
    "id",
    "paced",
    "end_reason",
    "released",
    "covered",
    "unit_id",
    "unit_ms",
    "finish_ms",
    "slots",
    "slot_ms",
    "max_gap_ms",
    "max_rate_percent",
    "idle_ms",
    "counts_until_ms",
    "cap_ms",
    "check_min_ms",
    "check_max_ms",
    "check_answer_ms",
    "presence_every_ms",
    "number",
    "ticket_digest",
    "last_ticket_digest",
    "clock_ms",
    "last_beat_ms",
    "position_ms",
    "credited_ms",
    "day_end_ms",
    "day_left_ms",
    "check_left_ms",
    "check_nonce",
    "check_asked_ms",
    "checks_missed",
    "presence_at_ms",
    "presence_asked_ms",
    "sign_in_digest",
    "beat_key",
    "refusals",
    "last_gained_ms",
    "last_reason",
    "settled_number",
    "settled_ms",
)
#: What a beat moves, and its type on PostgreSQL.
MOVED_COLUMNS = {
    "number": "int4",
    "ticket_digest": "text",
    "last_ticket_digest": "text",
    "last_gained_ms": "int4",
    "last_reason": "text",
    "clock_ms": "int8",
    "last_beat_ms": "int8",
    "position_ms": "int4",
    "covered": "text",
    "credited_ms": "int4",
    "day_end_ms": "int8",
    "day_left_ms": "int4",
    "check_left_ms": "int4",
}
#: What moves now and then: checks that open and close, beats without proof.
RARE_COLUMNS = {
    "check_nonce": "text",
    "check_asked_ms": "int8",
    "checks_missed": "int2",
    "presence_asked_ms": "int8",
    "refusals": "text",
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
    "page": "int2",
    "reason": "text",
}
SELECT = f"SELECT {', '.join(SESSION_COLUMNS)} FROM study_studysession"

_decode = msgspec.json.Decoder(tuple[tuple[int, int], ...]).decode
_encode = msgspec.json.Encoder().encode


class Held(msgspec.Struct, gc=False):
    """A session inside one group: its state as beats move it, and what proofs and answers need beside."""

    state: State
    end_reason: str
    sign_in_digest: str
    beat_key: str
    refusals: str
    last_gained_ms: int
    last_reason: str
    settled_number: int
    settled_ms: int
    moved: bool = False
    rare: bool = False

    @classmethod
    def from_row(cls, row: Row) -> "Held":
        number, paced, end_reason, released, covered = row[:5]
        state = State(number, bool(paced), end_reason != "", _decode(released), _decode(covered), *row[5:34])
        return cls(state, end_reason, *row[34:])

    def values(self) -> Row:
        """The moved columns in their order, then the id."""
        state = self.state
        return (
            state.number,
            state.ticket_digest,
            state.last_ticket_digest,
            self.last_gained_ms,
            self.last_reason,
            state.clock_ms,
            state.last_beat_ms,
            state.position_ms,
            _encode(state.covered).decode(),
            state.credited_ms,
            state.day_end_ms,
            state.day_left_ms,
            state.check_left_ms,
            state.session_id,
        )

    def rare_values(self) -> Row:
        """The rarely moved columns in their order, then the id."""
        state = self.state
        return (
            state.check_nonce,
            state.check_asked_ms,
            state.checks_missed,
            state.presence_asked_ms,
            self.refusals,
            state.session_id,
        )


def beat_row(claim: Claim, decision: Decision, now_ms: int) -> Row:
    """A judged beat in the order of ``BEAT_COLUMNS``."""
    return (
        decision.state.session_id,
        claim.number,
        decision.accepted,
        claim.event,
        now_ms,
        decision.began_ms,
        decision.ended_ms,
        decision.from_ms,
        decision.to_ms,
        decision.claimed_ms,
        decision.credit_ms,
        claim.rate_percent,
        claim.visible,
        claim.focused,
        claim.playing,
        claim.idle_ms,
        claim.page,
        decision.reason.value,
    )


class Store(Protocol):
    """One connection, used by one thread; any database error leaves it to ``close`` and reopen."""

    def begin(self, session_ids: Sequence[int]) -> dict[int, Held]:
        """Opens a transaction and returns the sessions that exist, locked for writing."""
        ...

    def commit(self, moved: Sequence[Row], rare: Sequence[Row], beats: Sequence[Row]) -> None:
        """Writes sessions (``Held.values``, ``Held.rare_values``) and new beats, durably before it returns."""
        ...

    def close(self) -> None:
        """Gives everything back; an open transaction is undone."""
        ...


class SqliteStore:
    """SQLite in WAL with ``synchronous=FULL``: a commit has reached the disk when it returns."""

    def __init__(self, settings: Mapping[str, Any], *, synchronous: str = "FULL") -> None:
        self._connection = sqlite3.connect(
            str(settings["NAME"]),
            isolation_level=None,
            timeout=PATIENCE_SECONDS,
            check_same_thread=False,
            cached_statements=16,
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute(f"PRAGMA synchronous={synchronous}")
        self._connection.execute("PRAGMA cache_size=-65536")
        self._select = f"{SELECT} WHERE id IN (SELECT value FROM json_each(?))"
        self._update, self._update_rare = (
            f"UPDATE study_studysession SET {', '.join(f'{name}=?' for name in columns)} WHERE id=?"
            for columns in (MOVED_COLUMNS, RARE_COLUMNS)
        )
        self._insert = (
            f"INSERT INTO study_beat ({', '.join(BEAT_COLUMNS)}) VALUES ({', '.join('?' for _ in BEAT_COLUMNS)})"
        )

    def begin(self, session_ids: Sequence[int]) -> dict[int, Held]:
        self._connection.execute("BEGIN IMMEDIATE")
        rows = self._connection.execute(self._select, (_encode(session_ids).decode(),)).fetchall()
        return {row[0]: Held.from_row(row) for row in rows}

    def commit(self, moved: Sequence[Row], rare: Sequence[Row], beats: Sequence[Row]) -> None:
        self._connection.executemany(self._update, moved)
        if rare:
            self._connection.executemany(self._update_rare, rare)
        self._connection.executemany(self._insert, beats)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class PostgresStore:
    """PostgreSQL: two round trips a group; rows travel as arrays (``unnest``), the commit waits for the WAL."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        parts = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
        known = {name: str(settings[key]) for name, key in parts.items() if settings.get(key)}
        where = psycopg.conninfo.make_conninfo(
            "",
            **known,
            application_name="zhenxue ingest",
            connect_timeout=3,
            tcp_user_timeout=PATIENCE_SECONDS * 1000,
            options=f"-c lock_timeout={PATIENCE_SECONDS}s -c statement_timeout={PATIENCE_SECONDS}s",
        )
        self._connection = psycopg.connect(where, autocommit=True)
        self._connection.execute("SET synchronous_commit = on")
        self._select = f"{SELECT} WHERE id = ANY(%s::int8[]) ORDER BY id FOR NO KEY UPDATE"
        self._update, self._update_rare = _bulk_update(MOVED_COLUMNS), _bulk_update(RARE_COLUMNS)
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

    def commit(self, moved: Sequence[Row], rare: Sequence[Row], beats: Sequence[Row]) -> None:
        with self._connection.pipeline():
            if moved:
                self._cursor.execute(self._update, _arrays(moved, [*MOVED_COLUMNS.values(), "int8"]), prepare=True)
            if rare:
                self._cursor.execute(self._update_rare, _arrays(rare, [*RARE_COLUMNS.values(), "int8"]), prepare=True)
            if beats:
                self._cursor.execute(self._insert, _arrays(beats, BEAT_COLUMNS.values()), prepare=True)
            self._cursor.execute("COMMIT", prepare=True)

    def close(self) -> None:
        self._connection.close()


def _bulk_update(columns: Mapping[str, str]) -> str:
    """Many sessions in one statement: each column and the id as an array."""
    typed = {**columns, "id": "int8"}
    return (
        f"UPDATE study_studysession AS s SET {', '.join(f'{name}=v.{name}' for name in columns)} "
        f"FROM unnest({', '.join(f'%s::{kind}[]' for kind in typed.values())}) AS v({', '.join(typed)}) "
        "WHERE s.id = v.id"
    )


def _arrays(rows: Sequence[Row], types: Iterable[str]) -> list[str]:
    """One array literal per column: ten times cheaper than to let psycopg dump lists."""
    return [
        _texts(column) if kind == "text" else f"{{{_encode(column)[1:-1].decode()}}}"
        for column, kind in zip(zip(*rows, strict=True), types, strict=True)
    ]


def _texts(column: Sequence[str]) -> str:
    together = '","'.join(column)
    if "\\" in together or together.count('"') != 2 * (len(column) - 1):
        together = '","'.join(text.replace("\\", "\\\\").replace('"', '\\"') for text in column)
    return '{"' + together + '"}'


def open_store(settings: Mapping[str, Any]) -> Store:
    """The store for Django's database settings (``connections["default"].settings_dict``)."""
    if settings["ENGINE"].endswith("sqlite3"):
        return SqliteStore(settings)
    return PostgresStore(settings)
