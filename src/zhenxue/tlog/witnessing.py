"""What a log and a witness say to each other (c2sp.org/tlog-witness): the forms, no network and no store."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from zhenxue.tlog import checkpoints, notes
from zhenxue.tlog.errors import NoteBroken, RequestBroken
from zhenxue.tlog.hashing import HASH_BYTES

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"  # content type of the answer 409
MAX_PROOF_LINES = 63
MAX_REQUEST_BYTES = 256 * 1024  # room for a proof and for more signatures than a note may have
MAX_ANSWER_BYTES = 64 * 1024

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request to cosign: the size the witness is thought to know, the proof from there, and the signed checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    @property
    def checkpoint(self) -> checkpoints.Checkpoint:
        """The checkpoint as it reads; its signatures are not checked here."""
        return checkpoints.parse(notes.split_note(self.note)[0])

    def body(self) -> bytes:
        """The request's body."""
        lines = [f"old {self.old}", *(notes.encode(item) for item in self.proof), "", self.note]
        return "\n".join(lines).encode()


def read_request(body: bytes) -> AddCheckpoint:
    """Reads a request's body; raises ``RequestBroken`` for any other form than the one right one.

    The note is well-formed and holds a checkpoint afterwards; who signed it is not checked.
    """
    if len(body) > MAX_REQUEST_BYTES:
        raise RequestBroken("the request is too long")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise RequestBroken("the request is no UTF-8") from error
    head, gap, note = text.partition("\n\n")
    old, *packed = head.split("\n")
    match = _OLD.fullmatch(old)
    if not gap or match is None:
        raise RequestBroken("the request has no old size, or no empty line before the checkpoint")
    if len(packed) > MAX_PROOF_LINES:
        raise RequestBroken(f"a proof of {len(packed)} lines")
    try:
        proof = tuple(notes.decode(line) for line in packed)
        request = AddCheckpoint(int(match[1]), proof, note)
        _ = request.checkpoint
    except NoteBroken as error:
        raise RequestBroken(str(error)) from error
    if any(len(item) != HASH_BYTES for item in proof):
        raise RequestBroken("a proof line is no SHA-256")
    return request


def write_size(size: int) -> bytes:
    """The body of an answer 409."""
    return b"%d\n" % size


def read_size(body: bytes) -> int:
    """The tree size that an answer 409 tells; raises ``RequestBroken``."""
    match = _SIZE.fullmatch(body)
    if match is None:
        raise RequestBroken("the answer tells no tree size")
    return int(match[1])


def read_lines(body: bytes) -> Sequence[str]:
    """The signature lines of an answer 200, newlines kept; raises ``RequestBroken`` unless all are well-formed."""
    if len(body) > MAX_ANSWER_BYTES:
        raise RequestBroken("the answer is too long")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise RequestBroken("the answer is no UTF-8") from error
    if not text.endswith("\n"):
        raise RequestBroken("the answer does not end in a newline")
    if any(character < " " and character != "\n" for character in text):
        raise RequestBroken("the answer holds control characters")
    lines = text[:-1].split("\n")
    if len(lines) > notes.MAX_SIGNATURES:
        raise RequestBroken("the answer has too many signatures")
    try:
        for line in lines:
            notes.split_line(line)
    except NoteBroken as error:
        raise RequestBroken(str(error)) from error
    return [f"{line}\n" for line in lines]
