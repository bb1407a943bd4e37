"""Banks, their versioned questions, pictures and imports."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.exams.data import AssetKind, Kind, QuestionState


class QuestionBank(models.Model):
    """A bank of questions of one organisation (N9)."""

    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    title = models.CharField("题库名称", max_length=120)
    created_at = models.DateTimeField("建立时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "title"], name="exams_bank_title"),
        ]

    def __str__(self) -> str:
        return self.title


class Question(models.Model):
    """One version of a question. An edit adds a version and leaves the old one for the papers that hold it.

    ``body`` is what a learner may see, ``key`` what only the server knows; their shapes by kind: ``exams/kinds``.
    """

    bank = models.ForeignKey(QuestionBank, models.PROTECT, related_name="questions")
    number = models.PositiveIntegerField("题号")  # within the bank, the same for all versions
    version = models.PositiveIntegerField("版本", default=1)
    kind = models.CharField("题型", max_length=12, choices=Kind.choices())
    stem = models.TextField("题干")  # markup
    body = models.JSONField("题面", default=dict)
    key = models.JSONField("答案", default=dict)
    explanation = models.TextField("解析", blank=True)  # markup
    score = models.DecimalField("默认分值", max_digits=5, decimal_places=1, default=1)
    difficulty = models.PositiveSmallIntegerField("难度", default=3)  # as the author sees it: 1 easy … 5 hard
    point = models.ForeignKey(
        "catalogue.Point", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="考核点"
    )
    source = models.CharField("来源", max_length=120, blank=True)
    state = models.CharField("状态", max_length=8, choices=QuestionState.choices(), default=QuestionState.ACTIVE)
    digest = models.CharField(max_length=64)  # of the normalised stem and body: finds duplicates
    kept_double = models.BooleanField("与他题相同", default=False)  # kept by choice although another says the same
    created_at = models.DateTimeField("更新时间")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["bank", "state", "kind", "difficulty"], name="exams_question_pool"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bank", "number", "version"], name="exams_question_version"),
            models.UniqueConstraint(
                fields=["bank", "number"], condition=Q(state=QuestionState.ACTIVE), name="exams_question_one_active"
            ),
            models.UniqueConstraint(
                fields=["bank", "digest"],
                condition=Q(state=QuestionState.ACTIVE, kept_double=False),
                name="exams_question_no_double",
            ),
            models.CheckConstraint(condition=Q(score__gt=0, score__lte=100), name="exams_question_score"),
            models.CheckConstraint(condition=Q(difficulty__gte=1, difficulty__lte=5), name="exams_question_difficulty"),
        ]


class QuestionAsset(models.Model):
    """A picture, sound or film of a bank's questions; a stem names it ``![words](asset:12)``."""

    bank = models.ForeignKey(QuestionBank, models.PROTECT, related_name="assets")
    kind = models.CharField("类别", max_length=8, choices=AssetKind.choices())
    mime = models.CharField(max_length=40)
    name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField("大小")
    width = models.PositiveIntegerField(null=True)  # of a picture, pixels
    height = models.PositiveIntegerField(null=True)
    path = models.CharField(max_length=200)  # in kernel.storage
    created_at = models.DateTimeField("上传时间")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["bank", "sha256"], name="exams_asset_once")]


class QuestionStatistics(models.Model):
    """How one version of a question was answered in every attempt that counts; made anew by a job, never by hand."""

    question = models.OneToOneField(Question, models.CASCADE, related_name="statistics")
    shown = models.PositiveIntegerField("出现次数", default=0)
    answered = models.PositiveIntegerField("作答次数", default=0)
    facility = models.DecimalField(
        "得分率", max_digits=5, decimal_places=4, null=True
    )  # mean share of the score, 0 to 1
    discrimination = models.DecimalField("区分度", max_digits=5, decimal_places=4, null=True)  # -1 to 1
    seconds = models.PositiveIntegerField("作答用时", null=True)  # median
    choices = models.JSONField("选项分布", default=dict)
    drift = models.JSONField("变化", default=list)  # per month: [month, shown, facility]
    computed_at = models.DateTimeField("统计时间")
