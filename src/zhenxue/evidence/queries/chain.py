"""One walk over the log: salt and envelope → entry → leaf → tree → tiles → signed checkpoints.

The signed checkpoints are the yardstick. Level 0 tiles say which leaf was signed at each number; entries must give the
same leaf from their own salt and text. Where the two differ, the root at the next checkpoint tells which is wrong.

It goes tile by tile, 256 entries at once: a tile that fits is one subtree in a tight loop, and only one that does not
is looked at entry by entry. What it holds at a time is a few tiles, whatever the size of the log.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models import Max

from zhenxue.evidence.data import Fault, Finding
from zhenxue.evidence.models import Checkpoint, Entry, Tile
from zhenxue.evidence.queries.log import read_stored_tile
from zhenxue.evidence.queries.report import Report
from zhenxue.tlog import checkpoints
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.hashing import HASH_BYTES, CompactRange, leaf_hash, leaf_hashes, perfect_root
from zhenxue.tlog.keyrings import KeyRing
from zhenxue.tlog.tiles import TILE_HEIGHT, TILE_WIDTH, TileTree, tile_width

TILES_AT_ONCE = 16
CHUNK = 2_000
SHOWN_SECONDS = "%Y-%m-%d %H:%M:%S"

READ_ENTRIES = (
    "SELECT number, salt, {envelope}, digest FROM evidence_entry WHERE number >= %s AND number <= %s ORDER BY number"
)

type Row = tuple[int, bytes, bytes, bytes]  # number, salt, envelope, registered digest


@dataclass(slots=True)
class Chain:
    """The walk; ``check`` it once. ``edited`` are the numbers whose text does not give their registered digest."""

    ring: KeyRing
    kept: Sequence[str]
    report: Report
    progress: Callable[[int, int], None] | None = None
    edited: set[int] = field(default_factory=set)
    _roots: list[tuple[int, bytes, str]] = field(default_factory=list)  # size, root, where it comes from; largest first
    _from_entries: CompactRange = field(default_factory=CompactRange)
    _from_tiles: CompactRange = field(default_factory=CompactRange)
    _upper: TileTree = field(default_factory=TileTree)  # over the roots of full level 0 tiles
    _upper_faults: set[tuple[int, int]] = field(default_factory=set)
    _good: int = 0  # the largest size whose signed root fits
    _doubtful: list[tuple[int, Finding]] = field(default_factory=list)  # the next checkpoint decides
    _wrong_leaves: list[int] = field(default_factory=list)

    def check(self) -> None:
        """Adds everything that does not fit to the report."""
        top = Entry.objects.aggregate(top=Max("number"))["top"] or 0
        self._read_checkpoints()
        size = self.report.size
        if top > size:
            self.report.find(Fault.CHECKPOINT, f"已有编号到第 {top} 号，最新检查点只到 {size}", size + 1)
        self._judge(0)
        for first in range(0, -(-size // TILE_WIDTH), TILES_AT_ONCE):
            self._walk(first, min(size, (first + TILES_AT_ONCE) * TILE_WIDTH))
            if self._upper.size % TILE_WIDTH == 0:
                self._check_upper_tiles()
            if self.progress:
                self.progress(self._from_entries.size, size)
        self._check_upper_tiles()
        self.report.tiles += sum(-(-(size >> bits) // TILE_WIDTH) for bits in range(0, size.bit_length(), TILE_HEIGHT))
        self.report.root = self._from_entries.root().hex()

    # Checkpoints

    def _read_checkpoints(self) -> None:
        for row in Checkpoint.objects.order_by("size").iterator(CHUNK):
            self.report.checkpoints += 1
            signed = self._open(row.note, f"数据库中大小为 {row.size} 的检查点")
            if signed is None:
                continue
            if (signed.size, signed.root) != (row.size, bytes(row.root)):
                self.report.find(
                    Fault.CHECKPOINT,
                    f"检查点的列（大小 {row.size}）与签名的文本（大小 {signed.size}）不一致",
                    row.size or None,
                )
            self._roots.append((signed.size, signed.root, f"{row.signed_at:{SHOWN_SECONDS}} 签发的检查点"))
        self.report.size = max((size for size, _, _ in self._roots), default=0)
        for place, note in enumerate(self.kept, 1):
            signed = self._open(note, f"您保存的第 {place} 个检查点")
            if signed is None:
                continue
            if signed.size > self.report.size:
                self.report.find(
                    Fault.CHECKPOINT,
                    f"您保存的检查点有 {signed.size} 条，现在的存证链只有 {self.report.size} 条：存证链被回退",
                    self.report.size + 1,
                )
            else:
                self._roots.append((signed.size, signed.root, f"您保存的第 {place} 个检查点"))
        self._roots.sort(key=lambda item: item[0], reverse=True)

    def _open(self, note: str, what: str) -> checkpoints.Checkpoint | None:
        try:
            return self.ring.open(note)
        except NoteBroken as error:
            self.report.find(Fault.SIGNATURE, f"{what}不是这条存证链的密钥签发的（{error}）")
            return None

    def _judge(self, size: int) -> None:
        """Compares with every checkpoint of this size, and settles what was doubtful before it."""
        while self._roots and self._roots[-1][0] == size:
            _, root, where = self._roots.pop()
            entries_fit, tiles_fit = self._from_entries.root() == root, self._from_tiles.root() == root
            for number, finding in self._doubtful:
                if entries_fit and not tiles_fit:
                    self._wrong_leaves.append(number)
                    self.report.find(Fault.TILE, "数据块中的叶子与存证内容不符，存证本身与签名的树根相符", number)
                else:
                    self.report.find(finding.fault, finding.text, number)
            if not entries_fit and not tiles_fit and not self._doubtful:
                self.report.find(
                    Fault.ROOT,
                    f"{where}（大小 {size}）与重算的树根不符，第 {self._good + 1} 至 {size} 号之间有改动",
                    min(self._good + 1, size) or None,
                )
            if entries_fit:
                self._good = size
                self._from_tiles = CompactRange(size, self._from_entries.peaks)
            elif tiles_fit or self._doubtful:
                self._from_entries = CompactRange(size, self._from_tiles.peaks)
            self._doubtful.clear()

    # Entries against level 0

    def _walk(self, first: int, last: int) -> None:
        """The tiles from index ``first`` on, as far as number ``last``."""
        start = first * TILE_WIDTH
        rows = _read_entries(start + 1, last)
        tiles = _read_tiles(first, first + TILES_AT_ONCE)
        self.report.entries += len(rows)
        at = 0
        for index in range(first, -(-last // TILE_WIDTH)):
            width = tile_width(0, index, last)
            begin, end = index * TILE_WIDTH + 1, index * TILE_WIDTH + width
            until = bisect_right(rows, end, lo=at, key=_number)
            self._take_tile(begin, end, rows[at:until], tiles.get(index, b"")[: width * HASH_BYTES])
            at = until

    def _take_tile(self, first: int, last: int, rows: list[Row], stored: bytes) -> None:
        """The entries with the numbers ``first`` to ``last``, at most one tile of them."""
        sha256 = hashlib.sha256
        digests = [sha256(salt + envelope).digest() for _, salt, envelope, _ in rows]
        leaves = leaf_hashes(digests)
        fits = (
            len(rows) == last - first + 1  # numbers are unique and in order: so many are all of them
            and b"".join(leaves) == stored
            and digests == [logged for _, _, _, logged in rows]
        )
        if fits and len(leaves) == TILE_WIDTH and (not self._roots or self._roots[-1][0] >= last):
            root = perfect_root(leaves)
            self._from_entries.append(root, TILE_HEIGHT)
            self._from_tiles.append(root, TILE_HEIGHT)
            self._upper.append(root)
            self._judge(last)
            return
        signed = leaves if fits else self._compare(first, last, rows, digests, stored)
        if fits:
            for number, leaf in enumerate(leaves, first):
                self._grow(leaf, leaf, number)
        if len(signed) == TILE_WIDTH:
            self._upper.append(perfect_root(signed))

    def _compare(self, first: int, last: int, rows: list[Row], digests: list[bytes], stored: bytes) -> list[bytes]:
        """Entry by entry, where something does not fit; the leaves as they were signed, as far as that is known."""
        width = last - first + 1
        if len(stored) < width * HASH_BYTES:
            index, count = (first - 1) // TILE_WIDTH, len(stored) // HASH_BYTES
            self.report.find(Fault.TILE, f"数据块 0/{index} 应有 {width} 个叶子，只有 {count} 个", first)
        found = {row[0]: (row, digest) for row, digest in zip(rows, digests, strict=True)}
        known: list[bytes] = []
        for number in range(first, last + 1):
            place = number - first
            kept = stored[place * HASH_BYTES : (place + 1) * HASH_BYTES]
            signed = kept if len(kept) == HASH_BYTES else None
            if number in found:
                leaf = self._take(*found[number], signed)
            else:
                self.report.find(
                    Fault.MISSING,
                    f"数据库中没有这条存证，而它已被签名的检查点包含（树中共 {self.report.size} 条）",
                    number,
                )
                leaf = signed if signed is not None else bytes(HASH_BYTES)
            known.append(signed if signed is not None else leaf)
            self._grow(leaf, known[-1], number)
        return known

    def _take(self, row: Row, digest: bytes, signed: bytes | None) -> bytes:
        """The leaf of an entry, recomputed; says what does not fit, or leaves it to the next checkpoint."""
        number, _, _, logged = row
        leaf = leaf_hash(digest)
        if digest != logged:
            self.edited.add(number)
            text = f"按盐和正文重算的摘要是 {digest.hex()[:16]}…，登记的是 {logged.hex()[:16]}…"
            self.report.find(Fault.EDITED, text, number)
        elif signed is not None and signed != leaf:
            self._doubtful.append((number, self._explain(leaf)))
        return leaf

    def _grow(self, leaf: bytes, signed: bytes, number: int) -> None:
        self._from_entries.append(leaf)
        self._from_tiles.append(signed)
        self._judge(number)

    def _explain(self, leaf: bytes) -> Finding:
        """Why an entry whose own digest fits is not the one that was signed here: moved from elsewhere, or replaced."""
        if not self.report.is_full:
            for index, hashes in (
                Tile.objects.filter(level=0).order_by("index").values_list("index", "hashes").iterator()
            ):
                at = bytes(hashes).find(leaf)
                if at >= 0 and at % HASH_BYTES == 0:
                    original = index * TILE_WIDTH + at // HASH_BYTES + 1
                    return Finding(Fault.ORDER, f"这里的内容原是第 {original} 号存证")
        return Finding(Fault.EDITED, "内容与摘要被一起换掉，签名的树中没有这样的存证")

    # Upper tiles

    def _check_upper_tiles(self) -> None:
        """The tiles above level 0, as far as they have been recomputed, against the stored ones."""
        for (above, index), hashes in sorted(self._upper.take_changes().items()):
            level = above + 1
            if (level, index) in self._upper_faults or read_stored_tile(level, index)[: len(hashes)] == hashes:
                continue
            self._upper_faults.add((level, index))
            span = TILE_WIDTH << (TILE_HEIGHT * level)
            first = index * span + 1
            if not any(first <= number < first + span for number in self._wrong_leaves):
                self.report.find(Fault.TILE, f"数据块 {level}/{index} 与重算的结果不符", first)


def _read_entries(first: int, last: int) -> list[Row]:
    """Entries by number; SQLite gives the bytes of a text as they are stored, PostgreSQL's text is encoded here."""
    is_sqlite = connection.vendor == "sqlite"
    envelope = "CAST(envelope AS BLOB)" if is_sqlite else "envelope"
    with connection.cursor() as cursor:
        cursor.execute(READ_ENTRIES.format(envelope=envelope), (first, last))
        rows: list[Any] = cursor.fetchall()
    return rows if is_sqlite else [(number, salt, text.encode(), digest) for number, salt, text, digest in rows]


_number = itemgetter(0)


def _read_tiles(first: int, end: int) -> dict[int, bytes]:
    """Level 0 tiles by index, as far as they are stored."""
    rows = Tile.objects.filter(level=0, index__gte=first, index__lt=end).values_list("index", "hashes")
    return {index: bytes(hashes) for index, hashes in rows}
