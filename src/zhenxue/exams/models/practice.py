"""Practice, and each learner's book of errors."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.exams.data import PracticeMode
from zhenxue.exams.models.banks import Question, QuestionBank
from zhenxue.exams.models.papers import Blueprint


class PracticeOpening(models.Model):
    """A bank to practise from, or a blueprint to draw mock exams from, opened to the learners of a cohort."""

    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    bank = models.ForeignKey(QuestionBank, models.PROTECT, null=True, blank=True, related_name="+")
    blueprint = models.ForeignKey(Blueprint, models.PROTECT, null=True, blank=True, related_name="+")
    minutes = models.PositiveSmallIntegerField("模拟考试时长", default=0)
    opened_by = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField("开放时间")
    closed_at = models.DateTimeField("停止时间", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cohort", "bank"], condition=Q(closed_at__isnull=True), name="exams_opening_bank_once"
            ),
            models.UniqueConstraint(
                fields=["cohort", "blueprint"], condition=Q(closed_at__isnull=True), name="exams_opening_mock_once"
            ),
            models.CheckConstraint(
                condition=Q(bank__isnull=False, blueprint__isnull=True, minutes=0)
                | Q(bank__isnull=True, blueprint__isnull=False, minutes__gte=1),
                name="exams_opening_bank_or_mock",
            ),
        ]


class PracticeRound(models.Model):
    """A learner practises: questions one after another, each answered and explained at once; a mock exam is explained
    at its end. Earns no hour."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    mode = models.CharField("方式", max_length=10, choices=PracticeMode.choices())
    title = models.CharField("内容", max_length=120)
    opening = models.ForeignKey(PracticeOpening, models.PROTECT, null=True, blank=True, related_name="+")
    sheet = models.JSONField(default=list)  # as an attempt's
    answers = models.JSONField(default=dict)  # by position: {"given", "correct", "at"}; correct null: by hand, or later
    began_at = models.DateTimeField("开始时间")
    deadline_at = models.DateTimeField("截止时间", null=True, blank=True)  # of a mock exam
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)
    right = models.PositiveSmallIntegerField("答对", default=0)
    answered = models.PositiveSmallIntegerField("已答", default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["enrolment", "began_at"], name="exams_round_order")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["enrolment", "opening"],
                condition=Q(mode=PracticeMode.MOCK, ended_at__isnull=True),
                name="exams_round_one_mock",
            ),
        ]


class ErrorCard(models.Model):
    """One question in a learner's error book, with the state of its spaced repetition."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    question = models.ForeignKey(Question, models.PROTECT, related_name="+")
    wrong = models.PositiveSmallIntegerField("答错次数", default=0)
    right = models.PositiveSmallIntegerField("答对次数", default=0)
    streak = models.PositiveSmallIntegerField("连续答对", default=0)
    repetition = models.JSONField(default=dict)  # state of the scheduling library
    due_at = models.DateTimeField("下次练习")
    last_at = models.DateTimeField("上次练习")
    mastered_at = models.DateTimeField("已掌握", null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["enrolment", "due_at"], name="exams_card_due")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enrolment", "question"], name="exams_card_once"),
        ]
