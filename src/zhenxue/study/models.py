"""Tables of ``study``: sessions, raw beats and their archives, self-test attempts.

Moments of the hot path are whole milliseconds since 1970 by the server's clock (``…_ms`` with ``BigIntegerField``): the
ingest writes them without Django, on both databases alike.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.ledger.data import Reason
from zhenxue.study.data import ArchiveState, EndReason, Event, SessionState


class StudySession(models.Model):
    """One person studying one unit on one page of one device; at most one is open per person, and per device.

    The upper half is fixed at opening (so that a beat needs this row only), the lower half is what each beat moves.
    """

    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    unit = models.ForeignKey("catalogue.Unit", models.PROTECT, related_name="+")
    account = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    sign_in = models.ForeignKey("identity.LoginSession", models.PROTECT, null=True, related_name="+")
    sign_in_digest = models.CharField(max_length=64)  # SHA-256 of the sign-in cookie: beats must come with the same one
    tab = models.CharField(max_length=40, blank=True)  # the page's own mark, so that a reload is told from a second tab
    device = models.CharField("设备", max_length=80)
    device_fingerprint = models.CharField(max_length=64, blank=True)  # of the device key that signed the opening
    ip = models.GenericIPAddressField("网络地址", null=True)
    opened_at = models.DateTimeField("打开时间")
    state = models.CharField(max_length=6, choices=SessionState.choices(), default=SessionState.OPEN)
    end_reason = models.CharField("结束原因", max_length=14, choices=EndReason.choices(), blank=True)
    ended_at = models.DateTimeField("结束时间", null=True)
    paced = models.BooleanField()  # a video: position is content; else position is reading time
    unit_ms = models.PositiveIntegerField()
    finish_ms = models.PositiveIntegerField()  # covered content that finishes the unit; 0: time alone never does
    beat_ms = models.PositiveIntegerField()
    max_gap_ms = models.PositiveIntegerField()
    max_rate_percent = models.PositiveSmallIntegerField()
    idle_ms = models.PositiveIntegerField()
    counts_until_ms = models.BigIntegerField()  # end of the cohort's last day
    cap_ms = models.PositiveIntegerField()  # daily cap
    slots = models.PositiveSmallIntegerField(default=0)  # pages of what is read; none for a video
    slot_ms = models.PositiveIntegerField(default=0)  # what one page may count at most
    check_min_ms = models.PositiveIntegerField(default=0)  # study time between two checks, drawn from this window
    check_max_ms = models.PositiveIntegerField(default=0)  # 0: no checks
    check_answer_ms = models.PositiveIntegerField(default=0)
    key_lead_ms = models.PositiveIntegerField(default=0)  # how far ahead of the clock keys are given out
    opened_reach_ms = models.PositiveIntegerField(default=0)  # how far was seen when the session opened

    presence_every_ms = models.PositiveIntegerField(default=0)  # credited time between two presence checks; 0: none

    beat_key = models.CharField(max_length=64, blank=True)  # hex, agreed at opening; blank once the session has ended
    released = models.TextField(default="[]")  # content whose keys were given out: JSON list of [from, to)
    refusals = models.TextField(default="{}")  # unproven beats: JSON {reason: see operations.settling}

    number = models.PositiveIntegerField(default=0)  # of the last accepted beat
    ticket_digest = models.CharField(max_length=64)
    last_ticket_digest = models.CharField(max_length=64, blank=True)
    last_gained_ms = models.PositiveIntegerField(default=0)  # with the next: what a lost answer is made from again
    last_reason = models.CharField(max_length=20, blank=True)
    clock_ms = models.BigIntegerField()  # the server's time up to here is used up
    last_beat_ms = models.BigIntegerField()
    position_ms = models.PositiveIntegerField(default=0)
    covered = models.TextField(default="[]")  # JSON list of [from, to)
    credited_ms = models.PositiveIntegerField(default=0)  # of the unit, settled and not yet settled together
    day_end_ms = models.BigIntegerField()
    day_left_ms = models.PositiveIntegerField()
    check_left_ms = models.PositiveIntegerField(default=0)  # study time until the next check
    check_nonce = models.CharField(max_length=16, blank=True)  # of the check that is open
    check_asked_ms = models.BigIntegerField(default=0)
    checks_missed = models.PositiveSmallIntegerField(default=0)
    presence_at_ms = models.PositiveIntegerField(default=0)  # the check is asked when this much of the unit is credited
    presence_asked_ms = models.BigIntegerField(default=0)  # since when a presence check is waited for; 0: none is
    presence_cause = models.CharField(max_length=8, blank=True)  # a ``CheckCause``, or "missed"; blank: at random
    proven_ms = models.BigIntegerField(default=0)  # when presence was shown last
    settled_number = models.PositiveIntegerField(default=0)
    settled_ms = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(state=SessionState.OPEN), name="study_one_open_session"
            ),
            models.UniqueConstraint(
                fields=["device_fingerprint"],
                condition=Q(state=SessionState.OPEN) & ~Q(device_fingerprint=""),
                name="study_one_open_on_device",
            ),
            models.CheckConstraint(
                condition=Q(state=SessionState.OPEN) | Q(beat_key=""), name="study_session_key_only_while_open"
            ),
            models.CheckConstraint(
                condition=Q(state=SessionState.OPEN, ended_at__isnull=True, end_reason="")
                | (Q(state=SessionState.ENDED, ended_at__isnull=False) & ~Q(end_reason="")),
                name="study_session_end",
            ),
            models.CheckConstraint(condition=Q(settled_number__lte=F("number")), name="study_session_settled"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["opened_at"], condition=Q(state=SessionState.OPEN), name="study_session_open"),
            models.Index(fields=["enrolment", "opened_at"], name="study_session_enrolment"),
            models.Index(
                fields=["presence_asked_ms"], condition=Q(presence_asked_ms__gt=0), name="study_session_presence"
            ),
            models.Index(
                fields=["device_fingerprint", "opened_at"],
                condition=~Q(device_fingerprint=""),
                name="study_session_device",
            ),
        ]


class Beat(models.Model):
    """What the page claimed and what the server made of it; written once, never changed.

    ``accepted`` means that it proved itself the session's next one; only then did it move the session. Of those that
    did not, the first 200 of a session are kept; ``StudySession.refusals`` counts all.
    """

    session = models.ForeignKey(StudySession, models.PROTECT, related_name="beats")
    number = models.PositiveIntegerField()
    accepted = models.BooleanField()
    event = models.CharField(max_length=5, choices=Event.choices())
    received_ms = models.BigIntegerField()
    began_ms = models.BigIntegerField()  # the stretch of the server's time that this beat used
    ended_ms = models.BigIntegerField()
    from_ms = models.PositiveIntegerField()  # content
    to_ms = models.PositiveIntegerField()
    claimed_ms = models.PositiveIntegerField()
    credit_ms = models.PositiveIntegerField()
    rate_percent = models.PositiveSmallIntegerField()
    visible = models.BooleanField()
    focused = models.BooleanField()
    playing = models.BooleanField()
    idle_ms = models.PositiveIntegerField()  # since the last input, as the page says
    page = models.PositiveSmallIntegerField(default=0)  # in view, where there are pages
    reason = models.CharField(max_length=20, choices=Reason.choices(), blank=True)  # why the rest did not count

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["session", "number"], condition=Q(accepted=True), name="study_beat_number_once"
            ),
            models.CheckConstraint(condition=Q(accepted=True) | Q(credit_ms=0), name="study_beat_refused_is_zero"),
            models.CheckConstraint(
                condition=Q(ended_ms__gte=F("began_ms") + F("credit_ms")), name="study_beat_within_clock"
            ),
        ]


class SelfTest(models.Model):
    """One submitted self-test of a unit; a learner may try again."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    unit = models.ForeignKey("catalogue.Unit", models.PROTECT, related_name="+")
    answers = models.JSONField()  # {question id: [letters]}
    percent = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    submitted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(percent__lte=100), name="study_self_test_percent")]
        indexes: ClassVar = [models.Index(fields=["enrolment", "unit"], name="study_self_test_unit")]


