"""Tables of ``training``: programmes, cohorts and their filed plans, enrolments, attendance, amendments."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.training.data import (
    AmendmentState,
    AttendanceState,
    CohortState,
    EnrolmentState,
    LineMode,
    ProgrammeKind,
    ProgrammeState,
    SkillLevel,
)


class Programme(models.Model):
    """What a provider or enterprise offers: occupation, level, groups, and lines online and offline (N1, N11)."""

    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    kind = models.CharField("项目类别", max_length=10, choices=ProgrammeKind.choices())
    title = models.CharField("项目名称", max_length=120)
    occupation = models.ForeignKey("catalogue.Occupation", models.PROTECT, related_name="+")
    level = models.CharField("等级", max_length=2, choices=SkillLevel.choices())
    target_groups = models.JSONField("培训对象", default=list)
    pass_percent = models.PositiveSmallIntegerField("合格线", default=60)
    share_exception_reason = models.TextField("线上占比超限理由", blank=True)
    state = models.CharField("状态", max_length=8, choices=ProgrammeState.choices(), default=ProgrammeState.DRAFT)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pass_percent__lte=100), name="training_programme_pass")]

    def __str__(self) -> str:
        return self.title


class ProgrammeLine(models.Model):
    """Online: one course version; offline: a topic with so many minutes."""

    programme = models.ForeignKey(Programme, models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    stage = models.PositiveSmallIntegerField("阶段", default=1)
    mode = models.CharField("方式", max_length=8, choices=LineMode.choices())
    title = models.CharField("内容", max_length=120)
    course_version = models.ForeignKey("catalogue.CourseVersion", models.PROTECT, null=True, blank=True, related_name="+")
    minutes = models.PositiveIntegerField("分钟")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "position"], name="training_programme_line_position"),
            models.CheckConstraint(
                condition=Q(mode=LineMode.ONLINE, course_version__isnull=False) | Q(mode=LineMode.OFFLINE, course_version__isnull=True),
                name="training_programme_line_course",
            ),
        ]


class Cohort(models.Model):
    """One run of a programme with a roster; its approved plan is frozen (N12)."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="+")
    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    region = models.ForeignKey("identity.Region", models.PROTECT, related_name="+")  # the county that files it
    code = models.CharField("班期编号", max_length=30, unique=True)
    title = models.CharField("班期名称", max_length=120)
    starts_on = models.DateField("开班日期")
    ends_on = models.DateField("结班日期")
    capacity = models.PositiveIntegerField("计划人数")
    venue = models.CharField("培训地点", max_length=200)
    head_teacher = models.ForeignKey("identity.Person", models.PROTECT, null=True, blank=True, related_name="+")
    assessment_plan = models.TextField("考核方案")
    pass_percent = models.PositiveSmallIntegerField("合格线")
    state = models.CharField("状态", max_length=10, choices=CohortState.choices(), default=CohortState.DRAFT)
    rules = models.JSONField("适用规则", default=dict)  # frozen at approval: identity's rule values by key
    plan_digest = models.CharField("方案摘要值", max_length=64, blank=True)
    filed_at = models.DateTimeField("提交时间", null=True, blank=True)
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    decision_note = models.TextField("审批意见", blank=True)
    closed_at = models.DateTimeField("结班时间", null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="training_cohort_dates"),
            models.CheckConstraint(condition=Q(pass_percent__lte=100), name="training_cohort_pass"),
        ]

    def __str__(self) -> str:
        return self.title


class Stage(models.Model):
    """A stage of the filed plan: its lines, then its assessment (N14)."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="stages")
    number = models.PositiveSmallIntegerField()
    title = models.CharField("阶段名称", max_length=60)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["cohort", "number"], name="training_stage_number")]


class PlanLine(models.Model):
    """A line of the filed plan: a course version to study online, or an offline lesson with place and teacher (N3)."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="lines")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    mode = models.CharField("方式", max_length=8, choices=LineMode.choices())
    title = models.CharField("内容", max_length=120)
    course_version = models.ForeignKey("catalogue.CourseVersion", models.PROTECT, null=True, blank=True, related_name="+")
    minutes = models.PositiveIntegerField("分钟")
    starts_at = models.DateTimeField("上课时间", null=True, blank=True)
    ends_at = models.DateTimeField("下课时间", null=True, blank=True)
    place = models.CharField("地点", max_length=200, blank=True)
    teacher = models.ForeignKey("identity.Person", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cohort", "position"], name="training_line_position"),
            models.CheckConstraint(
                condition=Q(mode=LineMode.ONLINE, course_version__isnull=False) | Q(mode=LineMode.OFFLINE, course_version__isnull=True),
                name="training_line_course",
            ),
        ]


class Enrolment(models.Model):
    """A person in a cohort."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="enrolments")
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    target_group = models.CharField("人员类别", max_length=20)
    state = models.CharField("状态", max_length=8, choices=EnrolmentState.choices(), default=EnrolmentState.ACTIVE)
    enrolled_at = models.DateTimeField("报名时间")
    left_at = models.DateTimeField("退出时间", null=True, blank=True)
    leave_reason = models.CharField("退出原因", max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["cohort", "person"], name="training_enrolment_once")]


class Attendance(models.Model):
    """What the teacher recorded of one learner at one offline lesson."""

    line = models.ForeignKey(PlanLine, models.PROTECT, related_name="attendances")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="+")
    state = models.CharField("出勤", max_length=8, choices=AttendanceState.choices())
    minutes = models.PositiveIntegerField("计入分钟")
    reason = models.CharField("原因", max_length=200, blank=True)
    recorded_by = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("登记时间")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["line", "enrolment"], name="training_attendance_once")]


class Amendment(models.Model):
    """A change of a filed plan; it takes effect only when the bureau approves it (N12)."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="amendments")
    line = models.ForeignKey(PlanLine, models.PROTECT, null=True, blank=True, related_name="+")
    changes = models.JSONField("变更内容")  # {field: {"from": …, "to": …}}
    reason = models.TextField("变更理由")
    state = models.CharField("状态", max_length=8, choices=AmendmentState.choices(), default=AmendmentState.FILED)
    filed_by = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    filed_at = models.DateTimeField()
    decided_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.TextField("审批意见", blank=True)
