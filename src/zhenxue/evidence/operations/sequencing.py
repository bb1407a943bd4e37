"""Folds committed entries into the tree: numbers, tiles and a signed checkpoint, all in one transaction.

Because the three are one transaction, a crash anywhere loses nothing and repeats nothing: afterwards either the whole
step is there, or none of it and the entries still wait. A checkpoint is seen by nobody before it is committed.
"""

import datetime as dt

from django.db import connection, transaction

from zhenxue.evidence.errors import LogBroken
from zhenxue.evidence.models import Checkpoint, Entry, Tile
from zhenxue.evidence.queries.keys import signers_at
from zhenxue.evidence.queries.log import find_head, read_stored_tile
from zhenxue.tlog import checkpoints
from zhenxue.tlog.errors import LogError
from zhenxue.tlog.hashing import leaf_hashes
from zhenxue.tlog.tiles import TileTree

BATCH = 5_000
LOCK = 0x7A78_6C6F_6701  # advisory lock of one integration step on PostgreSQL ("zxlog" and 1)


def integrate(now: dt.datetime) -> int:
    """Folds in everything that waits; the number of entries that got a number. Safe to call beside a running sequencer.

    Raises ``LogBroken`` when the stored tree does not fit its last signed checkpoint; then nothing is changed.
    """
    done = 0
    while count := integrate_batch(now=now):
        done += count
    return done


def integrate_batch(*, now: dt.datetime) -> int:
    """One step of at most ``BATCH`` entries, in the order in which they were recorded; 0 when nothing waited."""
    with transaction.atomic():
        _take_turn()
        waiting = _read_waiting()
        head = find_head()
        if head is not None and not waiting:
            return 0
        size = head.size if head else 0
        tree = _resume(size, head.root if head else None)
        tree.extend(leaf_hashes(digest for _, digest in waiting))
        _number([(size + place, entry_id) for place, (entry_id, _) in enumerate(waiting, 1)])
        Tile.objects.bulk_create(
            [Tile(level=level, index=index, hashes=hashes) for (level, index), hashes in tree.take_changes().items()],
            update_conflicts=True,
            unique_fields=["level", "index"],
            update_fields=["hashes"],
        )
        signers = signers_at(tree.size)
        signed = checkpoints.Checkpoint(signers[0].verifier.name, tree.size, tree.root())
        Checkpoint.objects.create(
            size=signed.size, root=signed.root, note=checkpoints.sign(signed, *signers), signed_at=now
        )
    return len(waiting)


def _read_waiting() -> list[tuple[int, bytes]]:
    """Id and digest of the entries without a number, in the order in which they were recorded; at most ``BATCH``."""
    rows = Entry.objects.filter(number__isnull=True).order_by("id").values_list("id", "digest")[:BATCH]
    return [(entry_id, bytes(digest)) for entry_id, digest in rows]


def _take_turn() -> None:
    """One step at a time. SQLite's transactions are IMMEDIATE, so there the transaction itself is the turn."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _resume(size: int, root: bytes | None) -> TileTree:
    """The stored tree; refused unless its right edge gives the root that was signed last."""
    try:
        tree = TileTree(size, read_stored_tile)
    except LogError as error:
        raise LogBroken(f"the stored tiles do not hold {size} entries: {error}") from error
    if root is not None and tree.root() != root:
        raise LogBroken(f"the stored tiles give another root than the checkpoint signed at {size} entries")
    return tree


def _number(pairs: list[tuple[int, int]]) -> None:
    if not pairs:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            numbers, ids = ([pair[place] for pair in pairs] for place in (0, 1))
            cursor.execute(
                "UPDATE evidence_entry e SET number = v.number FROM unnest(%s::bigint[], %s::bigint[]) AS v(number, id)"
                " WHERE e.id = v.id AND e.number IS NULL",
                [numbers, ids],
            )
        else:
            cursor.executemany("UPDATE evidence_entry SET number = %s WHERE id = %s AND number IS NULL", pairs)
        if cursor.rowcount != len(pairs):
            raise LogBroken(f"{cursor.rowcount} of {len(pairs)} entries took their number")
