"""Examinations of cohorts, and what single learners are allowed beyond the others."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.exams.data import ExamKind, ExamState
from zhenxue.exams.models.papers import Blueprint, Paper


class Exam(models.Model):
    """An examination of a cohort: of a stage (N14), at the end, of a chapter, a make-up, or a practical one."""

    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    kind = models.CharField("类别", max_length=10, choices=ExamKind.choices(), default=ExamKind.STAGE)
    stage_number = models.PositiveSmallIntegerField("阶段", null=True, blank=True)  # what is counted for which stage
    paper = models.ForeignKey(Paper, models.PROTECT, null=True, blank=True, related_name="+")
    blueprint = models.ForeignKey(Blueprint, models.PROTECT, null=True, blank=True, related_name="+")
    original = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="make_ups")
    title = models.CharField("考试名称", max_length=120)
    opens_at = models.DateTimeField("开始时间")
    closes_at = models.DateTimeField("结束时间")
    duration_minutes = models.PositiveSmallIntegerField("答题时长")
    pass_percent = models.PositiveSmallIntegerField("合格线")  # copied from the cohort
    part_rules = models.JSONField("分部分合格线", default=dict)  # {"理论": 60}: per cent of a part that is needed too
    attempts_allowed = models.PositiveSmallIntegerField("可考次数", default=1)
    shuffles_questions = models.BooleanField("题目顺序打乱", default=False)
    shuffles_options = models.BooleanField("选项顺序打乱", default=False)
    late_minutes = models.PositiveSmallIntegerField("迟到入场时限", default=0)  # after opens_at; 0: until it closes
    stay_minutes = models.PositiveSmallIntegerField("最早交卷", default=0)  # after the start; 0: at any time
    breaks_allowed = models.PositiveSmallIntegerField("可休息次数", default=0)
    break_minutes = models.PositiveSmallIntegerField("每次休息", default=0)
    double_marking = models.BooleanField("双人评阅", default=False)
    difference_percent = models.PositiveSmallIntegerField(
        "评分差异上限", default=10
    )  # of a question's or sheet's score
    allows_more = models.BooleanField("有单独照顾", default=False)  # somebody has an ``Allowance``; few exams have
    publish_at = models.DateTimeField("成绩公布时间", null=True, blank=True)  # null: as soon as it is marked
    published_at = models.DateTimeField("已公布", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=ExamState.choices(), default=ExamState.DRAFT)
    created_at = models.DateTimeField("建立时间")
    scheduled_at = models.DateTimeField("发布时间", null=True, blank=True)
    closed_at = models.DateTimeField("结束处理时间", null=True, blank=True)
    collected_at = models.DateTimeField("错题归集时间", null=True, blank=True)  # into the learners' books of errors

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "closes_at"], name="exams_exam_due")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cohort", "title"], condition=~Q(state=ExamState.CANCELLED), name="exams_exam_title"
            ),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="exams_exam_times"),
            models.CheckConstraint(condition=Q(pass_percent__lte=100), name="exams_exam_pass"),
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=1, attempts_allowed__gte=1), name="exams_exam_minutes_attempts"
            ),
            models.CheckConstraint(
                condition=Q(paper__isnull=False, blueprint__isnull=True)
                | Q(paper__isnull=True, blueprint__isnull=False),
                name="exams_exam_paper_or_blueprint",
            ),
            models.CheckConstraint(
                condition=~Q(kind=ExamKind.STAGE) | Q(stage_number__isnull=False), name="exams_exam_stage"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def root_kind(self) -> str:
        """What it counts as: a make-up as what it makes up for."""
        return self.original.kind if self.kind == ExamKind.MAKE_UP and self.original else self.kind

    @property
    def root_id(self) -> int:
        """The exam it makes up for, or itself: with it, one family, of which one has to be passed."""
        return self.original_id or self.pk

    @property
    def needs_hours(self) -> bool:
        """Whether the lessons of its stage come first (N14)."""
        return self.stage_number is not None and self.root_kind in {ExamKind.STAGE, ExamKind.PRACTICAL}

    @property
    def is_practical(self) -> bool:
        """Whether examiners score it: nobody sits it on a device."""
        return self.root_kind == ExamKind.PRACTICAL

    @property
    def plan(self) -> Paper | Blueprint:
        """What its attempts are made of: the fixed paper, or the blueprint that draws one for each."""
        found = self.paper or self.blueprint
        assert found is not None  # exams_exam_paper_or_blueprint
        return found

    @property
    def is_out(self) -> bool:
        """Whether learners may read the results (each as soon as it is marked): no time is set, or they were
        published."""
        return self.publish_at is None or self.published_at is not None


class Allowance(models.Model):
    """What one learner has beyond the others in an exam: more time or another try, with the reason."""

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="allowances")
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    extra_minutes = models.PositiveSmallIntegerField("延长时间", default=0)
    extra_attempts = models.PositiveSmallIntegerField("增加次数", default=0)
    reason = models.CharField("原因", max_length=200)
    created_at = models.DateTimeField("设置时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["exam", "enrolment"], name="exams_allowance_once"),
            models.CheckConstraint(
                condition=Q(extra_minutes__lte=600, extra_attempts__lte=10)
                & (Q(extra_minutes__gt=0) | Q(extra_attempts__gt=0)),
                name="exams_allowance_gives",
            ),
        ]
