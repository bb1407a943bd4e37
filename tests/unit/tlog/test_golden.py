"""Byte for byte the files that tests/data/tlog/generate.py wrote from the specifications, without our code."""

import hashlib
from pathlib import Path

import pytest

from zhenxue.tlog import checkpoints
from zhenxue.tlog.hashing import leaf_hashes, root_of
from zhenxue.tlog.notes import Signer
from zhenxue.tlog.tiles import TileTree, parse_index_path, tile_path, write_bundle

GOLDEN = Path(__file__).resolve().parents[2] / "data" / "tlog"
SIGNER = Signer("log.zhenxue.example/golden", b"\x33" * 32)
ENTRIES = [hashlib.sha256(str(number).encode()).digest() for number in range(70_000)]
LEAVES = leaf_hashes(ENTRIES)
SIZE = 600


@pytest.mark.parametrize("step", [1, 7, 256, 600])
def test_the_tiles_are_the_golden_ones_however_the_tree_grew(step: int) -> None:
    tree = TileTree()
    tiles: dict[tuple[int, int], bytes] = {}
    for at in range(0, SIZE, step):
        tree.extend(LEAVES[at : min(at + step, SIZE)])
        tiles.update(tree.take_changes())
    ours = {tile_path(level, index, len(hashes) // 32): hashes for (level, index), hashes in tiles.items()}
    golden = {
        str(file.relative_to(GOLDEN)): file.read_bytes()
        for file in (GOLDEN / "tile").rglob("*")
        if file.is_file() and "entries" not in file.parts
    }
    assert ours == golden


def test_the_bundles_are_the_golden_ones() -> None:
    folder = GOLDEN / "tile" / "entries"
    seen = 0
    for file in folder.rglob("*"):
        if file.is_file():
            index, width = parse_index_path(str(file.relative_to(folder)))
            assert write_bundle(ENTRIES[index * 256 : index * 256 + width]) == file.read_bytes()
            seen += width
    assert seen == SIZE


def test_the_checkpoints_are_the_golden_ones() -> None:
    files = sorted(GOLDEN.glob("checkpoint.*"))
    assert len(files) == 7
    for file in files:
        size = int(file.suffix[1:])
        head = checkpoints.Checkpoint(SIGNER.verifier.name, size, root_of(LEAVES[:size]))
        assert checkpoints.sign(head, SIGNER).encode() == file.read_bytes()
        assert checkpoints.open_signed(file.read_bytes(), origin=head.origin, log=SIGNER.verifier) == head


def test_the_roots_are_the_golden_ones() -> None:
    lines = (GOLDEN / "roots").read_text().splitlines()
    assert len(lines) == 16
    for line in lines:
        size, root = line.split()
        assert root_of(LEAVES[: int(size)]).hex() == root
