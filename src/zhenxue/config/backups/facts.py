"""What a database says of itself: the migrations that made it, the head of its log. Plain SQL, for any copy of it."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zhenxue.config.backups.errors import BackupError
from zhenxue.tlog.errors import LogError
from zhenxue.tlog.tiles import TileTree

#: Runs one statement (``%s`` for values) and gives its rows.
type Ask = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


NUMBERED = "SELECT count(*), coalesce(max(number), 0) FROM evidence_entry WHERE number IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Facts:
    """``size``, ``root`` (base64) and ``note`` of the newest head; ``faults``: where tables of the log contradict."""

    schema: list[str]
    size: int = 0
    root: str = ""
    note: str = ""
    entries: int = 0
    waiting: int = 0
    faults: list[str] = field(default_factory=list)


def read_facts(ask: Ask) -> Facts:
    """Raises ``BackupError`` for a database that holds no platform."""
    try:
        applied = ask("SELECT app, name FROM django_migrations ORDER BY app, name", ())
        heads = ask("SELECT size, root, note FROM evidence_checkpoint ORDER BY size DESC LIMIT 1", ())
        [(entries, top)] = ask(NUMBERED, ())
        [(waiting,)] = ask("SELECT count(*) FROM evidence_entry WHERE number IS NULL", ())
    except Exception as error:  # whatever the driver of this database calls a missing table
        raise BackupError(f"this database holds no platform (zhenxue prepare makes one): {error}") from error
    size, root, note = heads[0] if heads else (0, b"", "")
    faults = []
    if (entries, top) != (size, size):
        faults.append(f"the head holds {size} entries, the table {entries} with numbers up to {top}")
    if heads:
        faults += _tree_faults(ask, size, bytes(root))
    return Facts(
        [f"{app}.{name}" for app, name in applied],
        size,
        base64.b64encode(bytes(root)).decode(),
        note,
        entries,
        waiting,
        faults,
    )


def _tree_faults(ask: Ask, size: int, root: bytes) -> list[str]:
    """Whether the tiles give the root that was signed; reads only the right edge of the tree."""

    def read_tile(level: int, index: int) -> bytes:
        rows = ask('SELECT hashes FROM evidence_tile WHERE level = %s AND "index" = %s', (level, index))
        return bytes(rows[0][0]) if rows else b""

    try:
        fits = TileTree(size, read_tile).root() == root
    except LogError as error:
        return [f"the tiles do not hold {size} entries: {error}"]
    return [] if fits else [f"the tiles give another root than the head signed at {size} entries"]
