"""Checkpoints (c2sp.org/tlog-checkpoint): the head of a log as a signed note."""

import base64
import binascii
import re
from dataclasses import dataclass

from zhenxue.tlog import notes
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.hashing import HASH_BYTES

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Origin line, number of leaves and root of a log; extension lines are kept but mean nothing here."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note text: three lines and the extensions, each ended by a newline."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> Checkpoint:
    """Reads a note text; raises ``NoteBroken`` unless it is well-formed. Checks no signature."""
    if not text.endswith("\n"):
        raise NoteBroken("the checkpoint does not end in a newline")
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise NoteBroken("the checkpoint lacks a line")
    origin, size, packed, *extensions = lines
    if not _SIZE.fullmatch(size):
        raise NoteBroken(f"{size!r} is no tree size")
    try:
        root = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteBroken("the root hash is no base64") from error
    if len(root) != HASH_BYTES or base64.b64encode(root).decode() != packed:
        raise NoteBroken("the root hash is no SHA-256")
    return Checkpoint(origin, int(size), root, tuple(extensions))


def sign(checkpoint: Checkpoint, *signers: notes.Signer) -> str:
    """The checkpoint as a signed note."""
    return notes.sign(checkpoint.text(), *signers)


def open_signed(note: bytes | str, *, origin: str, log: notes.Verifier) -> Checkpoint:
    """Reads a signed checkpoint; raises ``NoteBroken`` unless this log's key signed it for this origin."""
    checkpoint = parse(notes.open_note(note, [log]).text)
    if checkpoint.origin != origin:
        raise NoteBroken(f"the checkpoint is of {checkpoint.origin!r}, not of {origin!r}")
    return checkpoint
