import django.db.models.deletion
import zhenxue.kernel.fields
import zhenxue.training.data
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("catalogue", "0001_initial"),
        ("identity", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Programme",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("skill", "就业技能与创业培训"),
                            ("upskill", "企业新招用人员岗位技能提升培训"),
                            ("project", "经认定的项目制培训"),
                            ("other", "其他补贴性培训"),
                        ],
                        max_length=10,
                        verbose_name="项目类别",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="项目名称")),
                (
                    "occupation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.occupation"
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("5", "五级/初级工"),
                            ("4", "四级/中级工"),
                            ("3", "三级/高级工"),
                            ("2", "二级/技师"),
                            ("1", "一级/高级技师"),
                            ("0", "不分等级"),
                        ],
                        max_length=2,
                        verbose_name="等级",
                    ),
                ),
                ("target_groups", models.JSONField(default=list, verbose_name="培训对象")),
                ("pass_percent", models.PositiveSmallIntegerField(default=60, verbose_name="合格线")),
                ("share_exception_reason", models.TextField(blank=True, verbose_name="线上占比超限理由")),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "编制中"), ("ready", "可开班"), ("retired", "已停用")],
                        default=zhenxue.training.data.ProgrammeState["DRAFT"],
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "state"], name="training_programme_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("pass_percent__lte", 100)), name="training_programme_pass"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProgrammeLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="training.programme"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("stage", models.PositiveSmallIntegerField(default=1, verbose_name="阶段")),
                (
                    "mode",
                    models.CharField(
                        choices=[("online", "线上"), ("offline", "线下")], max_length=8, verbose_name="方式"
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="内容")),
                (
                    "course_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.courseversion",
                    ),
                ),
                ("minutes", models.PositiveIntegerField(verbose_name="分钟")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("programme", "position"), name="training_programme_line_position"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("course_version__isnull", False), ("mode", zhenxue.training.data.LineMode["ONLINE"])
                            ),
                            models.Q(
                                ("course_version__isnull", True), ("mode", zhenxue.training.data.LineMode["OFFLINE"])
                            ),
                            _connector="OR",
                        ),
                        name="training_programme_line_course",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("course_version__isnull", False)),
                        fields=("programme", "course_version"),
                        name="training_programme_line_version_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minutes__gt", 0)), name="training_programme_line_minutes"
                    ),
                    models.CheckConstraint(condition=models.Q(("stage__gt", 0)), name="training_programme_line_stage"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Cohort",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.programme"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.region"
                    ),
                ),
                ("code", models.CharField(max_length=30, unique=True, verbose_name="班期编号")),
                ("title", models.CharField(max_length=120, verbose_name="班期名称")),
                ("starts_on", models.DateField(verbose_name="开班日期")),
                ("ends_on", models.DateField(verbose_name="结班日期")),
                ("capacity", models.PositiveIntegerField(verbose_name="计划人数")),
                ("venue", models.CharField(max_length=200, verbose_name="培训地点")),
                (
                    "head_teacher",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.person",
                    ),
                ),
                ("assessment_plan", models.TextField(verbose_name="考核方案")),
                ("pass_percent", models.PositiveSmallIntegerField(verbose_name="合格线")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "草稿"),
                            ("filed", "已提交备案"),
                            ("returned", "退回修改"),
                            ("approved", "已备案"),
                            ("running", "培训中"),
                            ("closed", "已结班"),
                            ("cancelled", "已取消"),
                        ],
                        default=zhenxue.training.data.CohortState["DRAFT"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("share_exception_reason", models.TextField(blank=True, verbose_name="线上占比超限理由")),
                ("rules", models.JSONField(default=dict, verbose_name="适用规则")),
                (
                    "rule_set",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.ruleset",
                    ),
                ),
                ("plan_digest", models.CharField(blank=True, max_length=64, verbose_name="方案摘要值")),
                ("plan_open", models.BooleanField(default=True, verbose_name="方案可修改")),
                ("lesson_count", models.PositiveIntegerField(default=0, verbose_name="线下课次")),
                ("learner_count", models.PositiveIntegerField(default=0, verbose_name="在学人数")),
                ("filed_at", models.DateTimeField(blank=True, null=True, verbose_name="提交时间")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="审批时间")),
                ("decision_note", models.TextField(blank=True, verbose_name="审批意见")),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="开班时间")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="结班时间")),
                ("close_reason", models.CharField(blank=True, max_length=200, verbose_name="提前结班原因")),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "state", "starts_on"], name="training_cohort_list"),
                    models.Index(fields=["region", "state", "starts_on"], name="training_cohort_region"),
                    models.Index(fields=["state", "starts_on"], name="training_cohort_due"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="training_cohort_dates"
                    ),
                    models.CheckConstraint(condition=models.Q(("pass_percent__lte", 100)), name="training_cohort_pass"),
                    models.CheckConstraint(condition=models.Q(("capacity__gt", 0)), name="training_cohort_capacity"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("plan_open", False),
                            (
                                "state__in",
                                [
                                    zhenxue.training.data.CohortState["DRAFT"],
                                    zhenxue.training.data.CohortState["RETURNED"],
                                    zhenxue.training.data.CohortState["CANCELLED"],
                                ],
                            ),
                            _connector="OR",
                        ),
                        name="training_cohort_plan_closed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CohortNumber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.region"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField()),
                ("last", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("region", "year"), name="training_cohort_number_once")],
            },
        ),
        migrations.CreateModel(
            name="Stage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="stages", to="training.cohort"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("title", models.CharField(max_length=60, verbose_name="阶段名称")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("cohort", "number"), name="training_stage_number")],
            },
        ),
        migrations.CreateModel(
            name="PlanLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="training.cohort"
                    ),
                ),
                (
                    "stage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="training.stage"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="training.programmeline",
                    ),
                ),
                (
                    "makes_up",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="training.planline",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                (
                    "mode",
                    models.CharField(
                        choices=[("online", "线上"), ("offline", "线下")], max_length=8, verbose_name="方式"
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="内容")),
                (
                    "course_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.courseversion",
                    ),
                ),
                ("minutes", models.PositiveIntegerField(verbose_name="分钟")),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="上课时间")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="下课时间")),
                ("place", models.CharField(blank=True, max_length=200, verbose_name="地点")),
                (
                    "teacher",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.person",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["teacher", "starts_at"], name="training_line_teacher")],
                "constraints": [
                    models.UniqueConstraint(fields=("cohort", "position"), name="training_line_position"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("course_version__isnull", False), ("mode", zhenxue.training.data.LineMode["ONLINE"])
                            ),
                            models.Q(
                                ("course_version__isnull", True), ("mode", zhenxue.training.data.LineMode["OFFLINE"])
                            ),
                            _connector="OR",
                        ),
                        name="training_line_course",
                    ),
                    models.CheckConstraint(condition=models.Q(("minutes__gt", 0)), name="training_line_minutes"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ends_at__isnull", True), ("starts_at__isnull", True)),
                            ("ends_at__gt", models.F("starts_at")),
                            _connector="OR",
                        ),
                        name="training_line_times",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Enrolment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="enrolments", to="training.cohort"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
                ("target_group", models.CharField(max_length=20, verbose_name="人员类别")),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "在学"), ("left", "已退出")],
                        default=zhenxue.training.data.EnrolmentState["ACTIVE"],
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("enrolled_at", models.DateTimeField(verbose_name="报名时间")),
                ("left_at", models.DateTimeField(blank=True, null=True, verbose_name="退出时间")),
                ("leave_reason", models.CharField(blank=True, max_length=200, verbose_name="退出原因")),
            ],
            options={
                "indexes": [models.Index(fields=["person", "state"], name="training_enrolment_person")],
                "constraints": [
                    models.UniqueConstraint(fields=("cohort", "person"), name="training_enrolment_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("left_at__isnull", True), ("state", zhenxue.training.data.EnrolmentState["ACTIVE"])
                            ),
                            models.Q(
                                ("left_at__isnull", False),
                                ("state", zhenxue.training.data.EnrolmentState["LEFT"]),
                                models.Q(("leave_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="training_enrolment_left_has_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attendance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attendances", to="training.planline"
                    ),
                ),
                (
                    "enrolment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.enrolment"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("present", "出勤"), ("late", "迟到"), ("absent", "缺勤")],
                        max_length=8,
                        verbose_name="出勤",
                    ),
                ),
                ("minutes", models.PositiveIntegerField(verbose_name="计入分钟")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="原因")),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("recorded_at", models.DateTimeField(verbose_name="登记时间")),
                (
                    "corrected_from",
                    models.CharField(
                        blank=True,
                        choices=[("present", "出勤"), ("late", "迟到"), ("absent", "缺勤")],
                        max_length=8,
                        verbose_name="更正前",
                    ),
                ),
                ("correction_reason", models.CharField(blank=True, max_length=200, verbose_name="更正原因")),
                (
                    "corrected_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("corrected_at", models.DateTimeField(blank=True, null=True, verbose_name="更正时间")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("line", "enrolment"), name="training_attendance_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("corrected_at__isnull", True),
                            models.Q(("correction_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="training_attendance_correction_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", zhenxue.training.data.AttendanceState["PRESENT"]),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="training_attendance_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AttendanceCorrection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "attendance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="training.attendance",
                    ),
                ),
                (
                    "from_state",
                    models.CharField(
                        choices=[("present", "出勤"), ("late", "迟到"), ("absent", "缺勤")],
                        max_length=8,
                        verbose_name="更正前",
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[("present", "出勤"), ("late", "迟到"), ("absent", "缺勤")],
                        max_length=8,
                        verbose_name="更正为",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="迟到或缺勤的原因")),
                ("reason", models.CharField(max_length=200, verbose_name="更正原因")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "等待复核"),
                            ("approved", "已更正"),
                            ("rejected", "不予同意"),
                            ("cancelled", "已撤回"),
                        ],
                        default=zhenxue.training.data.AttendanceCorrectionState["PROPOSED"],
                        max_length=9,
                        verbose_name="状态",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("proposed_at", models.DateTimeField(verbose_name="提出时间")),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="复核时间")),
                ("decision_note", models.CharField(blank=True, max_length=200, verbose_name="复核意见")),
            ],
            options={
                "indexes": [models.Index(fields=["state", "proposed_at"], name="training_attcorrection_queue")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", zhenxue.training.data.AttendanceCorrectionState["PROPOSED"])),
                        fields=("attendance",),
                        name="training_attcorrection_waiting_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("from_state", models.F("to_state")), _negated=True),
                        name="training_attcorrection_changes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="training_attcorrection_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                ("state", zhenxue.training.data.AttendanceCorrectionState["PROPOSED"]),
                            ),
                            models.Q(
                                models.Q(
                                    ("state", zhenxue.training.data.AttendanceCorrectionState["PROPOSED"]),
                                    _negated=True,
                                ),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="training_attcorrection_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    zhenxue.training.data.AttendanceCorrectionState["PROPOSED"],
                                    zhenxue.training.data.AttendanceCorrectionState["CANCELLED"],
                                ],
                            ),
                            models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="training_attcorrection_two_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Amendment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="amendments", to="training.cohort"
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="training.planline",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("lesson", "调整线下课"), ("end_date", "调整结班日期"), ("make_up", "增加补课")],
                        max_length=10,
                        verbose_name="变更类别",
                    ),
                ),
                ("changes", models.JSONField(verbose_name="变更内容")),
                ("reason", models.TextField(verbose_name="变更理由")),
                (
                    "state",
                    models.CharField(
                        choices=[("filed", "待审批"), ("approved", "已批准"), ("returned", "不予批准")],
                        default=zhenxue.training.data.AmendmentState["FILED"],
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                (
                    "filed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("filed_at", models.DateTimeField()),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decision_note", models.TextField(blank=True, verbose_name="审批意见")),
                ("applying", models.BooleanField(default=False)),
                ("digest_before", models.CharField(blank=True, max_length=64, verbose_name="变更前摘要值")),
                ("digest_after", models.CharField(blank=True, max_length=64, verbose_name="变更后摘要值")),
            ],
            options={
                "indexes": [models.Index(fields=["state", "filed_at"], name="training_amendment_queue")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("applying", False),
                            ("state", zhenxue.training.data.AmendmentState["APPROVED"]),
                            _connector="OR",
                        ),
                        name="training_amendment_applying",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RosterImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="imports", to="training.cohort"
                    ),
                ),
                ("file_name", models.CharField(max_length=200, verbose_name="文件名")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "正在检查"),
                            ("checked", "等待确认"),
                            ("importing", "正在导入"),
                            ("done", "已导入"),
                            ("failed", "导入失败"),
                            ("discarded", "已放弃"),
                        ],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("rows", zhenxue.kernel.fields.SealedTextField(blank=True, verbose_name="名册")),
                ("accounts", zhenxue.kernel.fields.SealedTextField(blank=True, verbose_name="初始密码")),
                (
                    "passwords_state",
                    models.CharField(
                        choices=[
                            ("none", "未生成"),
                            ("making", "正在生成"),
                            ("ready", "等待下载"),
                            ("taken", "已下载"),
                            ("expired", "已过期"),
                        ],
                        default=zhenxue.training.data.PasswordsState["NONE"],
                        max_length=8,
                        verbose_name="初始密码清单",
                    ),
                ),
                ("passwords_again", models.BooleanField(default=False, verbose_name="包括发过没用过的")),
                ("passwords_done", models.PositiveIntegerField(default=0, verbose_name="初始密码已处理")),
                ("passwords_note", models.CharField(blank=True, max_length=300, verbose_name="初始密码说明")),
                ("passwords_until", models.DateTimeField(blank=True, null=True, verbose_name="清单保留到")),
                ("progress_at", models.DateTimeField(blank=True, null=True, verbose_name="最近进展")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="总行数")),
                ("valid", models.PositiveIntegerField(default=0, verbose_name="可导入")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="已处理")),
                ("imported", models.PositiveIntegerField(default=0, verbose_name="已导入")),
                ("skip_invalid", models.BooleanField(default=False, verbose_name="有问题的行不导入")),
                ("failure", models.CharField(blank=True, max_length=300, verbose_name="失败原因")),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="上传时间")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="完成时间")),
            ],
            options={
                "indexes": [models.Index(fields=["cohort", "created_at"], name="training_import_list")],
            },
        ),
    ]
