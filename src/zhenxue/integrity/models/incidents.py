"""Signals, the incidents they gather in, what is said to them, and rulings."""

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.integrity.data import WAITING_INCIDENTS, IncidentKind, IncidentState, RulingKind, StatementRole
from zhenxue.kernel import clock


class Incident(models.Model):
    """Signals of one learner (or of a class) in one period, on their way to a person's ruling.

    Of a class (``person`` is none) it is a heap that a person takes apart: nobody loses anything by it.
    """

    kind = models.CharField("类型", max_length=16, choices=IncidentKind.choices())
    state = models.CharField("状态", max_length=9, choices=IncidentState.choices(), default=IncidentState.OPEN)
    person = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, null=True, related_name="+")
    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")  # the provider
    region = models.ForeignKey("identity.Region", models.PROTECT, related_name="+")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")  # the class's it came from
    score = models.PositiveIntegerField("分值")
    signal_count = models.PositiveIntegerField("线索数")
    first_at = models.DateTimeField("最早")
    last_at = models.DateTimeField("最近")
    opened_at = models.DateTimeField("立案时间")
    reply_by = models.DateField("说明期限")
    rule_by = models.DateField("裁定期限")
    appeal_by = models.DateField("申诉期限", null=True)
    decide_by = models.DateField("复核期限", null=True)
    closed_at = models.DateTimeField("办结时间", null=True)
    reminded_on = models.DateField(null=True)  # the last day on which somebody was reminded of its deadline

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "rule_by"], name="integrity_incident_due"),
            models.Index(fields=["region", "-opened_at"], name="integrity_incident_region"),
            models.Index(fields=["organisation", "-opened_at"], name="integrity_incident_org"),
            models.Index(fields=["person", "-opened_at"], name="integrity_incident_person"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(last_at__gte=F("first_at")), name="integrity_incident_period"),
            models.CheckConstraint(
                condition=Q(person__isnull=True, enrolment__isnull=True)
                | Q(person__isnull=False, enrolment__isnull=False),
                name="integrity_incident_learner",
            ),
            models.CheckConstraint(
                condition=Q(state=IncidentState.CLOSED, closed_at__isnull=False)
                | ~Q(state=IncidentState.CLOSED) & Q(closed_at__isnull=True),
                name="integrity_incident_closed",
            ),
            models.CheckConstraint(
                condition=~Q(state=IncidentState.APPEALED) | Q(decide_by__isnull=False),
                name="integrity_incident_appealed",
            ),
        ]

    @property
    def state_tone(self) -> str:
        """The tone of the tag that shows the state."""
        return IncidentState(self.state).tone

    @property
    def period(self) -> tuple[dt.datetime, dt.datetime]:
        """The civil days that its signals fall on, whole: nothing outside of them may be withdrawn."""
        first, last = clock.civil_day(self.first_at), clock.civil_day(self.last_at)
        return clock.start_of_day(first), clock.start_of_day(last + dt.timedelta(days=1))

    @property
    def due(self) -> dt.date | None:
        """The day by which staff has to act next; none when nothing is awaited from staff."""
        if self.state == IncidentState.OPEN:
            return self.reply_by
        if self.state in WAITING_INCIDENTS:
            return self.rule_by
        return self.decide_by if self.state == IncidentState.APPEALED else None

    def is_overdue(self, today: dt.date) -> bool:
        """Whether somebody is late with it."""
        return self.due is not None and self.due < today


class Signal(models.Model):
    """One thing that a rule found strange, with its evidence; by itself it decides nothing."""

    kind = models.CharField(max_length=30)  # of a registered rule
    rule_version = models.PositiveSmallIntegerField()
    weight = models.PositiveSmallIntegerField("权重")
    person = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, null=True, related_name="+")
    context = models.CharField(max_length=24, blank=True)
    facts = models.JSONField(default=dict)
    happened_at = models.DateTimeField("发生时间")
    noted_at = models.DateTimeField("发现时间")
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, related_name="signals")
    once_key = models.CharField(max_length=120, unique=True)  # the same fact is noted once

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "-noted_at"], name="integrity_signal_person"),
            models.Index(fields=["enrolment", "-happened_at"], name="integrity_signal_enrolment"),
        ]
        constraints: ClassVar = [models.CheckConstraint(condition=Q(weight__lte=100), name="integrity_signal_weight")]


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
            models.CheckConstraint(condition=~Q(text=""), name="integrity_statement_text"),
        ]


class Ruling(models.Model):
    """A person's decision about an incident; the second one answers an appeal and is made by somebody else.

    ``first_by`` repeats, on the second, who made the first, so that the database itself refuses the same account.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="rulings")
    number = models.PositiveSmallIntegerField()  # 1, or 2 after an appeal
    kind = models.CharField("裁定", max_length=10, choices=RulingKind.choices())
    reason = models.TextField("理由")
    since = models.DateTimeField(null=True)  # what is withdrawn
    until = models.DateTimeField(null=True)
    context = models.CharField(max_length=24, blank=True)  # the attempt that is void: exam:7
    account = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    first_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    made_at = models.DateTimeField("裁定时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "number"], name="integrity_ruling_number"),
            models.CheckConstraint(
                condition=Q(number=1, first_by__isnull=True)
                | Q(number=2, first_by__isnull=False) & ~Q(account=F("first_by")),
                name="integrity_ruling_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(kind=RulingKind.WITHDRAW) | Q(since__isnull=False, until__gt=F("since")),
                name="integrity_ruling_stretch",
            ),
            models.CheckConstraint(
                condition=~Q(kind=RulingKind.VOID_EXAM) | ~Q(context=""), name="integrity_ruling_attempt"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="integrity_ruling_reason"),
        ]


class ScanMark(models.Model):
    """How far a source of facts has been looked through: rules run once over what is closed or has changed since."""

    source = models.CharField(max_length=40, unique=True)
    until = models.DateTimeField()