class BeatArchive(models.Model):
    """One Parquet file with the raw beats of closed cohorts in one civil month; its digest stands in the log.

    While it is sealed the beats are in the file alone; restored, they are back in ``Beat`` as well. Fixed columns and
    the row itself are guarded in the database (migration 0003) until ``keep_until``.
    """

    month = models.DateField("月份")  # its first day
    part = models.PositiveSmallIntegerField("部分")  # cohorts of a month close at different times: 1, 2 …
    path = models.CharField(max_length=200, unique=True)  # in the file store
    sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.BigIntegerField("大小")
    row_count = models.PositiveIntegerField("行数")
    session_count = models.PositiveIntegerField("学习会话数")
    credit_ms = models.BigIntegerField()  # sum over the rows
    first_ms = models.BigIntegerField()  # of ``received_ms``
    last_ms = models.BigIntegerField()
    schema_version = models.PositiveSmallIntegerField()
    keep_until = models.DateField("保存到")
    archived_at = models.DateTimeField("归档时间")
    state = models.CharField("状态", max_length=8, choices=ArchiveState.choices(), default=ArchiveState.SEALED)
    changed_at = models.DateTimeField()  # of the state
    checking_since = models.DateTimeField(null=True)  # a verification is under way
    verified_at = models.DateTimeField("最近核对", null=True)
    fault = models.CharField("核对结果", max_length=300, blank=True)  # of the last verification; blank: all fits

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["month", "part"], name="study_archive_part_once"),
            models.CheckConstraint(condition=Q(row_count__gt=0, session_count__gt=0), name="study_archive_filled"),
            models.CheckConstraint(condition=Q(last_ms__gte=F("first_ms")), name="study_archive_times"),
        ]

    @property
    def name(self) -> str:
        """``2026-03`` or, of a further part, ``2026-03/2``."""
        return f"{self.month:%Y-%m}" + (f"/{self.part}" if self.part > 1 else "")

    @property
    def state_tone(self) -> str:
        """The tone of the tag that shows the state."""
        return ArchiveState(self.state).tone


class ArchivedSession(models.Model):
    """What of one study session lies in an archive; only such beats may leave the hot table."""

    archive = models.ForeignKey(BeatArchive, models.CASCADE, related_name="sessions")
    session = models.ForeignKey(StudySession, models.PROTECT, related_name="+")
    row_count = models.PositiveIntegerField()
    credit_ms = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["session", "archive"], name="study_archived_session_once"),
            models.CheckConstraint(condition=Q(row_count__gt=0), name="study_archived_session_filled"),
        ]
