"""Inclusion and consistency proofs: making them from stored nodes, checking them from nothing but themselves.

Making follows RFC 6962 sections 2.1.1 and 2.1.2, checking RFC 9162 sections 2.1.3.2 and 2.1.4.2. A node is named by
(level, index): the root of the perfect subtree over leaves ``index * 2**level`` up to ``(index + 1) * 2**level``.
"""

from collections.abc import Callable, Sequence

from zhenxue.tlog.errors import ProofBroken
from zhenxue.tlog.hashing import HASH_BYTES, largest_power_below, node_hash

type ReadNode = Callable[[int, int], bytes]
type Span = tuple[int, int]  # leaves from start up to, not including, end


def inclusion_proof(index: int, size: int, read: ReadNode) -> list[bytes]:
    """The audit path of leaf ``index`` (from 0) in the tree of ``size`` leaves, leaf side first."""
    if not 0 <= index < size:
        raise ProofBroken(f"there is no leaf {index} in a tree of {size}")
    return [span_root(span, read) for span in _inclusion_spans(index, size)]


def consistency_proof(old: int, new: int, read: ReadNode) -> list[bytes]:
    """The proof that the tree of ``new`` leaves extends the one of ``old``; 1 ≤ old ≤ new."""
    if not 1 <= old <= new:
        raise ProofBroken(f"no consistency proof leads from {old} to {new}")
    return [span_root(span, read) for span in _consistency_spans(old, new)]


def span_root(span: Span, read: ReadNode) -> bytes:
    """The Merkle tree hash of a span that occurs in a tree: its start is a multiple of every perfect subtree in it."""
    start, end = span
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return read(level, start >> level)
    middle = start + largest_power_below(count)
    return node_hash(span_root((start, middle), read), span_root((middle, end), read))


def check_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raises ``ProofBroken`` unless the leaf hash stands at ``index`` in the tree of this size and root."""
    _check_hashes([leaf, root, *proof])
    if not 0 <= index < size:
        raise ProofBroken(f"there is no leaf {index} in a tree of {size}")
    node, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofBroken("the inclusion proof is too long")
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise ProofBroken("the inclusion proof is too short")
    if result != root:
        raise ProofBroken("the inclusion proof leads to another root")


def check_consistency(*, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raises ``ProofBroken`` unless the new tree extends the old one.

    An empty old tree (``old == 0``) is always an error: everything extends it, so such a proof would prove nothing.
    """
    if not 1 <= old <= new:
        raise ProofBroken(f"no consistency proof leads from {old} to {new}")
    if old == new:
        if proof:
            raise ProofBroken("trees of one size need no proof")
        if old_root != new_root:
            raise ProofBroken("two trees of one size have different roots")
        return
    _check_hashes([old_root, new_root, *proof])
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofBroken("the consistency proof is too short")
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old_result = new_result = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofBroken("the consistency proof is too long")
        if node & 1 or node == last:
            old_result = node_hash(sibling, old_result)
            new_result = node_hash(sibling, new_result)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new_result = node_hash(new_result, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise ProofBroken("the consistency proof is too short")
    if old_result != old_root:
        raise ProofBroken("the consistency proof leads to another old root")
    if new_result != new_root:
        raise ProofBroken("the consistency proof leads to another new root")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(item) != HASH_BYTES for item in hashes):
        raise ProofBroken("a hash is not 32 bytes long")


def _inclusion_spans(index: int, size: int) -> list[Span]:
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + largest_power_below(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def _consistency_spans(old: int, new: int) -> list[Span]:
    spans: list[Span] = []
    start, end = 0, new
    whole = True  # the old tree is still a subtree whose root the verifier holds
    while old != end:
        middle = start + largest_power_below(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
            whole = False
    if not whole:
        spans.append((start, end))
    return spans[::-1]
