"""Marking by hand, and appeals against a score."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.exams.data import AppealState, ChangeState, MarkRound
from zhenxue.exams.models.attempts import Answer, Attempt


class Mark(models.Model):
    """One marking of one answer by hand. Blind: who marks sees no name. The round says whose: first, second, deciding,
    or after an appeal."""

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="marks")
    round = models.CharField("轮次", max_length=8, choices=MarkRound.choices())
    marker = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField("领取时间")
    points = models.DecimalField("给分", max_digits=5, decimal_places=1, null=True, blank=True)
    rubric = models.JSONField("评分点", default=list)
    comment = models.CharField("评语", max_length=300, blank=True)
    marked_at = models.DateTimeField("评分时间", null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["marker", "marked_at"], name="exams_mark_open")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["answer", "round"], name="exams_mark_round"),
            models.CheckConstraint(
                condition=Q(points__isnull=True, marked_at__isnull=True)
                | Q(points__isnull=False, marked_at__isnull=False, points__gte=0),
                name="exams_mark_whole",
            ),
        ]


class ScoreAppeal(models.Model):
    """A learner asks for a second look at a result; somebody else than the markers decides."""

    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="appeals")
    text = models.TextField("理由")
    positions = models.JSONField("题目", default=list)
    state = models.CharField("状态", max_length=10, choices=AppealState.choices(), default=AppealState.OPEN)
    made_at = models.DateTimeField("提出时间")
    reply = models.TextField("答复", blank=True)
    decided_by = models.ForeignKey("identity.Person", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField("答复时间", null=True, blank=True)
    before = models.DecimalField("原得分", max_digits=6, decimal_places=1)
    after = models.DecimalField("复核后得分", max_digits=6, decimal_places=1, null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["attempt"], name="exams_appeal_once"),
            models.CheckConstraint(
                condition=Q(state=AppealState.OPEN, decided_at__isnull=True)
                | (~Q(state=AppealState.OPEN) & Q(decided_at__isnull=False)),
                name="exams_appeal_decided",
            ),
        ]


class ScoreChange(models.Model):
    """A change of what an attempt earned, proposed by one person with the reason and put in force by another."""

    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="changes")
    appeal = models.ForeignKey(ScoreAppeal, models.PROTECT, null=True, blank=True, related_name="changes")
    points = models.JSONField("改分")  # {"3": ["2", "4"]}: by position, before and after
    reason = models.TextField("理由")
    state = models.CharField("状态", max_length=8, choices=ChangeState.choices(), default=ChangeState.OPEN)
    proposed_by = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField("提出时间")
    decided_by = models.ForeignKey("identity.Person", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField("确认时间", null=True, blank=True)
    note = models.TextField("确认意见", blank=True)
    before = models.DecimalField("原得分", max_digits=6, decimal_places=1)
    after = models.DecimalField("改后得分", max_digits=6, decimal_places=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["attempt"], condition=Q(state=ChangeState.OPEN), name="exams_change_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state=ChangeState.OPEN, decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state=ChangeState.OPEN) & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="exams_change_decided",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=models.F("proposed_by")) | Q(decided_by__isnull=True),
                name="exams_change_two_people",
            ),
        ]
