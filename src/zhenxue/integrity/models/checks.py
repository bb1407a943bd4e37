"""Presence checks and the commands of bureaus."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.integrity.data import CheckCause, CheckKind, CheckState


class Command(models.Model):
    """An officer's order to check one learner, or everybody of a cohort who studies now."""

    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    officer = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, null=True, related_name="+")
    reason = models.CharField("抽查理由", max_length=200)
    given_at = models.DateTimeField("下达时间")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["cohort", "-given_at"], name="integrity_command_cohort")]


class Check(models.Model):
    """One moment in which a learner has to show that it is they who study; at most one is open per context.

    ``context`` names what waits for it: ``study:12`` (a study session), ``exam:7`` (an attempt). ``proof_at`` is the
    last proof before it: when the check is missed, what counted since then is no longer proven.
    """

    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, null=True, related_name="+")
    context = models.CharField(max_length=24)
    unit = models.ForeignKey("catalogue.Unit", models.PROTECT, null=True, related_name="+")  # that was studied
    cause = models.CharField("缘由", max_length=8, choices=CheckCause.choices())
    kind = models.CharField("方式", max_length=8, choices=CheckKind.choices())  # the one that is asked now, or was used
    offered = models.JSONField(default=list)  # kinds that the rules allow here
    state = models.CharField("状态", max_length=9, choices=CheckState.choices(), default=CheckState.OPEN)
    asked_at = models.DateTimeField("提出时间")
    due_at = models.DateTimeField("截止时间")
    proof_at = models.DateTimeField()
    answered_at = models.DateTimeField("完成时间", null=True)
    nonce = models.CharField(max_length=32)
    task = models.JSONField(default=dict)  # turns, question, puzzle, place; queries leave out what nobody may see
    tries = models.PositiveSmallIntegerField(default=0)
    strength = models.PositiveSmallIntegerField(default=0)
    verdict = models.JSONField(default=dict)
    claims = models.JSONField(default=dict)  # what the browser says of its camera: claims, never facts
    device = models.CharField(max_length=64, blank=True)  # fingerprint of the device key; an answer comes from it alone
    ip = models.GenericIPAddressField(null=True)
    command = models.ForeignKey(Command, models.PROTECT, null=True, related_name="checks")
    makes_up = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")  # the missed one
    make_up_by = models.DateField("可补做到", null=True)
    made_up_at = models.DateTimeField("补做时间", null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["context"], condition=Q(state=CheckState.OPEN), name="integrity_one_open_check"
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("asked_at")), name="integrity_check_due"),
            models.CheckConstraint(
                condition=~Q(state=CheckState.PASSED) | Q(answered_at__isnull=False), name="integrity_check_passed"
            ),
            models.UniqueConstraint(
                fields=["makes_up"],
                condition=Q(state__in=[CheckState.OPEN, CheckState.PASSED]),
                name="integrity_made_up_once",
            ),
            models.CheckConstraint(
                condition=Q(made_up_at__isnull=True) | Q(make_up_by__isnull=False), name="integrity_check_made_up"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state=CheckState.OPEN), name="integrity_check_open"),
            models.Index(fields=["enrolment", "-asked_at"], name="integrity_check_enrolment"),
            models.Index(fields=["person", "-asked_at"], name="integrity_check_person"),
            models.Index(fields=["context", "-asked_at"], name="integrity_check_context"),
        ]

    @property
    def tone(self) -> str:
        """The tone of the tag that shows the state."""
        return CheckState(self.state).tone

    @property
    def in_exam(self) -> bool:
        """Whether an attempt waits for it: that moment is over afterwards, so there is nothing to make up."""
        return self.context.startswith("exam:")

    @property
    def took_seconds(self) -> int | None:
        """How long the answer took; None without one."""
        return int((self.answered_at - self.asked_at).total_seconds()) if self.answered_at else None
