"""One proof for many leaves: against single proofs and a naive tree, and everything that must break it."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.tlog.errors import ProofBroken, TileBroken
from zhenxue.tlog.hashing import leaf_hash, root_of
from zhenxue.tlog.multiproofs import OrderedNodes, check_multiproof, multiproof
from zhenxue.tlog.proofs import inclusion_proof
from zhenxue.tlog.tiles import TileNodes, TileTree


def grow(size: int) -> tuple[list[bytes], dict[tuple[int, int], bytes]]:
    leaves = [leaf_hash(str(number).encode()) for number in range(size)]
    tree = TileTree()
    for leaf in leaves:
        tree.append(leaf)
    return leaves, tree.take_changes()


LEAVES, TILES = grow(70_000)


def fetch(level: int, indices: Sequence[int]) -> Mapping[int, bytes]:
    return {index: TILES[level, index] for index in indices if (level, index) in TILES}


def prove(indices: list[int], size: int) -> list[bytes]:
    return multiproof(indices, size, OrderedNodes(size, indices, fetch).read)


@given(st.integers(1, 1_200), st.data())
def test_many_leaves_are_proven_by_every_needed_node_once(size: int, data: st.DataObject) -> None:
    indices = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=40)))
    proof, root = prove(indices, size), root_of(LEAVES[:size])
    leaves = [(index, LEAVES[index]) for index in indices]
    check_multiproof(leaves=leaves, size=size, proof=proof, root=root)
    singles = [inclusion_proof(index, size, TileNodes(size, lambda *at: TILES[at]).read) for index in indices]
    assert len(proof) <= sum(map(len, singles))
    if len(indices) == 1:
        assert sorted(proof) == sorted(singles[0])
    wrong = data.draw(st.sampled_from(range(len(leaves))))
    forged = [(index, bytes(32) if at == wrong else leaf) for at, (index, leaf) in enumerate(leaves)]
    broken = [
        (forged, proof, root),
        (leaves, [*proof, bytes(32)], root),
        (leaves, proof, bytes(32)),
        *([(leaves, proof[:-1], root), (leaves, [*proof[:-1], b"short"], root)] if proof else []),
        *([(leaves[1:], proof, root)] if len(leaves) > 1 else []),
    ]
    for some, path, head in broken:
        with pytest.raises(ProofBroken):
            check_multiproof(leaves=some, size=size, proof=path, root=head)


def test_a_large_tree_is_read_in_order_with_few_fetches() -> None:
    asked: list[tuple[int, int]] = []

    def counted(level: int, indices: Sequence[int]) -> Mapping[int, bytes]:
        asked.append((level, len(indices)))
        return fetch(level, indices)

    size = 70_000
    indices = list(range(3, size, 100))
    proof = multiproof(indices, size, OrderedNodes(size, indices, counted).read)
    check_multiproof(leaves=[(at, LEAVES[at]) for at in indices], size=size, proof=proof, root=root_of(LEAVES[:size]))
    assert len(asked) <= 6
    assert max(count for _, count in asked) <= 257


def test_leaves_that_cannot_be_proven_are_refused() -> None:
    for indices, size in (([], 5), ([-1], 5), ([5], 5), ([1, 1], 5), ([2, 1], 5), ([0], 0)):
        with pytest.raises(ProofBroken):
            prove(indices, size)
        with pytest.raises(ProofBroken):
            check_multiproof(leaves=[(at, bytes(32)) for at in indices], size=size, proof=[], root=bytes(32))


def test_a_tile_that_is_missing_or_short_breaks_the_reading() -> None:
    for stored in ({}, {0: b""}, {0: bytes(32)}):
        nodes = OrderedNodes(300, [0], lambda level, indices, stored=stored: stored)
        with pytest.raises(TileBroken):
            nodes.read(0, 0)
    with pytest.raises(TileBroken):
        OrderedNodes(300, [0], fetch).read(0, 300)
