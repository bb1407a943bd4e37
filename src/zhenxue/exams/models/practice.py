"""Practice, and each learner's book of errors."""

from typing import ClassVar

from django.db import models

from zhenxue.exams.data import PracticeMode
from zhenxue.exams.models.banks import Question


class PracticeRound(models.Model):
    """A learner practises: questions one after another, each answered and explained at once. Earns no hour."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    mode = models.CharField("方式", max_length=10, choices=PracticeMode.choices())
    sheet = models.JSONField(default=list)  # as an attempt's
    answers = models.JSONField(default=dict)  # by position: {"given", "correct", "at"}
    began_at = models.DateTimeField("开始时间")
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)
    right = models.PositiveSmallIntegerField("答对", default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["enrolment", "began_at"], name="exams_round_order")]


class ErrorCard(models.Model):
    """One question in a learner's error book, with the state of its spaced repetition."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    question = models.ForeignKey(Question, models.PROTECT, related_name="+")
    wrong = models.PositiveSmallIntegerField("答错次数", default=0)
    right = models.PositiveSmallIntegerField("答对次数", default=0)
    repetition = models.JSONField(default=dict)  # state of the scheduling library
    due_at = models.DateTimeField("下次练习")
    last_at = models.DateTimeField("上次练习")
    mastered_at = models.DateTimeField("已掌握", null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["enrolment", "due_at"], name="exams_card_due")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enrolment", "question"], name="exams_card_once"),
        ]
