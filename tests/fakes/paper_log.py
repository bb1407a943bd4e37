"""A log on paper: leaves in a list, heads signed on request, and it lies on request."""

from collections.abc import Sequence

from zhenxue.tlog import checkpoints, notes
from zhenxue.tlog.checkpoints import Checkpoint
from zhenxue.tlog.hashing import leaf_hash, node_hash, root_of
from zhenxue.tlog.proofs import consistency_proof
from zhenxue.tlog.witnessing import AddCheckpoint

ORIGIN = "log.example/paper"
SEED = bytes(range(32))


class PaperLog:
    """``word`` is what its leaves say: two logs of one key with different words are one log that lies."""

    def __init__(self, word: str = "true", *, origin: str = ORIGIN, seed: bytes = SEED, common: int = 0) -> None:
        self.signer = notes.Signer(origin, seed)
        self.word = word
        self.common = common  # so many leaves are the honest ones

    def leaves(self, size: int) -> list[bytes]:
        return [leaf_hash(f"{'true' if at < self.common else self.word} {at}".encode()) for at in range(size)]

    def head(self, size: int) -> Checkpoint:
        return Checkpoint(self.signer.verifier.name, size, root_of(self.leaves(size)))

    def note(self, size: int) -> str:
        return checkpoints.sign(self.head(size), self.signer)

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        leaves = self.leaves(size)

        def read(level: int, index: int) -> bytes:
            return _perfect(leaves[index << level : (index + 1) << level])

        return tuple(consistency_proof(old, size, read)) if 0 < old <= size else ()

    def request(self, old: int, size: int, *, proof: Sequence[bytes] | None = None) -> bytes:
        """The body of a request to cosign the head of ``size``."""
        return AddCheckpoint(old, tuple(self.proof(old, size) if proof is None else proof), self.note(size)).body()


def _perfect(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    middle = len(leaves) // 2
    return node_hash(_perfect(leaves[:middle]), _perfect(leaves[middle:]))
