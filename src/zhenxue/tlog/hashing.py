"""The hashes of RFC 6962 section 2.1 (the same in RFC 9162 section 2.1.1), with SHA-256."""

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a log entry: SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each entry; one tight loop, because a whole log passes through it."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def perfect_root(nodes: Sequence[bytes]) -> bytes:
    """The root over 2^k nodes; a tight loop for the same reason."""
    if not nodes or len(nodes) & (len(nodes) - 1):
        raise ValueError(f"{len(nodes)} nodes are no perfect subtree")
    sha256 = hashlib.sha256
    while len(nodes) > 1:
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(nodes[::2], nodes[1::2], strict=True)]
    return nodes[0]


def largest_power_below(count: int) -> int:
    """The largest power of two smaller than ``count`` (``k`` in RFC 6962 section 2.1); ``count`` ≥ 2."""
    return 1 << ((count - 1).bit_length() - 1)


class CompactRange:
    """The roots of the perfect subtrees of a tree of ``size`` leaves, left to right: all that appending needs.

    Appending costs one hash on average and the root at most 63, whatever the size.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Resume at ``size`` with its peaks: one hash per 1 bit of ``size``, largest subtree first."""
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(peaks)}")
        self.size = size
        self.peaks = list(peaks)

    def append(self, node: bytes, height: int = 0) -> None:
        """Adds one leaf hash, or the root over 2^height leaves where the size is a multiple of as many."""
        size, rest = divmod(self.size, 1 << height)
        if rest:
            raise ValueError(f"no subtree of {1 << height} leaves begins at {self.size}")
        while size & 1:
            node = node_hash(self.peaks.pop(), node)
            size >>= 1
        self.peaks.append(node)
        self.size += 1 << height

    def root(self) -> bytes:
        """The Merkle tree hash of everything appended."""
        if not self.peaks:
            return EMPTY_ROOT
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = node_hash(peak, node)
        return node


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of a list of leaf hashes."""
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()
