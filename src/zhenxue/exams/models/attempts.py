"""Sittings and their answers."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.exams.data import AttemptEnd, AttemptState
from zhenxue.exams.models.banks import Question
from zhenxue.exams.models.exams import Exam


class Attempt(models.Model):
    """One sitting of one learner. ``sequence`` counts the answers stored; each acknowledgement carries its number."""

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="attempts")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField("第几次")
    state = models.CharField("状态", max_length=10, choices=AttemptState.choices(), default=AttemptState.OPEN)
    started_at = models.DateTimeField("开始时间")
    deadline_at = models.DateTimeField("截止时间")
    submitted_at = models.DateTimeField("交卷时间", null=True, blank=True)
    ended_by = models.CharField("交卷方式", max_length=10, choices=AttemptEnd.choices(), blank=True)
    sequence = models.PositiveIntegerField("已存次数", default=0)
    device = models.CharField(max_length=64)  # digest of the sign-in that sits the exam
    device_fingerprint = models.CharField(max_length=64, blank=True)  # of the device key of that sign-in
    sheet = models.JSONField("试卷", default=list)  # data.SheetLine rows, frozen at the start
    sheet_sha256 = models.CharField(max_length=64, blank=True)
    total = models.DecimalField("满分", max_digits=6, decimal_places=1, default=0)
    parts = models.JSONField("各部分得分", default=dict)  # {"理论": ["30", "40"]}: points and of how many
    ends_reason = models.CharField("结束原因", max_length=200, blank=True)  # when an invigilator ended it
    paused_at = models.DateTimeField("休息开始", null=True, blank=True)
    breaks = models.PositiveSmallIntegerField("已休息次数", default=0)
    moves = models.PositiveSmallIntegerField("换设备次数", default=0)
    presence_asked_at = models.DateTimeField(null=True, blank=True)  # a presence check is waited for since then
    presence_cause = models.CharField(max_length=8, blank=True)  # a ``CheckCause``
    presence_at = models.DateTimeField(null=True, blank=True)  # when the next check at random is asked
    presence_missed = models.PositiveSmallIntegerField("漏做核验次数", default=0)
    proven_at = models.DateTimeField("最近核验通过", null=True, blank=True)
    score = models.DecimalField("得分", max_digits=6, decimal_places=1, null=True, blank=True)
    passed = models.BooleanField("合格", null=True)
    marked_at = models.DateTimeField("评分时间", null=True, blank=True)
    told_at = models.DateTimeField("告知结果", null=True, blank=True)  # the learner saw the result or was told of it

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["deadline_at"], condition=Q(state=AttemptState.OPEN), name="exams_attempt_due"),
            models.Index(fields=["enrolment", "exam"], name="exams_attempt_enrolment"),
            models.Index(
                fields=["presence_at"],
                condition=Q(state=AttemptState.OPEN, presence_at__isnull=False),
                name="exams_attempt_presence",
            ),
            models.Index(fields=["exam"], condition=Q(state=AttemptState.SUBMITTED), name="exams_attempt_waits"),
            models.Index(
                fields=["exam"],
                condition=Q(state=AttemptState.MARKED, told_at__isnull=True),
                name="exams_attempt_untold",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["exam", "enrolment", "number"], name="exams_attempt_number"),
            models.UniqueConstraint(
                fields=["exam", "enrolment"], condition=Q(state=AttemptState.OPEN), name="exams_attempt_one_open"
            ),
            models.CheckConstraint(condition=Q(deadline_at__gt=F("started_at")), name="exams_attempt_times"),
            models.CheckConstraint(
                condition=Q(state=AttemptState.OPEN, submitted_at__isnull=True)
                | (~Q(state=AttemptState.OPEN) & Q(submitted_at__isnull=False)),
                name="exams_attempt_submitted",
            ),
            models.CheckConstraint(
                condition=Q(state=AttemptState.MARKED, score__isnull=False, passed__isnull=False)
                | (~Q(state=AttemptState.MARKED) & Q(score__isnull=True, passed__isnull=True)),
                name="exams_attempt_marked",
            ),
        ]


class Answer(models.Model):
    """The answer that stands for one question of an attempt; ``client_sequence`` orders what the device sent."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="answers", db_index=False)  # exams_answer_once
    question = models.ForeignKey(Question, models.PROTECT, related_name="+")
    given = models.JSONField("作答", default=list)  # letters; empty when taken back
    sequence = models.PositiveIntegerField("保存序号")
    client_sequence = models.PositiveBigIntegerField(default=0)
    saved_at = models.DateTimeField("保存时间")
    correct = models.BooleanField("正确", null=True)
    awarded = models.DecimalField("得分", max_digits=5, decimal_places=1, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["attempt", "question"], name="exams_answer_once"),
            models.UniqueConstraint(fields=["attempt", "sequence"], name="exams_answer_sequence"),
        ]
