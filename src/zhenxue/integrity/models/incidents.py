"""Signals, the incidents they gather in, what is said to them, and rulings."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.integrity.data import IncidentKind, IncidentState, RulingKind, StatementRole


class Incident(models.Model):
    """Signals of one learner (or of a class) in one period, on their way to a person's ruling."""

    kind = models.CharField("类型", max_length=16, choices=IncidentKind.choices())
    state = models.CharField("状态", max_length=9, choices=IncidentState.choices(), default=IncidentState.OPEN)
    person = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, null=True, related_name="+")
    cohort = models.ForeignKey("training.Cohort", models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")  # the provider
    region = models.ForeignKey("identity.Region", models.PROTECT, related_name="+")
    score = models.PositiveIntegerField("分值")
    first_at = models.DateTimeField("最早")
    last_at = models.DateTimeField("最近")
    opened_at = models.DateTimeField("立案时间")
    reply_by = models.DateField("说明期限")
    rule_by = models.DateField("裁定期限")
    appeal_by = models.DateField("申诉期限", null=True)
    closed_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "rule_by"], name="integrity_incident_due"),
            models.Index(fields=["region", "-opened_at"], name="integrity_incident_region"),
            models.Index(fields=["organisation", "-opened_at"], name="integrity_incident_org"),
            models.Index(fields=["person", "-opened_at"], name="integrity_incident_person"),
        ]


class Signal(models.Model):
    """One thing that a rule found strange, with its evidence; by itself it decides nothing."""

    kind = models.CharField(max_length=30)  # of a registered rule
    rule_version = models.PositiveSmallIntegerField()
    weight = models.PositiveSmallIntegerField("权重")
    person = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, null=True, related_name="+")
    context = models.CharField(max_length=24, blank=True)
    facts = models.JSONField(default=dict)
    noted_at = models.DateTimeField("发现时间")
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, related_name="signals")
    once_key = models.CharField(max_length=120, unique=True)  # the same fact is noted once

    class Meta:
        indexes: ClassVar = [models.Index(fields=["person", "-noted_at"], name="integrity_signal_person")]


class Statement(models.Model):
    """What a provider's reviewer explains, or a learner appeals with; pictures lie sealed in the file store."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="statements")
    role = models.CharField(max_length=11, choices=StatementRole.choices())
    text = models.TextField("内容")
    pictures = models.JSONField(default=list)  # paths in the file store
    account = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    made_at = models.DateTimeField("提交时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(role=StatementRole.APPEAL), name="integrity_one_appeal"
            ),
        ]


class Ruling(models.Model):
    """A person's decision about an incident; the second one answers an appeal and is made by somebody else."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="rulings")
    number = models.PositiveSmallIntegerField()  # 1, or 2 after an appeal
    kind = models.CharField("裁定", max_length=10, choices=RulingKind.choices())
    reason = models.TextField("理由")
    since = models.DateTimeField(null=True)  # what is withdrawn
    until = models.DateTimeField(null=True)
    account = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    made_at = models.DateTimeField("裁定时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "number"], name="integrity_ruling_number"),
            models.CheckConstraint(condition=Q(number__in=[1, 2]), name="integrity_ruling_twice_at_most"),
            models.CheckConstraint(
                condition=~Q(kind=RulingKind.WITHDRAW) | Q(since__isnull=False, until__gt=models.F("since")),
                name="integrity_ruling_stretch",
            ),
        ]
