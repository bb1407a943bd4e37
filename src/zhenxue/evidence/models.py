"""Tables of the log: entries (outbox and log in one), what they are about, tiles of the tree, signed checkpoints."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Entry(models.Model):
    """One thing that happened: written once by ``record``, numbered by the sequencer; erasure takes private values out.

    ``envelope`` is the canonical text that is logged; kind, subject, account and time repeat it as columns to search.
    ``private`` holds the erasable fields: name → {digest, salt, value}; an erased one keeps only its digest.
    """

    number = models.BigIntegerField(null=True, unique=True)  # 1, 2, 3 … without a gap; null until sequenced
    kind = models.CharField(max_length=80)
    account_id = models.BigIntegerField(null=True)  # identity.Account; a plain number, floor 1 does not know accounts
    subject = models.CharField(max_length=80)
    at = models.DateTimeField()  # the ``now`` of the operation
    envelope = models.TextField()
    private = models.TextField()
    salt = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)
    erased_at = models.DateTimeField(null=True)  # when the first private value was taken out

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(number__isnull=True), name="evidence_entry_outbox"),
            models.Index(fields=["kind", "id"], name="evidence_entry_kind"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(number__isnull=True) | Q(number__gte=1), name="evidence_entry_number"),
            models.CheckConstraint(
                condition=~Q(kind="") & ~Q(subject="") & ~Q(envelope=""), name="evidence_entry_filled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} #{self.number}"


class EntryRef(models.Model):
    """An entry is about a thing, e.g. ``enrolment:5``; the subject is one of them."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="refs")
    ref = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["ref", "entry"], name="evidence_ref_once")]

    def __str__(self) -> str:
        return self.ref


class Tile(models.Model):
    """One tile of the tree (C2SP tlog-tiles): 1 to 256 hashes of 32 bytes; it grows at the right edge until full."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField(max_length=8192)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["level", "index"], name="evidence_tile_once")]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.index}"


class Checkpoint(models.Model):
    """A signed tree head; each one extends all before it."""

    size = models.BigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()  # the signed note, exactly as served
    signed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(size__gte=0), name="evidence_checkpoint_size")]

    def __str__(self) -> str:
        return f"checkpoint {self.size}"
