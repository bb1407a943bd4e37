"""Tables of ``training``: programmes, cohorts and their filed plans, enrolments, attendance, amendments."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.catalogue.data import TargetGroup
from zhenxue.kernel import clock
from zhenxue.kernel.fields import SealedTextField
from zhenxue.training.data import (
    AmendmentKind,
    AmendmentState,
    AttendanceCorrectionState,
    AttendanceState,
    CohortState,
    EnrolmentState,
    ImportState,
    LineMode,
    PasswordsState,
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
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pass_percent__lte=100), name="training_programme_pass"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "state"], name="training_programme_list")]

    def __str__(self) -> str:
        return self.title


class ProgrammeLine(models.Model):
    """Online: one course version; offline: a topic with so many minutes."""

    programme = models.ForeignKey(Programme, models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    stage = models.PositiveSmallIntegerField("阶段", default=1)
    mode = models.CharField("方式", max_length=8, choices=LineMode.choices())
    title = models.CharField("内容", max_length=120)
    course_version = models.ForeignKey(
        "catalogue.CourseVersion", models.PROTECT, null=True, blank=True, related_name="+"
    )
    minutes = models.PositiveIntegerField("分钟")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "position"], name="training_programme_line_position"),
            models.CheckConstraint(
                condition=Q(mode=LineMode.ONLINE, course_version__isnull=False)
                | Q(mode=LineMode.OFFLINE, course_version__isnull=True),
                name="training_programme_line_course",
            ),
            models.UniqueConstraint(
                fields=["programme", "course_version"],
                condition=Q(course_version__isnull=False),
                name="training_programme_line_version_once",
            ),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="training_programme_line_minutes"),
            models.CheckConstraint(condition=Q(stage__gt=0), name="training_programme_line_stage"),
        ]

    @property
    def seconds(self) -> int:
        return self.minutes * 60


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
    share_exception_reason = models.TextField("线上占比超限理由", blank=True)  # the county approves it with the filing
    rules = models.JSONField("适用规则", default=dict)  # frozen at approval: ``identity.Rules.frozen()``
    # Where the frozen numbers come from, with a source for each; empty in cohorts approved before November 2026.
    rule_set = models.ForeignKey("identity.RuleSet", models.PROTECT, null=True, blank=True, related_name="+")
    plan_digest = models.CharField("方案摘要值", max_length=64, blank=True)
    # False from filing on: database triggers then refuse any change of plan and roster (migration 0002) until a return
    # opens them again; afterwards only an approved amendment that is being applied passes the triggers (N12).
    plan_open = models.BooleanField("方案可修改", default=True)
    lesson_count = models.PositiveIntegerField("线下课次", default=0)  # for lists; kept by the operations
    learner_count = models.PositiveIntegerField("在学人数", default=0)
    filed_at = models.DateTimeField("提交时间", null=True, blank=True)
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    decision_note = models.TextField("审批意见", blank=True)
    decided_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField("开班时间", null=True, blank=True)
    closed_at = models.DateTimeField("结班时间", null=True, blank=True)
    close_reason = models.CharField("提前结班原因", max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="training_cohort_dates"),
            models.CheckConstraint(condition=Q(pass_percent__lte=100), name="training_cohort_pass"),
            models.CheckConstraint(condition=Q(capacity__gt=0), name="training_cohort_capacity"),
            models.CheckConstraint(
                condition=Q(plan_open=False)
                | Q(state__in=[CohortState.DRAFT, CohortState.RETURNED, CohortState.CANCELLED]),
                name="training_cohort_plan_closed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "state", "starts_on"], name="training_cohort_list"),
            models.Index(fields=["region", "state", "starts_on"], name="training_cohort_region"),
            models.Index(fields=["state", "starts_on"], name="training_cohort_due"),
        ]

    @property
    def state_tone(self) -> str:
        """The tone of the tag that shows the state."""
        return CohortState(self.state).tone

    def __str__(self) -> str:
        return self.title


class CohortNumber(models.Model):
    """The last running number given to a cohort of one county in one year."""

    region = models.ForeignKey("identity.Region", models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["region", "year"], name="training_cohort_number_once")]


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
    source = models.ForeignKey(ProgrammeLine, models.PROTECT, null=True, blank=True, related_name="+")
    makes_up = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")  # a make-up lesson
    position = models.PositiveIntegerField()
    mode = models.CharField("方式", max_length=8, choices=LineMode.choices())
    title = models.CharField("内容", max_length=120)
    course_version = models.ForeignKey(
        "catalogue.CourseVersion", models.PROTECT, null=True, blank=True, related_name="+"
    )
    minutes = models.PositiveIntegerField("分钟")
    starts_at = models.DateTimeField("上课时间", null=True, blank=True)
    ends_at = models.DateTimeField("下课时间", null=True, blank=True)
    place = models.CharField("地点", max_length=200, blank=True)
    teacher = models.ForeignKey("identity.Person", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cohort", "position"], name="training_line_position"),
            models.CheckConstraint(
                condition=Q(mode=LineMode.ONLINE, course_version__isnull=False)
                | Q(mode=LineMode.OFFLINE, course_version__isnull=True),
                name="training_line_course",
            ),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="training_line_minutes"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True, ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="training_line_times",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["teacher", "starts_at"], name="training_line_teacher")]

    def __str__(self) -> str:
        return self.title

    @property
    def seconds(self) -> int:
        return self.minutes * 60


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
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cohort", "person"], name="training_enrolment_once"),
            models.CheckConstraint(
                condition=Q(state=EnrolmentState.ACTIVE, left_at__isnull=True)
                | (Q(state=EnrolmentState.LEFT, left_at__isnull=False) & ~Q(leave_reason="")),
                name="training_enrolment_left_has_reason",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["person", "state"], name="training_enrolment_person")]

    @property
    def target_group_label(self) -> str:
        """The group in words; a value that no list knows any more as it stands."""
        known = {group.value: group.label for group in TargetGroup}
        return known.get(self.target_group, self.target_group)


class Attendance(models.Model):
    """What the teacher recorded of one learner at one offline lesson."""

    line = models.ForeignKey(PlanLine, models.PROTECT, related_name="attendances")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="+")
    state = models.CharField("出勤", max_length=8, choices=AttendanceState.choices())
    minutes = models.PositiveIntegerField("计入分钟")
    reason = models.CharField("原因", max_length=200, blank=True)
    recorded_by = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("登记时间")
    corrected_from = models.CharField("更正前", max_length=8, choices=AttendanceState.choices(), blank=True)
    correction_reason = models.CharField("更正原因", max_length=200, blank=True)
    corrected_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    corrected_at = models.DateTimeField("更正时间", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["line", "enrolment"], name="training_attendance_once"),
            models.CheckConstraint(
                condition=Q(corrected_at__isnull=True) | ~Q(correction_reason=""),
                name="training_attendance_correction_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(state=AttendanceState.PRESENT) | ~Q(reason=""), name="training_attendance_reason"
            ),
        ]

    @property
    def days_late(self) -> int:
        """How many civil days after the lesson it was recorded (back-dating); needs the ``line`` loaded."""
        return days_late(self.line, self.recorded_at)

    @property
    def late_words(self) -> str:
        """Said wherever a record shows that was made on a later day."""
        return f"课后 {self.days_late} 天补登" if self.days_late else ""


def days_late(line: PlanLine, moment: datetime) -> int:
    """Civil days between the end of a lesson and a moment after it; 0 on the same day."""
    if line.ends_at is None:
        return 0
    return max(0, (clock.civil_day(moment) - clock.civil_day(line.ends_at)).days)


class AttendanceCorrection(models.Model):
    """A change of one attendance record, in force only when somebody other than its proposer approves it."""

    attendance = models.ForeignKey(Attendance, models.PROTECT, related_name="corrections")
    from_state = models.CharField("更正前", max_length=8, choices=AttendanceState.choices())
    to_state = models.CharField("更正为", max_length=8, choices=AttendanceState.choices())
    note = models.CharField("迟到或缺勤的原因", max_length=200, blank=True)
    reason = models.CharField("更正原因", max_length=200)
    state = models.CharField(
        "状态", max_length=9, choices=AttendanceCorrectionState.choices(), default=AttendanceCorrectionState.PROPOSED
    )
    proposed_by = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField("提出时间")
    decided_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField("复核时间", null=True, blank=True)
    decision_note = models.CharField("复核意见", max_length=200, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "proposed_at"], name="training_attcorrection_queue"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["attendance"],
                condition=Q(state=AttendanceCorrectionState.PROPOSED),
                name="training_attcorrection_waiting_once",
            ),
            models.CheckConstraint(condition=~Q(from_state=F("to_state")), name="training_attcorrection_changes"),
            models.CheckConstraint(condition=~Q(reason=""), name="training_attcorrection_reason"),
            models.CheckConstraint(
                condition=Q(state=AttendanceCorrectionState.PROPOSED, decided_by__isnull=True, decided_at__isnull=True)
                | (
                    ~Q(state=AttendanceCorrectionState.PROPOSED) & Q(decided_by__isnull=False, decided_at__isnull=False)
                ),
                name="training_attcorrection_decided",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[AttendanceCorrectionState.PROPOSED, AttendanceCorrectionState.CANCELLED])
                | ~Q(decided_by=F("proposed_by")),
                name="training_attcorrection_two_people",
            ),
        ]

    @property
    def state_tone(self) -> str:
        """The tone of the tag that shows the state."""
        return AttendanceCorrectionState(self.state).tone


class Amendment(models.Model):
    """A change of a filed plan; it takes effect only when the bureau approves it (N12)."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="amendments")
    line = models.ForeignKey(PlanLine, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField("变更类别", max_length=10, choices=AmendmentKind.choices())
    changes = models.JSONField("变更内容")  # {field: {"from": …, "to": …}}, values as text for people and ISO for times
    reason = models.TextField("变更理由")
    state = models.CharField("状态", max_length=8, choices=AmendmentState.choices(), default=AmendmentState.FILED)
    filed_by = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    filed_at = models.DateTimeField()
    decided_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.TextField("审批意见", blank=True)
    applying = models.BooleanField(default=False)  # true only inside the transaction that applies it (migration 0002)
    digest_before = models.CharField("变更前摘要值", max_length=64, blank=True)
    digest_after = models.CharField("变更后摘要值", max_length=64, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "filed_at"], name="training_amendment_queue")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(applying=False) | Q(state=AmendmentState.APPROVED), name="training_amendment_applying"
            ),
        ]


