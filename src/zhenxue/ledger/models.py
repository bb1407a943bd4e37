"""Tables of the ledger: every second with its reason, coverage per unit, totals per day."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.kernel import clock
from zhenxue.ledger.data import (
    COUNTING,
    WAITING_STATES,
    CorrectionKind,
    CorrectionState,
    Reason,
    SpanKind,
    SpanState,
)


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
    source = models.CharField(max_length=60)  # "study:<session id>", "attendance:<id>", "correction:<id>"
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["enrolment", "day"], name="ledger_span_enrolment_day"),
            models.Index(fields=["enrolment", "line"], condition=Q(line__isnull=False), name="ledger_span_line"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ended_at__gte=F("began_at")), name="ledger_span_times"),
            models.CheckConstraint(
                condition=Q(state__in=COUNTING) | Q(seconds__lte=0), name="ledger_span_refused_is_zero"
            ),
            models.CheckConstraint(
                condition=Q(unit__isnull=False, line__isnull=True) | Q(unit__isnull=True, line__isnull=False),
                name="ledger_span_of_unit_or_line",
            ),
        ]

    @property
    def days_late(self) -> int:
        """How many civil days after the stretch it was written down; 0 on the same day."""
        return (clock.civil_day(self.created_at) - clock.civil_day(self.ended_at)).days


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


class CorrectionBatch(models.Model):
    """Make-ups proposed for many learners in one act: what was picked, and who was left out and why. Never edited.

    It decides nothing: each of its corrections is proposed, approved and proven by itself.
    """

    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    unit = models.ForeignKey("catalogue.Unit", models.PROTECT, related_name="+")
    first_day = models.DateField("从哪天")
    last_day = models.DateField("到哪天")
    since = models.TimeField("从几点")  # of each day, in Asia/Shanghai
    until = models.TimeField("到几点", null=True)  # none: to the end of the day
    reason = models.CharField("更正理由", max_length=500)
    left_out = models.JSONField(default=list)  # [{"enrolment": 7, "day": "2026-03-02", "words": "…"}]
    proposed_by = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField("提出时间")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["cohort", "proposed_at"], name="ledger_batch_cohort")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="ledger_batch_days"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="ledger_batch_times"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="ledger_batch_reason"),
        ]

    @property
    def days_words(self) -> str:
        """Which days and hours, as pages show them."""
        days = f"{self.first_day:%Y-%m-%d}"
        if self.last_day != self.first_day:
            days += f" 至 {self.last_day:%Y-%m-%d}"
        if self.until is None and not any((self.since.hour, self.since.minute, self.since.second)):
            return f"{days} 全天"
        return f"{days} {self.since:%H:%M:%S}–{f'{self.until:%H:%M:%S}' if self.until else '24:00:00'}"


class Correction(models.Model):
    """A change of what counts online, asked for with a reason and in force only when a second person approved it.

    It names a stretch of the server's clock on one unit (``began_at`` to ``ended_at``, one civil day), never rows of
    spans: those may be moved to an archive. What it changes is booked as new spans with ``source`` ``correction:<id>``.
    """

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    unit = models.ForeignKey("catalogue.Unit", models.PROTECT, related_name="+")
    batch = models.ForeignKey(CorrectionBatch, models.PROTECT, null=True, related_name="+")
    kind = models.CharField("类别", max_length=8, choices=CorrectionKind.choices())
    state = models.CharField("状态", max_length=9, choices=CorrectionState.choices())
    day = models.DateField("日期")
    began_at = models.DateTimeField("开始")
    ended_at = models.DateTimeField("结束")
    seconds = models.PositiveIntegerField("秒数")  # asked for
    booked_seconds = models.IntegerField("已生效秒数", default=0)  # by the approval; a withdrawal is negative
    why_refused = models.CharField("原不计入原因", max_length=20, choices=Reason.choices(), blank=True)
    request = models.CharField("学员申请理由", max_length=500, blank=True)
    requested_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField("申请时间", null=True)
    reason = models.CharField("更正理由", max_length=500, blank=True)
    proposed_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField("提出时间", null=True)
    decided_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField("复核时间", null=True)
    decision_note = models.CharField("复核意见", max_length=500, blank=True)
    changed_at = models.DateTimeField("最近变化")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "changed_at"], name="ledger_correction_queue"),
            models.Index(fields=["enrolment", "day"], name="ledger_correction_day"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ended_at__gt=F("began_at")), name="ledger_correction_times"),
            models.CheckConstraint(condition=Q(seconds__gt=0), name="ledger_correction_seconds"),
            models.CheckConstraint(
                condition=(Q(state=CorrectionState.APPROVED) & ~Q(booked_seconds=0))
                | (~Q(state=CorrectionState.APPROVED) & Q(booked_seconds=0)),
                name="ledger_correction_booked_when_approved",
            ),
            models.CheckConstraint(
                condition=Q(kind=CorrectionKind.MAKE_UP, booked_seconds__gte=0)
                | Q(kind=CorrectionKind.WITHDRAW, booked_seconds__lte=0),
                name="ledger_correction_sign",
            ),
            models.CheckConstraint(
                condition=~Q(state=CorrectionState.APPROVED) | Q(proposed_by__isnull=False, decided_by__isnull=False),
                name="ledger_correction_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[CorrectionState.APPROVED, CorrectionState.REJECTED])
                | ~Q(decided_by=F("proposed_by")),
                name="ledger_correction_other_than_proposer",
            ),
            models.CheckConstraint(
                condition=~Q(state=CorrectionState.APPROVED) | ~Q(decided_by=F("requested_by")),
                name="ledger_correction_other_than_requester",
            ),
            models.CheckConstraint(
                condition=Q(state__in=WAITING_STATES, decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state__in=WAITING_STATES) & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="ledger_correction_decided",
            ),
            models.CheckConstraint(
                condition=Q(requested_by__isnull=False) & ~Q(request="")
                | Q(requested_by__isnull=True, proposed_by__isnull=False) & ~Q(reason=""),
                name="ledger_correction_has_reason",
            ),
            models.UniqueConstraint(
                fields=["enrolment", "unit", "kind", "began_at"],
                condition=Q(state__in=WAITING_STATES),
                name="ledger_correction_waiting_once",
            ),
        ]

    @property
    def state_tone(self) -> str:
        """The tone of the tag that shows the state."""
        return CorrectionState(self.state).tone

    @property
    def words(self) -> str:
        """The newest reason: of the proposal, else of the request."""
        return self.reason or self.request


class LegalHold(models.Model):
    """An order to keep all records of a cohort, or of one enrolment in it, whatever their age, until it is released.

    While one is in force the database refuses to delete what it covers (migration 0003).
    """

    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, null=True, related_name="+")  # none: all
    reason = models.CharField("理由", max_length=500)
    set_by = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    set_at = models.DateTimeField("设立时间")
    released_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField("解除时间", null=True)
    release_reason = models.CharField("解除理由", max_length=500, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["cohort", "enrolment"], name="ledger_hold_cohort")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(reason=""), name="ledger_hold_reason"),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True, release_reason="")
                | (Q(released_at__isnull=False, released_by__isnull=False) & ~Q(release_reason="")),
                name="ledger_hold_release",
            ),
            models.UniqueConstraint(
                fields=["cohort"],
                condition=Q(released_at__isnull=True, enrolment__isnull=True),
                name="ledger_hold_cohort_once",
            ),
            models.UniqueConstraint(
                fields=["enrolment"],
                condition=Q(released_at__isnull=True, enrolment__isnull=False),
                name="ledger_hold_enrolment_once",
            ),
        ]

    @property
    def in_force(self) -> bool:
        return self.released_at is None
