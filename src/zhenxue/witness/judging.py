"""What a witness says to a request, and why: pure, the order of the checks is that of c2sp.org/tlog-witness v1.1."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from zhenxue.tlog import checkpoints, notes
from zhenxue.tlog.errors import NoteBroken, ProofBroken, RequestBroken
from zhenxue.tlog.hashing import EMPTY_ROOT
from zhenxue.tlog.proofs import check_consistency
from zhenxue.tlog.witnessing import SIZE_TYPE, AddCheckpoint, read_request, write_size

LARGEST = 2**63 - 1
TEXT_TYPE = "text/plain; charset=utf-8"


class Reason(enum.StrEnum):
    """Why a checkpoint that the log signed was refused; kept with both checkpoints."""

    FORKED = "forked"  # one size, two roots, both signed by the log: proof that it showed two histories
    INCONSISTENT = "inconsistent"  # no proof that it extends what was cosigned; also whoever sends a bad proof
    SMALLER = "smaller"  # less than what was cosigned: a log that was rolled back; also whoever sends an old one

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Reason.FORKED: "分叉：同一大小签了两个不同的树根",
    Reason.INCONSISTENT: "不是已见证内容的延续",
    Reason.SMALLER: "比已见证的小（回退，或有人重发旧检查点）",
}


@dataclass(frozen=True, slots=True)
class Known:
    """The head that this witness cosigned last for a log."""

    size: int
    root: bytes


NOTHING = Known(0, EMPTY_ROOT)


@dataclass(frozen=True, slots=True)
class Submission:
    """A request whose checkpoint a trusted key signed; ``note`` holds its text and the checked log signatures alone."""

    request: AddCheckpoint
    checkpoint: checkpoints.Checkpoint
    note: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; ``reason`` is set when a checkpoint signed by the log was refused for what it says."""

    status: int
    body: bytes
    content_type: str = TEXT_TYPE
    reason: Reason | None = None


class Refused(Exception):
    """The request goes no further; holds the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def say(status: int, words: str, reason: Reason | None = None) -> Answer:
    """An answer in words."""
    return Answer(status, f"{words}\n".encode(), reason=reason)


def read(body: bytes) -> AddCheckpoint:
    """The request; raises ``Refused`` (400) for any other form."""
    try:
        return read_request(body)
    except RequestBroken as error:
        raise Refused(say(400, f"bad request: {error}")) from error


def authenticate(request: AddCheckpoint, trusted: Sequence[notes.Verifier]) -> Submission:
    """Checks who signed; ``trusted`` are the keys of the checkpoint's origin, none if it is unknown.

    Raises ``Refused``: 404 for an unknown origin, 403 when no trusted key signed or a trusted key's signature fails,
    400 when the old size is larger than the checkpoint.
    """
    checkpoint = request.checkpoint
    if not trusted:
        raise Refused(say(404, "unknown log origin"))
    try:
        opened = notes.open_note(request.note, trusted)
    except NoteBroken as error:
        raise Refused(say(403, "no trusted key signed this checkpoint")) from error
    if checkpoint.size > LARGEST:
        raise Refused(say(400, "bad request: the tree is larger than a tree can be"))
    if request.old > checkpoint.size:
        raise Refused(say(400, "bad request: the old size is larger than the checkpoint"))
    keys = {(verifier.name, verifier.key_id) for verifier in opened.signed_by}
    lines = {
        notes.signature_line(name, key_id + signature)
        for name, key_id, signature in notes.split_note(request.note)[1]
        if (name, key_id) in keys
    }
    return Submission(request, checkpoint, f"{opened.text}\n{''.join(sorted(lines))}")


def judge(submission: Submission, known: Known) -> Answer | None:
    """None when the checkpoint may be cosigned, else the refusal: 409 with the known size, or 422."""
    request, shown = submission.request, submission.checkpoint
    forked = shown.size == known.size and shown.root != known.root
    if request.old != known.size:
        reason = Reason.FORKED if forked else Reason.SMALLER if shown.size < known.size else None
        return Answer(409, write_size(known.size), SIZE_TYPE, reason)
    if forked:
        # A size of 0 has one root only; another one is a mistake of form and proves nothing.
        return say(422, "another root is known for this size", Reason.FORKED if known.size else Reason.INCONSISTENT)
    try:
        _check_extends(submission, known)
    except ProofBroken as error:
        return say(422, f"the checkpoint does not extend the one of size {known.size}: {error}", Reason.INCONSISTENT)
    return None


def _check_extends(submission: Submission, known: Known) -> None:
    proof, shown = submission.request.proof, submission.checkpoint
    if known.size == 0:
        if proof:
            raise ProofBroken("a proof from the empty tree must be empty")
        if shown.size == 0 and shown.root != EMPTY_ROOT:
            raise ProofBroken("the empty tree has another root")
        return
    check_consistency(old=known.size, new=shown.size, old_root=known.root, new_root=shown.root, proof=proof)