class RosterImport(models.Model):
    """One uploaded roster with the answer of each row; rows carry personal data and are therefore sealed."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="imports")
    file_name = models.CharField("文件名", max_length=200)
    state = models.CharField("状态", max_length=10, choices=ImportState.choices())
    rows = SealedTextField("名册", blank=True)  # JSON list of RosterRow fields; emptied when discarded
    accounts = SealedTextField("初始密码", blank=True)  # JSON list of InitialAccount; emptied by download or expiry
    passwords_state = models.CharField(
        "初始密码清单", max_length=8, choices=PasswordsState.choices(), default=PasswordsState.NONE
    )
    passwords_again = models.BooleanField("包括发过没用过的", default=False)
    passwords_done = models.PositiveIntegerField("初始密码已处理", default=0)  # imported rows, in the order of the file
    passwords_note = models.CharField("初始密码说明", max_length=300, blank=True)
    passwords_until = models.DateTimeField("清单保留到", null=True, blank=True)
    progress_at = models.DateTimeField("最近进展", null=True, blank=True)  # database time; tells dead work from slow
    total = models.PositiveIntegerField("总行数", default=0)
    valid = models.PositiveIntegerField("可导入", default=0)
    done = models.PositiveIntegerField("已处理", default=0)  # progress of checking or importing
    imported = models.PositiveIntegerField("已导入", default=0)
    skip_invalid = models.BooleanField("有问题的行不导入", default=False)
    failure = models.CharField("失败原因", max_length=300, blank=True)
    created_by = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    created_at = models.DateTimeField("上传时间")
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["cohort", "created_at"], name="training_import_list")]
