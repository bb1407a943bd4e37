"""Parquet files through DuckDB: written from rows in their order, on the disk before ``write`` returns, read back.

DuckDB runs in this process, on one thread (the same rows give the same bytes), and fetches nothing from elsewhere.
"""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

CHUNK = 5_000
MEMORY = "512MB"


def connect(database: str | Path = ":memory:") -> "duckdb.DuckDBPyConnection":
    """A DuckDB of our own: one thread, bounded memory, no extensions from the net."""
    # Not above: every process would begin by loading it, and few ever read or write such a file.
    import duckdb

    return duckdb.connect(
        str(database),
        config={"threads": 1, "memory_limit": MEMORY, "autoinstall_known_extensions": False},
    )


def write(
    path: Path, columns: Mapping[str, str], rows: Iterable[Sequence[Any]], metadata: Mapping[str, str] | None = None
) -> None:
    """Write rows of ``columns`` (name → DuckDB type) as one file, zstd; ``metadata`` stands in its footer.

    No value may be ``None``. Memory of one chunk: the rows pass through a text file beside the target.
    """
    text = path.with_name(f"{path.name}.csv")
    try:
        with text.open("x", encoding="utf-8", newline="") as stream:
            csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
        kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        notes = ", ".join(f"{name}: {_text(value)}" for name, value in (metadata or {}).items())
        with connect() as database:
            database.execute(
                f"COPY (SELECT * FROM read_csv({_text(str(text))}, columns={{{kinds}}}, header=false,"
                " auto_detect=false, delim=',', quote='\"', escape='\"', nullstr='\\N', new_line='\\r\\n')) "
                f"TO {_text(str(path))} (FORMAT parquet, COMPRESSION zstd"
                + (f", KV_METADATA {{{notes}}})" if notes else ")")
            )
    finally:
        text.unlink(missing_ok=True)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def read(path: Path, columns: Sequence[str], order: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a file in an order; raises ``duckdb.Error`` for what is no Parquet file of these columns."""
    with connect() as database:
        found = database.execute(
            f"SELECT {', '.join(columns)} FROM read_parquet({_text(str(path))}) ORDER BY {', '.join(order)}"
        )
        while rows := found.fetchmany(CHUNK):
            yield from rows


def one(path: Path, expressions: str) -> tuple[Any, ...]:
    """One row of aggregates over a file."""
    with connect() as database:
        row: tuple[Any, ...] = database.execute(
            f"SELECT {expressions} FROM read_parquet({_text(str(path))})"
        ).fetchall()[0]
        return row


def load(path: Path, database: Path, table: str) -> int:
    """Add the rows of a file to a table of a DuckDB database file, made at need; returns how many there are now."""
    with connect(database) as target:
        source = f"SELECT * FROM read_parquet({_text(str(path))})"
        target.execute(f"CREATE TABLE IF NOT EXISTS {table} AS {source} LIMIT 0")
        target.execute(f"INSERT INTO {table} {source}")
        return int(target.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
