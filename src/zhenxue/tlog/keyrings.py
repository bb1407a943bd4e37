"""The keys of one log over its life: which key may have signed a head of which size.

The origin of a log never changes, its key may. A key is good for heads from the size that first holds its announcement
up to the size that holds its retirement; in between, old and new sign together. Sizes cannot be back-dated, times can.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zhenxue.tlog import checkpoints, notes
from zhenxue.tlog.errors import NoteBroken


class HeldSigner(notes.Signer):
    """A signer whose private key stays with its holder (an HSM, a KMS); ``sign`` gives 64 bytes or raises."""

    def __init__(self, name: str, public: bytes, sign: Callable[[bytes], bytes]) -> None:
        self.verifier = notes.Verifier(name, public)
        self._sign = sign

    def sign_message(self, message: bytes) -> bytes:
        return self._sign(message)


@dataclass(frozen=True, slots=True)
class KeySpan:
    """One key and the sizes it is good for: ``first`` ≤ size < ``end``; ``end`` None: until further notice."""

    verifier: notes.Verifier
    first: int = 0
    end: int | None = None

    def holds(self, size: int) -> bool:
        return self.first <= size and (self.end is None or size < self.end)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The spans of one log, oldest first; all of the same name, which is the log's origin."""

    origin: str
    spans: tuple[KeySpan, ...]

    def __post_init__(self) -> None:
        if not self.spans or any(span.verifier.name != self.origin for span in self.spans):
            raise NoteBroken("the keys of a log bear the name of its origin")

    @classmethod
    def of(cls, *verifiers: notes.Verifier) -> "KeyRing":
        """A ring of keys that are good for every size."""
        if not verifiers:
            raise NoteBroken("a log has a key")
        return cls(verifiers[0].name, tuple(KeySpan(verifier) for verifier in verifiers))

    @property
    def newest(self) -> notes.Verifier:
        return self.spans[-1].verifier

    def at(self, size: int) -> tuple[notes.Verifier, ...]:
        """The keys that sign a head of this size, the older first."""
        return tuple(span.verifier for span in self.spans if span.holds(size))

    def find(self, verifier: notes.Verifier) -> KeySpan | None:
        """The span of a key, if it is one of this log."""
        return next((span for span in self.spans if span.verifier == verifier), None)

    def open(self, note: bytes | str) -> checkpoints.Checkpoint:
        """Reads a signed checkpoint; raises ``NoteBroken`` unless a key that is good for its size signed it."""
        return self.open_by(note)[0]

    def open_by(self, note: bytes | str) -> tuple[checkpoints.Checkpoint, tuple[notes.Verifier, ...]]:
        """The checkpoint and those of the ring's good keys that signed it."""
        signed = checkpoints.parse(notes.split_note(note)[0])
        if signed.origin != self.origin:
            raise NoteBroken(f"the checkpoint is of {signed.origin!r}, not of {self.origin!r}")
        good = self.at(signed.size)
        if not good:
            raise NoteBroken(f"no key of this log is good for the size {signed.size}")
        try:
            return signed, notes.open_note(note, good).signed_by
        except NoteBroken:
            if late := self._known(note, good):
                raise NoteBroken(f"the key {late} signed it, which is not good for the size {signed.size}") from None
            raise

    def _known(self, note: bytes | str, but: Sequence[notes.Verifier]) -> str:
        """The key id of a former or later key of this log that signed the note; empty when none did."""
        for span in self.spans:
            if span.verifier in but:
                continue
            try:
                notes.open_note(note, [span.verifier])
            except NoteBroken:
                continue
            return span.verifier.key_id.hex()
        return ""
