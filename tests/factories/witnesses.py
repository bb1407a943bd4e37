"""Witnesses without a network: keys, rows, and cosignatures made by hand."""

import datetime as dt

from tests.factories.evidence import NOW
from zhenxue.evidence.models import Checkpoint, Cosignature, Witness
from zhenxue.tlog import notes
from zhenxue.tlog.cosignatures import WitnessKey, cosign


def witness_signer(name: str = "witness.example/city", seed: bytes = b"w" * 32) -> notes.Signer:
    """The private half of a witness."""
    return notes.Signer(name, seed)


def make_witness(
    signer: notes.Signer | None = None, *, url: str = "http://127.0.0.1:9", organisation: str = "市人社局"
) -> Witness:
    """A witness that has cosigned nothing yet."""
    signer = signer or witness_signer()
    return Witness.objects.create(
        name=signer.verifier.name, vkey=str(WitnessKey.of(signer)), organisation=organisation, url=url, added_at=NOW
    )


def make_cosignature(
    witness: Witness, signer: notes.Signer, *, size: int | None = None, at: dt.datetime = NOW
) -> Cosignature:
    """What the collector stores after a good answer, for the newest checkpoint or the one of ``size``."""
    rows = Checkpoint.objects.order_by("-size")
    row = rows.filter(size=size).get() if size is not None else rows[0]
    text = notes.split_note(row.note)[0]
    made = Cosignature.objects.create(
        checkpoint=row, witness=witness, line=cosign(text, signer, int(at.timestamp())), at=at, received_at=at
    )
    Witness.objects.filter(pk=witness.pk).update(
        known_size=row.size, cosigned_size=row.size, cosigned_at=at, answered_at=at
    )
    return made
