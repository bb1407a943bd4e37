"""How the log stands with those who watch it: the newest cosigned head, and what is served as the checkpoint."""

import datetime as dt

from django.db.models import Exists, Max, OuterRef

from zhenxue.evidence.data import CosignedHead, WitnessMark
from zhenxue.evidence.models import Checkpoint, Cosignature, Witness
from zhenxue.evidence.queries.log import log_verifier
from zhenxue.tlog import checkpoints
from zhenxue.tlog.cosignatures import WitnessKey, add_lines, check_line
from zhenxue.tlog.errors import NoteBroken

#: How long the served checkpoint waits for a witness; then an uncosigned one is better than an old one.
GRACE = dt.timedelta(seconds=60)


def cosigned_head(now: dt.datetime) -> CosignedHead | None:
    """The newest checkpoint that an active witness cosigned, every signature checked; None while there is none.

    A cosignature from the future (by more than the grace) does not count, nor does one of a witness retired since.
    Raises ``tlog.errors.NoteBroken`` if the stored checkpoint is not signed by this log.
    """
    size = witnessed_size()
    if size is None:
        return None
    cosigned = Cosignature.objects.filter(checkpoint=OuterRef("pk"), witness__retired_at__isnull=True)
    newest = Checkpoint.objects.filter(Exists(cosigned), size__lte=size).order_by("-size").first()
    return None if newest is None else _with_marks(newest, now)


def witnessed_size() -> int | None:
    """The size of the newest cosigned head as the collector noted it: one small query, checks nothing."""
    found: int | None = Witness.objects.filter(retired_at__isnull=True).aggregate(size=Max("cosigned_size"))["size"]
    return found


def served_note(now: dt.datetime) -> str | None:
    """The checkpoint to show to strangers: the newest one with its cosignatures; None before the first.

    Monitors and clients want a head with cosignatures, so the newest of all is held back until a witness has cosigned
    it, but for no longer than the grace: a silent witness must not freeze the log. Both the newest cosigned head and
    the newest head older than the grace only ever grow, so what is served never goes back.
    """
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None or not Witness.objects.filter(retired_at__isnull=True).exists():
        return newest.note if newest else None
    cosigned = cosigned_head(now)
    least = cosigned.size if cosigned else 0
    late = Checkpoint.objects.filter(size__gt=least, signed_at__lte=now - GRACE).order_by("-size").first()
    if late is not None:
        return late.note
    return cosigned.note if cosigned else newest.note


def _with_marks(row: Checkpoint, now: dt.datetime) -> CosignedHead | None:
    verifier = log_verifier()
    signed = checkpoints.open_signed(row.note, origin=verifier.name, log=verifier)
    text = signed.text()
    lines: dict[int, tuple[str, WitnessMark]] = {}
    for cosignature in (
        Cosignature.objects.filter(checkpoint=row, witness__retired_at__isnull=True)
        .select_related("witness")
        .order_by("at")
    ):
        witness = cosignature.witness
        try:
            at = dt.datetime.fromtimestamp(
                check_line(text, cosignature.line, WitnessKey.from_text(witness.vkey)), dt.UTC
            )
        except (NoteBroken, ValueError, OverflowError, OSError):
            continue
        if at <= now + GRACE:
            mark = WitnessMark(witness.name, witness.organisation, at, witness.is_sandbox)
            lines[witness.pk] = (cosignature.line, mark)
    if not lines:
        return None
    return CosignedHead(
        size=signed.size,
        root=signed.root,
        note=add_lines(row.note, (line for line, _ in lines.values())),
        signed_at=row.signed_at,
        witnesses=tuple(mark for _, mark in lines.values()),
    )
