"""Tables of the ledger: every second with its reason, coverage per unit, totals per day."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.ledger.data import Reason, SpanKind, SpanState


class Span(models.Model):
    """A stretch of study or attendance: what was claimed, what counted, and why not if it did not. Never edited."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=SpanKind.choices())
    unit = models.ForeignKey("catalogue.Unit", models.PROTECT, null=True, related_name="+")
    line = models.ForeignKey("training.PlanLine", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=SpanState.choices())
    reason = models.CharField(max_length=20, choices=Reason.choices(), blank=True)
    from_ms = models.PositiveIntegerField(default=0)  # position in the content
    to_ms = models.PositiveIntegerField(default=0)
    seconds = models.IntegerField()  # credited seconds; a withdrawal is negative
    claimed_seconds = models.PositiveIntegerField()
    began_at = models.DateTimeField()  # server clock
    ended_at = models.DateTimeField()
    day = models.DateField()  # civil day in Asia/Shanghai, of began_at
    source = models.CharField(max_length=60)  # "study:<session id>", "attendance:<id>"
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["enrolment", "day"], name="ledger_span_enrolment_day"),
            models.Index(fields=["enrolment", "line"], condition=Q(line__isnull=False), name="ledger_span_line"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ended_at__gte=F("began_at")), name="ledger_span_times"),
            models.CheckConstraint(
                condition=Q(state=SpanState.CREDITED) | Q(seconds__lte=0), name="ledger_span_refused_is_zero"
            ),
            models.CheckConstraint(
                condition=Q(unit__isnull=False, line__isnull=True) | Q(unit__isnull=True, line__isnull=False),
                name="ledger_span_of_unit_or_line",
            ),
        ]

    @property
    def absolute_seconds(self) -> int:
        return abs(self.seconds)

    @property
    def from_clock(self) -> str:
        """Where in the content it begins, as a player shows it: ``12:34``."""
        return f"{self.from_ms // 60_000:02}:{self.from_ms // 1000 % 60:02}"

    @property
    def to_clock(self) -> str:
        """Where in the content it ends."""
        return f"{self.to_ms // 60_000:02}:{self.to_ms // 1000 % 60:02}"


class Coverage(models.Model):
    """What an enrolment has covered of a unit: a sorted list of disjoint [from_ms, to_ms) and the credited seconds."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    unit = models.ForeignKey("catalogue.Unit", models.PROTECT, related_name="+")
    covered = models.JSONField(default=list)
    seconds = models.PositiveIntegerField(default=0)
    credited_ms = models.PositiveIntegerField(default=0)  # the same exactly; ``seconds`` is its whole seconds
    position_ms = models.PositiveIntegerField(default=0)
    tested_at = models.DateTimeField(null=True)  # self-test passed
    finished_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enrolment", "unit"], name="ledger_coverage_once"),
            models.CheckConstraint(
                condition=Q(credited_ms__gte=F("seconds") * 1000) & Q(credited_ms__lt=F("seconds") * 1000 + 1000),
                name="ledger_coverage_whole_seconds",
            ),
        ]


class PersonClock(models.Model):
    """Up to which moment a person's time is used up: one second of a person counts once, in whatever cohort.

    Every credit locks this row, which also makes the daily cap hold across a person's cohorts.
    """

    person = models.OneToOneField("identity.Person", models.PROTECT, primary_key=True, related_name="+")
    used_until = models.DateTimeField(null=True)


class Day(models.Model):
    """Credited seconds of one enrolment on one civil day: the daily cap and progress read it instead of spans."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    day = models.DateField()
    online_seconds = models.PositiveIntegerField(default=0)
    offline_seconds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["enrolment", "day"], name="ledger_day_once")]
        indexes: ClassVar = [models.Index(fields=["person", "day"], name="ledger_day_person")]
