"""The log as it is served: head, tiles, entry bundles (C2SP tlog-tiles), and the keys that go with it."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from zhenxue.evidence.models import Checkpoint, Entry, Tile
from zhenxue.evidence.queries.keys import key_ring, log_verifier
from zhenxue.kernel.errors import NotFound
from zhenxue.tlog.hashing import HASH_BYTES
from zhenxue.tlog.proofs import inclusion_proof
from zhenxue.tlog.tiles import TILE_WIDTH, TileNodes, inclusion_tiles, write_bundle


@dataclass(frozen=True, slots=True)
class Head:
    """The last signed checkpoint, read from the signed text itself."""

    size: int
    root: bytes
    note: str
    signed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class LogState:
    """Figures for a health page."""

    origin: str
    key: str
    size: int
    waiting: int
    signed_at: dt.datetime | None


def find_head() -> Head | None:
    """The newest checkpoint, or None before the first. Raises ``tlog.errors.NoteBroken`` if its signature fails."""
    row = Checkpoint.objects.order_by("-size").first()
    if row is None:
        return None
    signed = key_ring().open(row.note)
    return Head(signed.size, signed.root, row.note, row.signed_at)


def get_tile(*, level: int, index: int, width: int) -> bytes:
    """The first ``width`` hashes of a tile; raises ``NotFound`` when the tree does not hold so many yet."""
    tile = read_stored_tile(level, index)[: width * HASH_BYTES]
    if len(tile) != width * HASH_BYTES:
        raise _no_tile()
    return tile


def get_bundle(*, index: int, width: int) -> bytes:
    """The first ``width`` entries of a bundle; raises ``NotFound`` when the log does not hold so many yet."""
    first = index * TILE_WIDTH + 1
    rows = Entry.objects.filter(number__gte=first, number__lt=first + width).order_by("number")
    digests = [bytes(digest) for digest in rows.values_list("digest", flat=True)]
    if len(digests) != width:
        raise _no_tile()
    return write_bundle(digests)


def read_stored_tile(level: int, index: int) -> bytes:
    """Whatever is stored of a tile; empty when nothing is."""
    return bytes(Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first() or b"")


def read_stored_tiles(wanted: Collection[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Whatever is stored of these tiles (level, index), in one query."""
    if not wanted:
        return {}
    one_of = " OR ".join(['(level = %s AND "index" = %s)'] * len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT level, "index", hashes FROM evidence_tile WHERE {one_of}',
            [part for tile in wanted for part in tile],
        )
        return {(level, index): bytes(hashes) for level, index, hashes in cursor.fetchall()}


def inclusion(number: int, size: int) -> list[bytes]:
    """The inclusion proof of an entry in the tree of so many, leaf side first; one query, whatever the size.

    Raises ``tlog.errors.LogError`` for a number outside the tree, or tiles that do not hold it.
    """
    tiles = read_stored_tiles(inclusion_tiles(number - 1, size)) if 1 <= number <= size else {}
    return inclusion_proof(number - 1, size, TileNodes(size, lambda level, index: tiles.get((level, index), b"")).read)


def describe_log() -> LogState:
    """Size, key, what waits and when the last checkpoint was signed, as stored; checks nothing."""
    head = Checkpoint.objects.order_by("-size").only("size", "signed_at").first()
    verifier = log_verifier()
    return LogState(
        origin=verifier.name,
        key=str(verifier),
        size=head.size if head else 0,
        waiting=Entry.objects.filter(number__isnull=True).count(),
        signed_at=head.signed_at if head else None,
    )


def has_waiting() -> bool:
    """Whether a committed entry waits for its number, or the first checkpoint was never signed."""
    return Entry.objects.filter(number__isnull=True).exists() or not Checkpoint.objects.exists()


def _no_tile() -> NotFound:
    return NotFound("evidence.no_tile", "存证链中没有这个数据块。")
