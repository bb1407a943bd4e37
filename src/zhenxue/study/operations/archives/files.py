"""The Parquet file of an archive: its columns, its writing, what it says of itself.

``docs/reference/archives.md`` tells analysts the columns. A change of the columns is a new ``SCHEMA_VERSION``; files of
older versions stay as they are and must stay readable.
"""

import datetime as dt
import fcntl
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

from zhenxue.kernel import parquet, storage
from zhenxue.kernel.errors import Conflict
from zhenxue.study.models import Beat
from zhenxue.study.operations.archives.choosing import CHUNK, in_month

SCHEMA_VERSION = 1
FOLDER = "archives/beats"
#: The columns of a beat, in the order of the file, as DuckDB types.
BEAT_COLUMNS = {
    "id": "BIGINT",
    "session_id": "BIGINT",
    "number": "INTEGER",
    "accepted": "BOOLEAN",
    "event": "VARCHAR",
    "received_ms": "BIGINT",
    "began_ms": "BIGINT",
    "ended_ms": "BIGINT",
    "from_ms": "INTEGER",
    "to_ms": "INTEGER",
    "claimed_ms": "INTEGER",
    "credit_ms": "INTEGER",
    "rate_percent": "SMALLINT",
    "visible": "BOOLEAN",
    "focused": "BOOLEAN",
    "playing": "BOOLEAN",
    "idle_ms": "INTEGER",
    "page": "SMALLINT",
    "reason": "VARCHAR",
}
#: What analysis needs beside and the session knows; a restore does not read it.
FACTS = {
    "enrolment_id": ("BIGINT", "session__enrolment_id"),
    "unit_id": ("BIGINT", "session__unit_id"),
    "cohort_id": ("BIGINT", "session__enrolment__cohort_id"),
}
ORDER = ("session_id", "number", "id")

type Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file holds."""

    row_count: int
    session_count: int
    credit_ms: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is whole and on the disk, but bears no name yet."""

    path: Path
    sha256: str
    size_bytes: int
    facts: Facts


@contextmanager
def only_one() -> Iterator[None]:
    """One run at a time on this machine; a process that dies gives its turn back. ``Conflict`` when another runs."""
    folder = storage.full_path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict("study.archive_raced", "另一处正在归档，请等它做完再试。") from error
        yield


def rows_of(session_ids: Sequence[int], month: dt.date) -> Iterator[Row]:
    """The beats of some sessions in a month as the file orders them; ``session_ids`` ascend."""
    for some in batched(session_ids, CHUNK, strict=False):
        beats = Beat.objects.filter(in_month(month), session_id__in=some).order_by(*ORDER)
        yield from beats.values_list(*BEAT_COLUMNS, *(source for _, source in FACTS.values())).iterator()


def write(session_ids: Sequence[int], *, month: dt.date, part: int) -> Draft:
    """Write the file under a temporary name, have it on the disk, read it again."""
    folder = storage.full_path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{month:%Y-%m}-{part}.part"
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.csv").unlink(missing_ok=True)
    columns = BEAT_COLUMNS | {name: kind for name, (kind, _) in FACTS.items()}
    notes = {"zhenxue_table": "study_beat", "zhenxue_schema": str(SCHEMA_VERSION), "zhenxue_month": f"{month:%Y-%m}"}
    parquet.write(path, columns, rows_of(session_ids, month), notes)
    return Draft(path, storage.digest_of(path), path.stat().st_size, facts_of(path))


def place(draft: Draft, *, month: dt.date, part: int) -> str:
    """Give the file its name and take the right to write away; the path in the store. The same bytes, the same name."""
    name = f"{month:%Y-%m}-{part}-{draft.sha256[:16]}.parquet"
    target = draft.path.with_name(name)
    draft.path.chmod(0o444)
    draft.path.replace(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return f"{FOLDER}/{name}"


def facts_of(path: Path) -> Facts:
    """Counted from the file itself; raises ``duckdb.Error`` where it is no Parquet file of these columns."""
    found = parquet.one(
        path, "count(*), count(DISTINCT session_id), COALESCE(sum(credit_ms), 0), min(received_ms), max(received_ms)"
    )
    return Facts(*(int(value or 0) for value in found))


def read_rows(path: str) -> Iterator[Row]:
    """The beats in a stored file, in its order."""
    return parquet.read(storage.full_path(path), list(BEAT_COLUMNS), ORDER)


def unknown_files(known: Collection[str]) -> list[str]:
    """Files in the folder that no archive speaks of: what a crash left behind, or a database older than the files."""
    found = sorted(storage.full_path(FOLDER).glob("*.parquet"))
    return [path for path in (f"{FOLDER}/{file.name}" for file in found) if path not in known]


def what_is_wrong(path: str, *, sha256: str, size_bytes: int, row_count: int) -> str:
    """Why a stored file is not what was archived; empty when it is."""
    full = storage.full_path(path)
    if not full.exists():
        return "文件不在"
    if full.stat().st_size != size_bytes:
        return f"文件大小 {full.stat().st_size} 字节，归档时 {size_bytes} 字节"
    if storage.digest_of(full) != sha256:
        return "文件的 SHA-256 与归档时不符"
    import duckdb  # as in ``kernel.parquet``

    try:
        found = facts_of(full).row_count
    except duckdb.Error as error:
        return f"文件读不出来：{str(error)[:120]}"
    return "" if found == row_count else f"文件有 {found} 行，归档时 {row_count} 行"
