"""The tile layout of C2SP tlog-tiles: where a hash is stored, how a tile or an entry bundle is named and written."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from zhenxue.tlog.errors import TileBroken
from zhenxue.tlog.hashing import EMPTY_ROOT, HASH_BYTES, CompactRange, node_hash, perfect_root

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES
MAX_ENTRY_BYTES = 0xFFFF

_PATH = re.compile(r"(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?", re.ASCII)

type ReadTile = Callable[[int, int], bytes]  # (tile level, tile index) → at least the hashes the tree size needs


def index_path(index: int) -> str:
    """A tile's index in path elements of three digits: 1234067 → ``x001/x234/067``."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])


def tile_path(level: int | str, index: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile under the log's prefix; ``level`` is 0 to 63 or ``"entries"``."""
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{index_path(index)}{partial}"


def parse_index_path(path: str) -> tuple[int, int]:
    """(index, width) of ``<N>[.p/<W>]``; raises ``TileBroken`` unless it is the one right spelling."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise TileBroken(f"{path!r} is no tile path")
    index = int(match["index"].replace("x", "").replace("/", ""))
    width = int(match["width"] or TILE_WIDTH)
    if index_path(index) != match["index"] or (match["width"] is not None and width >= TILE_WIDTH):
        raise TileBroken(f"{path!r} is no tile path")
    return index, width


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes the tile holds in a tree of ``size`` leaves: 0 (not there) to 256."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))


def edge_tiles(size: int) -> list[tuple[int, int, int]]:
    """(level, index, width) of the partial tiles at the right edge of a tree, lowest level first."""
    edge = []
    level = 0
    while size >> (TILE_HEIGHT * level):
        count = size >> (TILE_HEIGHT * level)
        if count % TILE_WIDTH:
            edge.append((level, count // TILE_WIDTH, count % TILE_WIDTH))
        level += 1
    return edge


def inclusion_tiles(index: int, size: int) -> list[tuple[int, int]]:
    """(level, index) of every tile that an inclusion proof of a leaf reads: at most two a level."""
    tiles = {(level, number) for level, number, _ in edge_tiles(size)}
    level = 0
    while size >> (TILE_HEIGHT * level):
        number = index >> (TILE_HEIGHT * (level + 1))
        if tile_width(level, number, size):
            tiles.add((level, number))
        level += 1
    return sorted(tiles)


def split_hashes(tile: bytes) -> list[bytes]:
    """The hashes of a tile; raises ``TileBroken`` for a length that is none."""
    if len(tile) % HASH_BYTES or not 0 < len(tile) <= TILE_BYTES:
        raise TileBroken(f"a tile of {len(tile)} bytes")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def write_bundle(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: each entry after its length as a big-endian uint16."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TileBroken(f"an entry of {len(entry)} bytes does not fit into a bundle")
        parts.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(parts)


def read_bundle(bundle: bytes) -> list[bytes]:
    """The entries of a bundle; raises ``TileBroken`` when it is cut off or holds more than 256."""
    entries = []
    at = 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        entry = bundle[at + 2 : at + 2 + length]
        if at + 2 > len(bundle) or len(entry) != length:
            raise TileBroken("the entry bundle is cut off")
        entries.append(entry)
        at += 2 + length
    if len(entries) > TILE_WIDTH:
        raise TileBroken(f"an entry bundle of {len(entries)} entries")
    return entries


@dataclass(slots=True)
class TileNodes:
    """Reads any node of a tree of ``size`` leaves from its tiles; pass its ``read`` to ``proofs``."""

    size: int
    read_tile: ReadTile
    _cache: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def read(self, level: int, index: int) -> bytes:
        """The root of the perfect subtree of ``2**level`` leaves; raises ``TileBroken`` if the tile is too short."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        tile_index, offset = divmod(first, TILE_WIDTH)
        hashes = self._tile(tile_level, tile_index)
        part = hashes[offset * HASH_BYTES : (offset + (1 << height)) * HASH_BYTES]
        if len(part) != HASH_BYTES << height:
            raise TileBroken(f"node {level}/{index} is not in the tree of {self.size}")
        return perfect_root(split_hashes(part))

    def root(self) -> bytes:
        """The root of the tree."""
        return _fold([split_hashes(self._tile(level, index)) for level, index, _ in edge_tiles(self.size)])

    def _tile(self, level: int, index: int) -> bytes:
        key = (level, index)
        if key not in self._cache:
            width = tile_width(level, index, self.size)
            tile = self.read_tile(level, index)[: width * HASH_BYTES]
            if len(tile) != width * HASH_BYTES:
                raise TileBroken(f"the tile {level}/{index} has {len(tile)} bytes instead of {width * HASH_BYTES}")
            self._cache[key] = tile
        return self._cache[key]


class TileTree:
    """Extends a tree and tells which tiles that changes. Holds only the right edge: at most 255 hashes a level."""

    __slots__ = ("_changed", "_edge", "size")

    def __init__(self, size: int = 0, read_tile: ReadTile | None = None) -> None:
        """An empty tree, or one resumed from its stored tiles; raises ``TileBroken`` if those are too short."""
        self.size = size
        self._edge: list[list[bytes]] = []
        self._changed: dict[tuple[int, int], bytes] = {}
        nodes = TileNodes(size, read_tile or _no_tile)
        for level, index, _ in edge_tiles(size):
            while len(self._edge) < level:
                self._edge.append([])
            self._edge.append(split_hashes(nodes._tile(level, index)))

    def append(self, leaf: bytes) -> None:
        """Adds one leaf hash."""
        self.extend([leaf])

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Adds leaf hashes."""
        self._grow(0, self.size, leaves)
        self.size += len(leaves)

    def _grow(self, level: int, count: int, nodes: Sequence[bytes]) -> None:
        """Adds nodes to a level that had ``count`` of them; the roots of tiles that are full now go one level up."""
        if level == len(self._edge):
            self._edge.append([])
        edge = self._edge[level]
        edge.extend(nodes)
        first = count // TILE_WIDTH
        roots: list[bytes] = []
        for at in range(0, len(edge) - TILE_WIDTH + 1, TILE_WIDTH):
            tile = edge[at : at + TILE_WIDTH]
            self._changed[level, first + len(roots)] = b"".join(tile)
            roots.append(perfect_root(tile))
        if roots:
            del edge[: len(roots) * TILE_WIDTH]
            self._grow(level + 1, first, roots)

    def root(self) -> bytes:
        """The root of everything appended."""
        return _fold(self._edge)

    def take_changes(self) -> dict[tuple[int, int], bytes]:
        """(level, index) → all hashes of every tile that changed since the last call, full and partial."""
        changes = self._changed
        for level, index, width in edge_tiles(self.size):
            changes[level, index] = b"".join(self._edge[level][:width])
        self._changed = {}
        return changes


def _fold(levels: list[list[bytes]]) -> bytes:
    """The root over the right edge: partial tiles from the lowest level (rightmost leaves) upward."""
    root: bytes | None = None
    for hashes in levels:
        part = CompactRange()
        for node in hashes:
            part.append(node)
        for peak in reversed(part.peaks):
            root = peak if root is None else node_hash(peak, root)
    return EMPTY_ROOT if root is None else root


def _no_tile(level: int, index: int) -> bytes:
    raise TileBroken(f"the tile {level}/{index} is not stored")
