"""Trees, proofs and tiles against a naive recursive tree written from RFC 6962 section 2.1."""

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenxue.tlog.errors import ProofBroken, TileBroken
from zhenxue.tlog.hashing import EMPTY_ROOT, CompactRange, leaf_hash, leaf_hashes, perfect_root, root_of
from zhenxue.tlog.proofs import check_consistency, check_inclusion, consistency_proof, inclusion_proof
from zhenxue.tlog.tiles import (
    TileNodes,
    TileTree,
    edge_tiles,
    inclusion_tiles,
    index_path,
    parse_index_path,
    read_bundle,
    tile_path,
    tile_width,
    write_bundle,
)

MANY = [leaf_hash(str(number).encode()) for number in range(70_000)]
SIZES = st.integers(1, 700)


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*naive_subproof(old, leaves[:split], whole), naive_root(leaves[split:])]
    return [*naive_subproof(old - split, leaves[split:], False), naive_root(leaves[:split])]


class Store:
    """Tiles in memory, as a database would keep them."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, index: int) -> bytes:
        return self.tiles.get((level, index), b"")

    def grow(self, size: int, leaves: list[bytes]) -> bytes:
        tree = TileTree(size, self.read)
        tree.extend(leaves[:1])
        tree.extend(leaves[1:])
        self.tiles.update(tree.take_changes())
        return tree.root()


@pytest.fixture(scope="module")
def store() -> Store:
    store = Store()
    store.grow(0, MANY)
    return store


def test_the_empty_tree_has_the_hash_of_nothing_and_one_leaf_is_its_own_root() -> None:
    assert root_of([]) == EMPTY_ROOT == naive_root([])
    assert root_of(MANY[:1]) == MANY[0]
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@given(SIZES)
def test_the_incremental_root_is_the_naive_root(size: int) -> None:
    assert root_of(MANY[:size]) == naive_root(MANY[:size])


@given(st.integers(0, 6), st.integers(1, 9), st.integers(0, 63))
def test_whole_subtrees_and_leaves_give_the_same_root(height: int, subtrees: int, rest: int) -> None:
    width = 1 << height
    leaves = MANY[: width * subtrees + rest]
    tree = CompactRange()
    for at in range(0, width * subtrees, width):
        tree.append(perfect_root(leaves[at : at + width]), height)
    for leaf in leaves[width * subtrees :]:
        tree.append(leaf)
    assert (tree.size, tree.root()) == (len(leaves), naive_root(leaves))


def test_a_subtree_begins_where_it_may_and_is_whole() -> None:
    tree = CompactRange()
    tree.append(MANY[0])
    with pytest.raises(ValueError, match="begins at 1"):
        tree.append(MANY[1], 1)
    for count in (0, 3, 255):
        with pytest.raises(ValueError, match="perfect"):
            perfect_root(MANY[:count])
    assert leaf_hashes([b"", b"L123456"]) == [leaf_hash(b""), leaf_hash(b"L123456")]


@given(SIZES, SIZES)
def test_a_compact_range_resumes_where_it_stopped(first: int, second: int) -> None:
    tree = CompactRange()
    for leaf in MANY[:first]:
        tree.append(leaf)
    resumed = CompactRange(tree.size, tree.peaks)
    for leaf in MANY[first : first + second]:
        resumed.append(leaf)
    assert resumed.root() == naive_root(MANY[: first + second])
    with pytest.raises(ValueError, match="peaks"):
        CompactRange(first, [*tree.peaks, MANY[0]])


@given(SIZES, st.data())
@settings(deadline=None)
def test_an_inclusion_proof_equals_the_naive_one_and_holds_only_for_its_leaf(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    store = Store()
    root = store.grow(0, MANY[:size])
    proof = inclusion_proof(index, size, TileNodes(size, store.read).read)
    assert proof == naive_path(index, MANY[:size])
    check_inclusion(leaf=MANY[index], index=index, size=size, proof=proof, root=root)
    right: dict[str, Any] = {"leaf": MANY[index], "index": index, "size": size, "proof": proof, "root": root}
    for wrong in ({"leaf": MANY[-1]}, {"root": MANY[-1]}, {"proof": [*proof, MANY[0]]}, {"index": size}, {"size": 0}):
        with pytest.raises(ProofBroken):
            check_inclusion(**right | wrong)


@given(SIZES, st.data())
@settings(deadline=None)
def test_a_consistency_proof_equals_the_naive_one_and_holds_only_between_its_trees(
    new: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, new))
    store = Store()
    new_root = store.grow(0, MANY[:new])
    old_root = naive_root(MANY[:old])
    proof = consistency_proof(old, new, TileNodes(new, store.read).read)
    assert proof == naive_subproof(old, MANY[:new], True)
    check_consistency(old=old, new=new, old_root=old_root, new_root=new_root, proof=proof)
    right: dict[str, Any] = {"old": old, "new": new, "old_root": old_root, "new_root": new_root, "proof": proof}
    for wrong in ({"old": 0}, {"new_root": MANY[-1]}, {"old_root": MANY[-1]}, {"proof": [*proof, MANY[0]]}):
        with pytest.raises(ProofBroken):
            check_consistency(**right | wrong)


@given(st.integers(1, 70_000), st.data())
@settings(deadline=None)
def test_a_proof_reads_the_tiles_that_were_foretold_and_at_most_two_a_level(
    store: Store, size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    tiles = inclusion_tiles(index, size)
    fetched = {tile: store.read(*tile) for tile in tiles}
    nodes = TileNodes(size, lambda level, number: fetched[level, number])
    proof = inclusion_proof(index, size, nodes.read)
    check_inclusion(leaf=MANY[index], index=index, size=size, proof=proof, root=nodes.root())
    assert len(tiles) <= 2 * len({level for level, _ in tiles})


@given(st.lists(st.integers(0, 300), max_size=6))
@settings(deadline=None)
def test_growing_in_steps_gives_the_same_tiles_as_growing_at_once(steps: list[int]) -> None:
    store, size = Store(), 0
    for step in steps:
        root = store.grow(size, MANY[size : size + step])
        size += step
        assert root == naive_root(MANY[:size])
        assert TileNodes(size, store.read).root() == root
    at_once = Store()
    at_once.grow(0, MANY[:size])
    assert store.tiles == at_once.tiles


def test_a_tree_of_70000_has_the_tiles_of_the_specification(store: Store) -> None:
    assert edge_tiles(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert sum(level == 0 and len(tile) == 8192 for (level, _), tile in store.tiles.items()) == 273
    assert {key: len(tile) // 32 for key, tile in store.tiles.items() if key[0]} == {(1, 0): 256, (1, 1): 17, (2, 0): 1}
    assert edge_tiles(256) == [(1, 0, 1)]
    assert edge_tiles(0) == []
    assert (tile_width(0, 273, 70_000), tile_width(0, 272, 70_000), tile_width(0, 274, 70_000)) == (112, 256, 0)


def test_tiles_of_a_larger_tree_still_prove_a_smaller_one(store: Store) -> None:
    nodes = TileNodes(65_537, store.read)
    root = nodes.root()
    assert root == root_of(MANY[:65_537])
    proof = inclusion_proof(65_536, 65_537, nodes.read)
    check_inclusion(leaf=MANY[65_536], index=65_536, size=65_537, proof=proof, root=root)
    with pytest.raises(TileBroken):
        nodes.read(0, 65_537)


def test_a_tree_does_not_resume_from_a_tile_that_is_too_short() -> None:
    store = Store()
    store.grow(0, MANY[:300])
    store.tiles[0, 1] = store.tiles[0, 1][:-32]
    with pytest.raises(TileBroken):
        TileTree(300, store.read)
    with pytest.raises(TileBroken):
        TileTree(300)


@given(st.integers(0, 10**15), st.integers(1, 256))
def test_a_tile_path_is_read_back(index: int, width: int) -> None:
    path = tile_path(0, index, width)
    assert parse_index_path(path.removeprefix("tile/0/")) == (index, width)


def test_only_the_one_right_spelling_of_a_path_is_accepted() -> None:
    assert index_path(1234067) == "x001/x234/067"
    assert tile_path("entries", 5, 7) == "tile/entries/005.p/7"
    for path in (
        "",
        "5",
        "0005",
        "x000/005",
        "x1/000",
        "000/",
        "000.p/0",
        "000.p/256",
        "000.p/01",
        "000.p/",
        "-01",
        "٠٠١",
    ):
        with pytest.raises(TileBroken):
            parse_index_path(path)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_an_entry_bundle_is_read_back(entries: list[bytes]) -> None:
    bundle = write_bundle(entries)
    assert read_bundle(bundle) == entries
    if entries:
        with pytest.raises(TileBroken):
            read_bundle(bundle[:-1])


def test_too_long_an_entry_and_too_many_entries_are_refused() -> None:
    assert read_bundle(write_bundle([b"x" * 65_535])) == [b"x" * 65_535]
    with pytest.raises(TileBroken):
        write_bundle([b"x" * 65_536])
    with pytest.raises(TileBroken):
        read_bundle(write_bundle([b""] * 257))


def test_proofs_outside_the_tree_are_refused() -> None:
    store = Store()
    store.grow(0, MANY[:3])
    read = TileNodes(3, store.read).read
    for index in (-1, 3):
        with pytest.raises(ProofBroken):
            inclusion_proof(index, 3, read)
    for old in (0, 4):
        with pytest.raises(ProofBroken):
            consistency_proof(old, 3, read)
