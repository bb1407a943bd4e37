"""What happens around an attempt, and what comparing attempts finds."""

from typing import ClassVar

from django.db import models

from zhenxue.exams.data import BatchState, ConductKind
from zhenxue.exams.models.attempts import Attempt
from zhenxue.exams.models.exams import Exam


class ConductEvent(models.Model):
    """One thing that happened around an attempt (A20): left the page, pasted, was on two devices, said nothing."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="conduct")
    kind = models.CharField("行为", max_length=12, choices=ConductKind.choices())
    at = models.DateTimeField("时间")  # the server's
    client_sequence = models.PositiveBigIntegerField(null=True)  # the page's count; null: the server saw it itself
    lasted_ms = models.PositiveIntegerField("持续", null=True)  # as the page says
    facts = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["attempt", "at"], name="exams_conduct_order")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["attempt", "client_sequence"], name="exams_conduct_once"),
        ]


class ConductStream(models.Model):
    """When the page of an attempt was last heard of; apart from the attempt, whose row the answers write."""

    attempt = models.OneToOneField(Attempt, models.CASCADE, related_name="stream")
    heard_at = models.DateTimeField("最近上报", null=True)  # by the server's clock; null: never
    silent_since = models.DateTimeField("失联时间", null=True)  # a SILENT event says so since then

    class Meta:
        indexes: ClassVar = [models.Index(fields=["heard_at"], name="exams_stream_heard")]


class RoomMessage(models.Model):
    """A word of the invigilator to a learner who sits, or to all (``attempt`` is null)."""

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="messages")
    attempt = models.ForeignKey(Attempt, models.CASCADE, null=True, blank=True, related_name="messages")
    text = models.CharField("内容", max_length=200)
    sender = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField("时间")
    seen_at = models.DateTimeField("看到时间", null=True, blank=True)  # of a word to one


class Comparison(models.Model):
    """What comparing the attempts of a closed exam found: two whose answers agree more than chance explains."""

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="comparisons")
    first = models.ForeignKey(Attempt, models.CASCADE, related_name="+")
    second = models.ForeignKey(Attempt, models.CASCADE, related_name="+")
    same_wrong = models.PositiveSmallIntegerField("相同错答")
    common = models.PositiveSmallIntegerField("共同题数")
    probability = models.FloatField("偶然概率")  # of so much agreement between two who sat alone
    facts = models.JSONField(default=dict)
    computed_at = models.DateTimeField("比对时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["first", "second"], name="exams_comparison_once"),
        ]


class ComparisonRun(models.Model):
    """The comparison of a closed exam's attempts: how far it is, and what it was done with."""

    exam = models.OneToOneField(Exam, models.CASCADE, related_name="comparison_run")
    state = models.CharField("状态", max_length=8, choices=BatchState.choices(), default=BatchState.WAITING)
    percent = models.PositiveSmallIntegerField("进度", default=0)
    attempts = models.PositiveIntegerField("答卷数", default=0)
    pairs = models.PositiveBigIntegerField("比对次数", default=0)
    found = models.PositiveIntegerField("异常对数", default=0)
    facts = models.JSONField(default=dict)  # limits, false alarms by simulation, attempts that were too fast
    started_at = models.DateTimeField("开始时间", null=True)
    computed_at = models.DateTimeField("完成时间", null=True)
