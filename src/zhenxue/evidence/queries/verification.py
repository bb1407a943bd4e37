"""Recomputes the whole log and says what does not fit. Reads only; trusts nothing but the key it is given.

The signed checkpoints are the yardstick. Level 0 tiles say which leaf was signed at each number; entries must give the
same leaf from their own salt and text. Where the two differ, the root at the next checkpoint tells which is wrong.
Runs beside a working sequencer: it checks up to the newest checkpoint at its start, and what lies below never changes.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db.models import Max

from zhenxue.evidence.data import ERASED, Fault, Finding, list_projections
from zhenxue.evidence.models import Checkpoint, Entry, Tile
from zhenxue.evidence.queries.inspection import Inspection, inspect_entry, salted_digest
from zhenxue.evidence.queries.log import log_verifier, read_stored_tile
from zhenxue.tlog import checkpoints
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.hashing import HASH_BYTES, CompactRange, leaf_hash
from zhenxue.tlog.notes import Verifier
from zhenxue.tlog.tiles import TILE_HEIGHT, TILE_WIDTH, TileTree, tile_width

CHUNK = 2_000
MOST_FINDINGS = 50
SHOWN_SECONDS = "%Y-%m-%d %H:%M:%S"


@dataclass(slots=True)
class Report:
    """What ``verify`` saw. ``findings`` are in the order of the log: the first is the first entry that does not fit."""

    size: int = 0
    entries: int = 0
    waiting: int = 0
    tiles: int = 0
    checkpoints: int = 0
    erased_fields: int = 0
    projections: int = 0
    root: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.findings


def verify_log(
    *,
    key: Verifier | None = None,
    kept: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Checks every entry, number, tile and checkpoint, then the registered projections.

    ``key``: the log's public key, if not the configured one. ``kept``: signed checkpoints that somebody put aside
    earlier; the log must still extend each of them. ``progress(done, size)`` is called now and then.
    """
    run = _Run(key or log_verifier(), kept, progress)
    run.check()
    for name, check in list_projections():
        run.report.projections += 1
        run.report.findings.extend(
            Finding(finding.fault, f"［{name}］{finding.text}", finding.number) for finding in check()
        )
    run.report.findings.sort(key=lambda finding: (finding.number is None, finding.number or 0))
    return run.report


