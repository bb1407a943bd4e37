"""The log as it is served: head, tiles, entry bundles (C2SP tlog-tiles), and the keys that go with it."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from zhenxue.evidence.models import Checkpoint, Entry, Tile
from zhenxue.kernel.errors import NotFound
from zhenxue.tlog import checkpoints
from zhenxue.tlog.hashing import HASH_BYTES
from zhenxue.tlog.notes import Signer, Verifier
from zhenxue.tlog.tiles import TILE_WIDTH, write_bundle


@dataclass(frozen=True, slots=True)
class Head:
    """The last signed checkpoint, read from the signed text itself."""

    size: int
    root: bytes
    note: str
    signed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class LogState:
    """Figures for a health page."""

    origin: str
    key: str
    size: int
    waiting: int
    signed_at: dt.datetime | None


def log_signer() -> Signer:
    """The private key of this log under its origin's name (settings ``LOG_KEY``, ``LOG_ORIGIN``)."""
    try:
        return Signer(settings.LOG_ORIGIN, bytes.fromhex(settings.LOG_KEY))
    except ValueError as error:
        raise ImproperlyConfigured(
            "ZHENXUE_LOG_KEY must be an Ed25519 seed of 64 hex digits, ZHENXUE_LOG_ORIGIN a name without blanks or +"
        ) from error


def log_verifier() -> Verifier:
    """The public key of this log; its text form is what a witness or a checker is given."""
    return log_signer().verifier


def find_head() -> Head | None:
    """The newest checkpoint, or None before the first. Raises ``tlog.errors.NoteBroken`` if its signature fails."""
    row = Checkpoint.objects.order_by("-size").first()
    if row is None:
        return None
    verifier = log_verifier()
    signed = checkpoints.open_signed(row.note, origin=verifier.name, log=verifier)
    return Head(signed.size, signed.root, row.note, row.signed_at)


def get_checkpoint_note() -> str:
    """The newest signed checkpoint as text; raises ``NotFound`` before the first."""
    row = Checkpoint.objects.order_by("-size").values_list("note", flat=True).first()
    if row is None:
        raise NotFound("evidence.no_checkpoint", "存证链还没有签发检查点，请稍后再试。")
    return row


def get_tile(*, level: int, index: int, width: int) -> bytes:
    """The first ``width`` hashes of a tile; raises ``NotFound`` when the tree does not hold so many yet."""
    tile = read_stored_tile(level, index)[: width * HASH_BYTES]
    if len(tile) != width * HASH_BYTES:
        raise _no_tile()
    return tile


def get_bundle(*, index: int, width: int) -> bytes:
    """The first ``width`` entries of a bundle; raises ``NotFound`` when the log does not hold so many yet."""
    first = index * TILE_WIDTH + 1
    rows = Entry.objects.filter(number__gte=first, number__lt=first + width).order_by("number")
    digests = [bytes(digest) for digest in rows.values_list("digest", flat=True)]
    if len(digests) != width:
        raise _no_tile()
    return write_bundle(digests)


def read_stored_tile(level: int, index: int) -> bytes:
    """Whatever is stored of a tile; empty when nothing is."""
    return bytes(Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first() or b"")


def describe_log() -> LogState:
    """Size, key, what waits and when the last checkpoint was signed, as stored; checks nothing."""
    head = Checkpoint.objects.order_by("-size").only("size", "signed_at").first()
    verifier = log_verifier()
    return LogState(
        origin=verifier.name,
        key=str(verifier),
        size=head.size if head else 0,
        waiting=Entry.objects.filter(number__isnull=True).count(),
        signed_at=head.signed_at if head else None,
    )


def has_waiting() -> bool:
    """Whether a committed entry waits for its number, or the first checkpoint was never signed."""
    return Entry.objects.filter(number__isnull=True).exists() or not Checkpoint.objects.exists()


def _no_tile() -> NotFound:
    return NotFound("evidence.no_tile", "存证链中没有这个数据块。")
