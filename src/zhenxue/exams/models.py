"""Tables of ``exams``: banks and versioned questions, fixed papers, exams, attempts and their answers."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.catalogue.data import QuestionKind
from zhenxue.exams.data import (
    AttemptEnd,
    AttemptState,
    ExamState,
    ImportState,
    MultipleRule,
    PaperState,
    QuestionState,
)


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
    """One version of a question. An edit adds a version and leaves the old one for the papers that hold it."""

    bank = models.ForeignKey(QuestionBank, models.PROTECT, related_name="questions")
    number = models.PositiveIntegerField("题号")  # within the bank, the same for all versions
    version = models.PositiveIntegerField("版本", default=1)
    kind = models.CharField("题型", max_length=12, choices=QuestionKind.choices())
    stem = models.TextField("题干")
    options = models.JSONField("选项", default=list)  # ["…", "…"]; empty for true/false
    answer = models.JSONField("答案")  # option letters ["A"], or ["对"] / ["错"]
    explanation = models.TextField("解析", blank=True)
    score = models.DecimalField("默认分值", max_digits=5, decimal_places=1, default=1)
    state = models.CharField("状态", max_length=8, choices=QuestionState.choices(), default=QuestionState.ACTIVE)
    digest = models.CharField(max_length=64)  # of the normalised stem and options: finds duplicates
    created_at = models.DateTimeField("更新时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bank", "number", "version"], name="exams_question_version"),
            models.UniqueConstraint(
                fields=["bank", "number"], condition=Q(state=QuestionState.ACTIVE), name="exams_question_one_active"
            ),
            models.UniqueConstraint(
                fields=["bank", "digest"], condition=Q(state=QuestionState.ACTIVE), name="exams_question_no_double"
            ),
            models.CheckConstraint(condition=Q(score__gt=0, score__lte=100), name="exams_question_score"),
        ]


class QuestionImport(models.Model):
    """A sheet that was read and shown, and is saved (or dropped) as a whole."""

    bank = models.ForeignKey(QuestionBank, models.CASCADE, related_name="imports")
    file_name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField(max_length=64)
    rows = models.JSONField()  # list of data.PreviewRow
    state = models.CharField("状态", max_length=10, choices=ImportState.choices(), default=ImportState.CHECKED)
    saved = models.PositiveIntegerField("导入题数", default=0)
    created_at = models.DateTimeField("上传时间")


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
    score = models.DecimalField("分值", max_digits=5, decimal_places=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["paper", "position"], name="exams_line_position"),
            models.UniqueConstraint(fields=["paper", "question"], name="exams_line_question"),
            models.CheckConstraint(condition=Q(score__gt=0, score__lte=100), name="exams_line_score"),
        ]


class Exam(models.Model):
    """A stage assessment of a cohort (N14)."""

    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    stage_number = models.PositiveSmallIntegerField("阶段")
    paper = models.ForeignKey(Paper, models.PROTECT, related_name="+")
    title = models.CharField("考试名称", max_length=120)
    opens_at = models.DateTimeField("开始时间")
    closes_at = models.DateTimeField("结束时间")
    duration_minutes = models.PositiveSmallIntegerField("答题时长")
    pass_percent = models.PositiveSmallIntegerField("合格线")  # copied from the cohort
    attempts_allowed = models.PositiveSmallIntegerField("可考次数", default=1)
    state = models.CharField("状态", max_length=10, choices=ExamState.choices(), default=ExamState.DRAFT)
    created_at = models.DateTimeField("建立时间")
    scheduled_at = models.DateTimeField("发布时间", null=True, blank=True)
    closed_at = models.DateTimeField("结束处理时间", null=True, blank=True)

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
        ]

    def __str__(self) -> str:
        return self.title


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
    moves = models.PositiveSmallIntegerField("换设备次数", default=0)
    presence_asked_at = models.DateTimeField(null=True, blank=True)  # a presence check is waited for since then
    presence_cause = models.CharField(max_length=8, blank=True)  # a ``CheckCause``
    presence_at = models.DateTimeField(null=True, blank=True)  # when the next check at random is asked
    presence_missed = models.PositiveSmallIntegerField("漏做核验次数", default=0)
    proven_at = models.DateTimeField("最近核验通过", null=True, blank=True)
    score = models.DecimalField("得分", max_digits=6, decimal_places=1, null=True, blank=True)
    passed = models.BooleanField("合格", null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["deadline_at"], condition=Q(state=AttemptState.OPEN), name="exams_attempt_due"),
            models.Index(fields=["enrolment", "exam"], name="exams_attempt_enrolment"),
            models.Index(
                fields=["presence_at"],
                condition=Q(state=AttemptState.OPEN, presence_at__isnull=False),
                name="exams_attempt_presence",
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

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="answers")
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