class _Run:
    """One walk over the log."""

    def __init__(self, key: Verifier, kept: Sequence[str], progress: Callable[[int, int], None] | None) -> None:
        self.key = key
        self.kept = kept
        self.progress = progress
        self.report = Report()
        self.roots: list[tuple[int, bytes, str]] = []  # size, root, where it comes from
        self.from_entries = CompactRange()
        self.from_tiles = CompactRange()
        self.upper = TileTree()
        self.level_0 = b""
        self.good = 0  # the largest size whose signed root fits
        self.doubtful: list[tuple[int, Finding]] = []  # entry and tile differ; the next checkpoint decides
        self.wrong_leaves: list[int] = []
        self.erased: dict[str, tuple[int | None, set[str]]] = {}
        self.erasures: dict[str, set[str]] = {}

    def check(self) -> None:
        top = Entry.objects.aggregate(top=Max("number"))["top"] or 0
        self.read_checkpoints()
        size = self.report.size
        if top > size:
            self.find(Fault.CHECKPOINT, f"已有编号到第 {top} 号，最新检查点只到 {size}", size + 1)
        self.walk(size)
        self.check_upper_tiles(size)
        self.check_waiting()
        for digest, (number, names) in self.erased.items():
            if missing := names - self.erasures.get(digest, set()):
                self.find(Fault.ERASED, f"字段 {'、'.join(sorted(missing))} 的内容不在，也没有删除它的存证", number)

    def find(self, fault: Fault, text: str, number: int | None = None) -> None:
        if len(self.report.findings) < MOST_FINDINGS:
            self.report.findings.append(Finding(fault, text, number))

    # Checkpoints

    def read_checkpoints(self) -> None:
        for row in Checkpoint.objects.order_by("size").iterator(CHUNK):
            self.report.checkpoints += 1
            signed = self.open(row.note, f"数据库中大小为 {row.size} 的检查点")
            if signed is None:
                continue
            if (signed.size, signed.root) != (row.size, bytes(row.root)):
                self.find(
                    Fault.CHECKPOINT,
                    f"检查点的列（大小 {row.size}）与签名的文本（大小 {signed.size}）不一致",
                    row.size or None,
                )
            self.roots.append((signed.size, signed.root, f"{row.signed_at:{SHOWN_SECONDS}} 签发的检查点"))
        self.report.size = max((size for size, _, _ in self.roots), default=0)
        for place, note in enumerate(self.kept, 1):
            signed = self.open(note, f"您保存的第 {place} 个检查点")
            if signed is None:
                continue
            if signed.size > self.report.size:
                self.find(
                    Fault.CHECKPOINT,
                    f"您保存的检查点有 {signed.size} 条，现在的存证链只有 {self.report.size} 条：存证链被回退",
                    self.report.size + 1,
                )
            else:
                self.roots.append((signed.size, signed.root, f"您保存的第 {place} 个检查点"))
        self.roots.sort(key=lambda item: item[0], reverse=True)

    def open(self, note: str, what: str) -> checkpoints.Checkpoint | None:
        try:
            return checkpoints.open_signed(note, origin=self.key.name, log=self.key)
        except NoteBroken as error:
            self.find(Fault.SIGNATURE, f"{what}不是这条存证链的密钥签发的（{error}）")
            return None

    def judge_roots(self, size: int) -> None:
        """Compares with every checkpoint of this size, and settles what was doubtful before it."""
        while self.roots and self.roots[-1][0] == size:
            _, root, where = self.roots.pop()
            entries_fit, tiles_fit = self.from_entries.root() == root, self.from_tiles.root() == root
            for number, finding in self.doubtful:
                if entries_fit and not tiles_fit:
                    self.wrong_leaves.append(number)
                    self.find(Fault.TILE, "数据块中的叶子与存证内容不符，存证本身与签名的树根相符", number)
                else:
                    self.find(finding.fault, finding.text, number)
            if not entries_fit and not tiles_fit and not self.doubtful:
                self.find(
                    Fault.ROOT,
                    f"{where}（大小 {size}）与重算的树根不符，第 {self.good + 1} 至 {size} 号之间有改动",
                    min(self.good + 1, size) or None,
                )
            if entries_fit:
                self.good = size
            elif self.doubtful:
                self.from_entries = CompactRange(self.from_tiles.size, self.from_tiles.peaks)
            self.doubtful.clear()

    # Entries against level 0

    def walk(self, size: int) -> None:
        self.judge_roots(0)
        number = 0
        for entry in (
            Entry.objects.filter(number__isnull=False, number__lte=size)
            .order_by("number")
            .prefetch_related("refs")
            .iterator(CHUNK)
        ):
            while number + 1 < (entry.number or 0):
                number += 1
                self.take_missing(number, size)
            number += 1
            self.take(entry, number, size)
        while number < size:
            number += 1
            self.take_missing(number, size)
        self.report.root = self.from_entries.root().hex()

    def take(self, entry: Entry, number: int, size: int) -> None:
        self.report.entries += 1
        seen = inspect_entry(entry)
        for finding in seen.findings:
            self.find(finding.fault, finding.text, number)
        self.note_erasures(entry, number, seen)
        leaf = leaf_hash(salted_digest(entry))
        signed = self.signed_leaf(number, size)
        if signed is not None and signed != leaf and not seen.is_edited:
            self.doubtful.append((number, self.explain(leaf)))
        self.grow(leaf, signed if signed is not None else leaf, number)

    def take_missing(self, number: int, size: int) -> None:
        signed = self.signed_leaf(number, size)
        self.find(Fault.MISSING, f"数据库中没有这条存证，而它已被签名的检查点包含（树中共 {size} 条）", number)
        leaf = signed if signed is not None else bytes(HASH_BYTES)
        self.grow(leaf, leaf, number)

    def grow(self, leaf: bytes, signed: bytes, number: int) -> None:
        self.from_entries.append(leaf)
        self.from_tiles.append(signed)
        self.upper.append(signed)
        self.judge_roots(number)
        if self.progress and number % CHUNK == 0:
            self.progress(number, self.report.size)

    def signed_leaf(self, number: int, size: int) -> bytes | None:
        """The leaf hash that the level 0 tile holds for this number; None (reported once) if the tile is too short."""
        index, place = divmod(number - 1, TILE_WIDTH)
        if place == 0:
            width = tile_width(0, index, size)
            self.level_0 = read_stored_tile(0, index)
            self.report.tiles += 1
            if len(self.level_0) < width * HASH_BYTES:
                self.find(
                    Fault.TILE,
                    f"数据块 0/{index} 应有 {width} 个叶子，只有 {len(self.level_0) // HASH_BYTES} 个",
                    number,
                )
        leaf = self.level_0[place * HASH_BYTES : (place + 1) * HASH_BYTES]
        return leaf if len(leaf) == HASH_BYTES else None

    def explain(self, leaf: bytes) -> Finding:
        """Why an entry whose own digest fits is not the one that was signed here: moved from elsewhere, or replaced."""
        for tile in Tile.objects.filter(level=0).order_by("index").iterator(CHUNK):
            hashes = bytes(tile.hashes)
            at = hashes.find(leaf)
            while at >= 0 and at % HASH_BYTES:
                at = hashes.find(leaf, at + 1)
            if at >= 0:
                original = tile.index * TILE_WIDTH + at // HASH_BYTES + 1
                return Finding(Fault.ORDER, f"这里的内容原是第 {original} 号存证")
        return Finding(Fault.EDITED, "内容与摘要被一起换掉，签名的树中没有这样的存证")

    # The rest

    def note_erasures(self, entry: Entry, number: int | None, seen: Inspection) -> None:
        if seen.gone:
            self.report.erased_fields += len(seen.gone)
            self.erased[bytes(entry.digest).hex()] = (number, seen.gone)
        if entry.kind == ERASED and not seen.findings:
            body = json.loads(entry.envelope)["body"]
            self.erasures.setdefault(body["digest"], set()).update(body["fields"])

    def check_upper_tiles(self, size: int) -> None:
        for (level, index), hashes in sorted(self.upper.take_changes().items()):
            if level == 0:
                continue
            self.report.tiles += 1
            stored = read_stored_tile(level, index)[: tile_width(level, index, size) * HASH_BYTES]
            if stored != hashes:
                span = TILE_WIDTH << (TILE_HEIGHT * level)
                first = index * span + 1
                if any(first <= number < first + span for number in self.wrong_leaves):
                    continue  # it was recomputed from leaves that are named already
                self.find(Fault.TILE, f"数据块 {level}/{index} 与重算的结果不符", first)

    def check_waiting(self) -> None:
        for entry in Entry.objects.filter(number__isnull=True).order_by("id").prefetch_related("refs").iterator(CHUNK):
            self.report.waiting += 1
            seen = inspect_entry(entry)
            for finding in seen.findings:
                self.find(finding.fault, f"未入链的记录（id {entry.id}）：{finding.text}")
            self.note_erasures(entry, None, seen)
