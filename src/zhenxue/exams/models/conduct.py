"""What happens around an attempt, and what comparing attempts finds."""

from typing import ClassVar

from django.db import models

from zhenxue.exams.data import ConductKind
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
