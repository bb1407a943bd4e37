"""Practical examinations: examiners, their score sheets and pictures."""

from typing import ClassVar

from django.db import models

from zhenxue.exams.models.attempts import Attempt
from zhenxue.exams.models.exams import Exam


class Examiner(models.Model):
    """Who scores an examination by hand: a practical one (two different people for each learner, the chief where they
    differ too much), or the answers of a written one, where it is not every teacher of the organisation."""

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="examiners")
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    is_chief = models.BooleanField("考评组长", default=False)  # decides where two differ too much

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["exam", "person"], name="exams_examiner_once"),
        ]


class ScoreSheet(models.Model):
    """What one examiner gave one learner: points by step, deductions, pictures of the work."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="score_sheets")
    examiner = models.ForeignKey(Examiner, models.PROTECT, related_name="sheets")
    steps = models.JSONField("步骤评分", default=list)  # per step of the sheet: {"points": "8", "deductions": [0, 2]}
    points = models.DecimalField("合计", max_digits=6, decimal_places=1, default=0)
    comment = models.CharField("备注", max_length=300, blank=True)
    client_sequence = models.PositiveBigIntegerField(default=0)
    saved_at = models.DateTimeField("保存时间")
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["attempt", "examiner"], name="exams_sheet_once"),
        ]


class ScoreEvidence(models.Model):
    """A photograph or film of the work, kept sealed."""

    sheet = models.ForeignKey(ScoreSheet, models.CASCADE, related_name="evidence")
    step = models.CharField(max_length=12, blank=True)
    mime = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    added_at = models.DateTimeField()
