"""One proof for many leaves of a tree: every node that is needed, once, in the order of one walk.

The walk starts at the whole tree and goes down as RFC 6962 section 2.1 splits it, left before right. A subtree without
a wanted leaf is one hash of the proof and is not entered; a wanted leaf is hashed by the reader. What is left over or
missing breaks the proof. With one wanted leaf this is the audit path, sorted left to right instead of leaf upward.
"""

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from zhenxue.tlog.errors import ProofBroken, TileBroken
from zhenxue.tlog.hashing import HASH_BYTES, largest_power_below, node_hash
from zhenxue.tlog.proofs import ReadNode, span_root
from zhenxue.tlog.tiles import TILE_HEIGHT, TILE_WIDTH, split_hashes, tile_width

AHEAD = 256  # level 0 tiles fetched at once
KEPT = 64  # upper tiles held with all their inner nodes

type FetchTiles = Callable[[int, Sequence[int]], Mapping[int, bytes]]  # (level, indices) → stored hashes by index


def multiproof(indices: Sequence[int], size: int, read: ReadNode) -> list[bytes]:
    """The hashes that, with the leaves at ``indices`` (ascending, from 0), give the root of a tree of ``size``."""
    _check_indices(indices, size)
    found: list[bytes] = []
    _collect(indices, 0, len(indices), 0, size, read, found)
    return found


def check_multiproof(*, leaves: Sequence[tuple[int, bytes]], size: int, proof: Iterable[bytes], root: bytes) -> None:
    """Raises ``ProofBroken`` unless these leaf hashes stand at these indices in the tree of this size and root."""
    _check_indices([index for index, _ in leaves], size)
    hashes = iter(proof)
    if _root(leaves, 0, len(leaves), 0, size, hashes) != root:
        raise ProofBroken("the proof leads to another root")
    if next(hashes, None) is not None:
        raise ProofBroken("the proof is too long")


def _check_indices(indices: Sequence[int], size: int) -> None:
    if not indices:
        raise ProofBroken("a proof of no leaf proves nothing")
    if indices[0] < 0 or indices[-1] >= size:
        raise ProofBroken(f"there is no such leaf in a tree of {size}")
    if any(after <= before for before, after in itertools.pairwise(indices)):
        raise ProofBroken("the leaves are not in ascending order")


def _collect(
    indices: Sequence[int], low: int, high: int, start: int, end: int, read: ReadNode, found: list[bytes]
) -> None:
    if low == high:
        found.append(span_root((start, end), read))
    elif end - start > 1:
        middle = start + largest_power_below(end - start)
        cut = bisect_left(indices, middle, low, high)
        _collect(indices, low, cut, start, middle, read, found)
        _collect(indices, cut, high, middle, end, read, found)


def _root(
    leaves: Sequence[tuple[int, bytes]], low: int, high: int, start: int, end: int, hashes: Iterator[bytes]
) -> bytes:
    if low == high:
        given = next(hashes, b"")
        if len(given) != HASH_BYTES:
            raise ProofBroken("the proof is too short")
        return given
    if end - start == 1:
        return leaves[low][1]
    middle = start + largest_power_below(end - start)
    cut = bisect_left(leaves, middle, low, high, key=_index)
    left = _root(leaves, low, cut, start, middle, hashes)
    return node_hash(left, _root(leaves, cut, high, middle, end, hashes))


def _index(leaf: tuple[int, bytes]) -> int:
    return leaf[0]


class OrderedNodes:
    """Reads nodes for a walk from left to right: level 0 tiles are fetched many at a time and let go behind the walk.

    Memory is that of ``AHEAD`` + ``KEPT`` tiles, whatever the size of the log. ``indices``: the wanted leaves.
    """

    def __init__(self, size: int, indices: Sequence[int], fetch: FetchTiles) -> None:
        self.size = size
        self._fetch = fetch
        self._wanted = sorted({index // TILE_WIDTH for index in indices})
        self._ahead: dict[int, bytes] = {}
        self._ladders: dict[tuple[int, int], list[list[bytes]]] = {}

    def read(self, level: int, index: int) -> bytes:
        """The root of the perfect subtree of ``2**level`` leaves; raises ``TileBroken`` if no such tile is stored."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile, place = divmod(index, TILE_WIDTH >> height)
        ladder = self._ladder(tile_level, tile)
        if height >= len(ladder) or place >= len(ladder[height]):
            raise TileBroken(f"node {level}/{index} is not in the tree of {self.size}")
        return ladder[height][place]

    def _ladder(self, level: int, tile: int) -> list[list[bytes]]:
        """The hashes of a tile, and of every perfect subtree inside it, height by height."""
        key = (level, tile)
        if key not in self._ladders:
            while len(self._ladders) >= KEPT:
                del self._ladders[next(iter(self._ladders))]
            width = tile_width(level, tile, self.size)
            stored = (self._take(tile) if level == 0 else self._fetch(level, [tile]).get(tile, b""))[
                : width * HASH_BYTES
            ]
            if len(stored) != width * HASH_BYTES:
                raise TileBroken(f"the tile {level}/{tile} has {len(stored)} bytes instead of {width * HASH_BYTES}")
            row = split_hashes(stored)
            ladder = [row]
            while len(row) > 1:
                row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
                ladder.append(row)
            self._ladders[key] = ladder
        return self._ladders[key]

    def _take(self, tile: int) -> bytes:
        if tile not in self._ahead:
            first = bisect_left(self._wanted, tile)
            coming = self._wanted[first : first + AHEAD] or [tile]
            self._ahead = dict(self._fetch(0, coming if coming[0] == tile else [tile, *coming[:-1]]))
        return self._ahead.get(tile, b"")
