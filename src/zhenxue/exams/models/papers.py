"""Fixed papers, and blueprints from which papers are drawn."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.exams.data import Kind, MultipleRule, PaperState
from zhenxue.exams.models.banks import Question, QuestionBank


class Paper(models.Model):
    """A fixed paper: questions in order, each with its score. Final, it never changes."""

    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    title = models.CharField("试卷名称", max_length=120)
    multiple_rule = models.CharField(
        "多选题计分", max_length=8, choices=MultipleRule.choices(), default=MultipleRule.ALL
    )
    state = models.CharField("状态", max_length=8, choices=PaperState.choices(), default=PaperState.DRAFT)
    total = models.DecimalField("总分", max_digits=6, decimal_places=1, default=0)
    questions = models.PositiveIntegerField("题数", default=0)
    digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField("建立时间")
    finished_at = models.DateTimeField("定稿时间", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "title"], name="exams_paper_title"),
            models.CheckConstraint(
                condition=Q(state=PaperState.DRAFT) | Q(total__gt=0, questions__gte=1), name="exams_paper_final_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PaperLine(models.Model):
    paper = models.ForeignKey(Paper, models.CASCADE, related_name="lines")
    question = models.ForeignKey(Question, models.PROTECT, related_name="+")
    position = models.PositiveIntegerField("题序")
    part = models.CharField("部分", max_length=30, blank=True)
    score = models.DecimalField("分值", max_digits=5, decimal_places=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["paper", "position"], name="exams_line_position"),
            models.UniqueConstraint(fields=["paper", "question"], name="exams_line_question"),
            models.CheckConstraint(condition=Q(score__gt=0, score__lte=100), name="exams_line_score"),
        ]


class Blueprint(models.Model):
    """A plan from which each attempt draws its own paper: so many questions of a kind, point, difficulty and score."""

    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    title = models.CharField("组卷方案名称", max_length=120)
    multiple_rule = models.CharField(
        "多选题计分", max_length=8, choices=MultipleRule.choices(), default=MultipleRule.ALL
    )
    tolerance = models.DecimalField("难度允差", max_digits=3, decimal_places=2, default="0.20")
    state = models.CharField("状态", max_length=8, choices=PaperState.choices(), default=PaperState.DRAFT)
    total = models.DecimalField("总分", max_digits=6, decimal_places=1, default=0)
    questions = models.PositiveIntegerField("题数", default=0)
    difficulty = models.DecimalField("目标难度", max_digits=3, decimal_places=2, null=True)  # mean, weighted by score
    pool = models.JSONField(default=list)  # frozen when final: per rule [[difficulty, [question ids]], …]
    digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField("建立时间")
    finished_at = models.DateTimeField("定稿时间", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "title"], name="exams_blueprint_title"),
            models.CheckConstraint(
                condition=Q(state=PaperState.DRAFT) | Q(total__gt=0, questions__gte=1), name="exams_blueprint_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def pool_ids(self) -> set[int]:
        """Every question that a final blueprint may draw; each belongs to one rule."""
        return {number for rule in self.pool for _difficulty, ids in rule for number in ids}


class BlueprintRule(models.Model):
    """One line of a blueprint: ``count`` questions of one kind, each worth ``score``."""

    blueprint = models.ForeignKey(Blueprint, models.CASCADE, related_name="rules")
    position = models.PositiveSmallIntegerField("顺序")
    part = models.CharField("部分", max_length=30, blank=True)
    bank = models.ForeignKey(QuestionBank, models.PROTECT, related_name="+")
    kind = models.CharField("题型", max_length=12, choices=Kind.choices())
    point = models.ForeignKey("catalogue.Point", models.PROTECT, null=True, blank=True, related_name="+")
    lowest = models.PositiveSmallIntegerField("最低难度", default=1)
    highest = models.PositiveSmallIntegerField("最高难度", default=5)
    count = models.PositiveSmallIntegerField("题数")
    score = models.DecimalField("每题分值", max_digits=5, decimal_places=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["blueprint", "position"], name="exams_rule_position"),
            models.CheckConstraint(
                condition=Q(count__gte=1, count__lte=200, score__gt=0, score__lte=100), name="exams_rule_count_score"
            ),
            models.CheckConstraint(
                condition=Q(lowest__gte=1, highest__lte=5, highest__gte=F("lowest")), name="exams_rule_difficulty"
            ),
        ]
