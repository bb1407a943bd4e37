"""Tables of the log: entries (outbox and log in one), what they are about, tiles of the tree, signed checkpoints.

And who watches it: witnesses, their cosignatures, trouble with them, and the verifications that were run.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.evidence.data import DossierState, RunState, TroubleKind


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


class Witness(models.Model):
    """Somebody outside who cosigns our checkpoints. Name and key never change; a retired one keeps its row.

    The lower half is the collector's notebook: what this witness is known to know, and when it last answered well.
    """

    name = models.CharField(max_length=120)  # the name in its key
    vkey = models.CharField(max_length=240)  # name+key id+base64(0x04 ‖ key)
    organisation = models.CharField(max_length=120)  # whose witness it is, as pages show it
    url = models.CharField(max_length=300)  # submission prefix; "/add-checkpoint" follows
    is_sandbox = models.BooleanField(default=False)  # run by the platform itself to show how it works
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    known_size = models.BigIntegerField(default=0)  # the size this witness is thought to know
    cosigned_size = models.BigIntegerField(null=True)  # of the largest checkpoint of which we hold its cosignature
    cosigned_at = models.DateTimeField(null=True)  # by the witness's own clock
    answered_at = models.DateTimeField(null=True)  # when it last gave us a good cosignature, by ours
    asked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["vkey"], condition=Q(retired_at__isnull=True), name="evidence_witness_key_once"
            ),
            models.UniqueConstraint(
                fields=["name"], condition=Q(retired_at__isnull=True), name="evidence_witness_name_once"
            ),
            models.CheckConstraint(
                condition=Q(known_size__gte=0) & ~Q(name="") & ~Q(vkey="") & ~Q(url="") & ~Q(organisation=""),
                name="evidence_witness_filled",
            ),
            models.CheckConstraint(
                condition=Q(cosigned_size__isnull=True, cosigned_at__isnull=True, answered_at__isnull=True)
                | Q(cosigned_size__gte=0, cosigned_at__isnull=False, answered_at__isnull=False),
                name="evidence_witness_cosigned",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.retired_at is None


class Cosignature(models.Model):
    """A line that a witness put under a checkpoint, checked before it was stored."""

    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="cosignatures")
    witness = models.ForeignKey(Witness, models.PROTECT, related_name="cosignatures")
    line = models.CharField(max_length=400)  # with its newline, exactly as it is served
    at = models.DateTimeField()  # the time that the witness signed
    received_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["checkpoint", "witness", "at"], name="evidence_cosignature_once"),
        ]

    def __str__(self) -> str:
        return f"{self.witness_id} on {self.checkpoint_id}"


class WitnessTrouble(models.Model):
    """A time in which something was wrong with a witness, or between it and the log; only a good cosignature ends it.

    ``own_note`` is the checkpoint that was sent, ``told`` the answer: what a person needs to judge a disagreement.
    """

    witness = models.ForeignKey(Witness, models.PROTECT, related_name="troubles")
    kind = models.CharField(max_length=20, choices=TroubleKind.choices())
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    words = models.CharField(max_length=500)
    own_note = models.TextField(blank=True)
    told = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["witness", "kind"], condition=Q(until__isnull=True), name="evidence_trouble_open_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=list(TroubleKind)), name="evidence_trouble_kind"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="evidence_trouble_times"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.witness_id} {self.kind}"


class VerificationRun(models.Model):
    """One recomputation of the whole log whose result is kept (``zhenxue verify --record``, or the button)."""

    state = models.CharField(max_length=10, choices=RunState.choices(), default=RunState.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.BigIntegerField(null=True)  # identity.Account as a plain number; null: the command line
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    size = models.BigIntegerField(default=0)  # of the tree that was checked
    root = models.CharField(max_length=64, blank=True)  # hex
    entries = models.BigIntegerField(default=0)
    faults = models.PositiveIntegerField(default=0)
    words = models.TextField(blank=True)  # the first findings, one a line; or why it could not be finished

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=list(RunState)), name="evidence_run_state"),
            models.CheckConstraint(
                condition=Q(state__in=[RunState.WAITING, RunState.RUNNING], ended_at__isnull=True)
                | Q(state__in=[RunState.CLEAN, RunState.BROKEN, RunState.FAILED], ended_at__isnull=False),
                name="evidence_run_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state=RunState.CLEAN) | Q(faults=0), name="evidence_run_clean_without_faults"
            ),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=RunState.WAITING), name="evidence_run_waits_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.size}"


class Dossier(models.Model):
    """A dossier that an account asked for: built by the worker, taken by the same account, removed after some days.

    ``ref`` is what it is about (``cohort:12``). ``work_path`` is the folder of the unfinished parts, ``path`` the
    finished zip, both in the file store.
    """

    ref = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    account_id = models.BigIntegerField()  # identity.Account as a plain number
    with_names = models.BooleanField(default=False)  # private values are in it, as far as they were not erased
    state = models.CharField(max_length=10, choices=DossierState.choices(), default=DossierState.WAITING)
    asked_at = models.DateTimeField()
    moved_at = models.DateTimeField()  # when the state or the progress last changed
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    seal_entry = models.ForeignKey(Entry, models.PROTECT, null=True, related_name="+")
    tree_size = models.BigIntegerField(null=True)
    witnesses = models.CharField(max_length=400, blank=True)  # organisations whose cosignature is in it, for the list
    work_path = models.CharField(max_length=120, blank=True)
    path = models.CharField(max_length=120, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    failure = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["ref", "account_id", "id"], name="evidence_dossier_ref")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=list(DossierState)), name="evidence_dossier_state"),
            models.CheckConstraint(
                condition=~Q(state=DossierState.READY) | (~Q(path="") & ~Q(sha256="") & Q(tree_size__isnull=False)),
                name="evidence_dossier_ready",
            ),
            models.UniqueConstraint(
                fields=["ref", "account_id", "with_names"],
                condition=Q(state__in=[DossierState.WAITING, DossierState.BUILDING, DossierState.SEALED]),
                name="evidence_dossier_once",
            ),
        ]

    def __str__(self) -> str:
        return f"dossier {self.ref}"

    @property
    def is_under_way(self) -> bool:
        return self.state in {DossierState.WAITING, DossierState.BUILDING, DossierState.SEALED}
