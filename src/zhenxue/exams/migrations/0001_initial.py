import django.db.models.deletion
import zhenxue.exams.data
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("identity", "0001_initial"),
        ("training", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="QuestionBank",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="题库名称")),
                ("created_at", models.DateTimeField(verbose_name="建立时间")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("organisation", "title"), name="exams_bank_title")],
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "bank",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="questions", to="exams.questionbank"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="题号")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="版本")),
                (
                    "kind",
                    models.CharField(
                        choices=[("single", "单选题"), ("multiple", "多选题"), ("true_false", "判断题")],
                        max_length=12,
                        verbose_name="题型",
                    ),
                ),
                ("stem", models.TextField(verbose_name="题干")),
                ("options", models.JSONField(default=list, verbose_name="选项")),
                ("answer", models.JSONField(verbose_name="答案")),
                ("explanation", models.TextField(blank=True, verbose_name="解析")),
                ("score", models.DecimalField(decimal_places=1, default=1, max_digits=5, verbose_name="默认分值")),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "在用"), ("replaced", "有新版本"), ("retired", "已停用")],
                        default=zhenxue.exams.data.QuestionState["ACTIVE"],
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(verbose_name="更新时间")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("bank", "number", "version"), name="exams_question_version"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", zhenxue.exams.data.QuestionState["ACTIVE"])),
                        fields=("bank", "number"),
                        name="exams_question_one_active",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", zhenxue.exams.data.QuestionState["ACTIVE"])),
                        fields=("bank", "digest"),
                        name="exams_question_no_double",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__gt", 0), ("score__lte", 100)), name="exams_question_score"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="QuestionImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "bank",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="imports", to="exams.questionbank"
                    ),
                ),
                ("file_name", models.CharField(max_length=200, verbose_name="文件名")),
                ("sha256", models.CharField(max_length=64)),
                ("rows", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[("checked", "等待确认"), ("saved", "已导入"), ("discarded", "已放弃")],
                        default=zhenxue.exams.data.ImportState["CHECKED"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("saved", models.PositiveIntegerField(default=0, verbose_name="导入题数")),
                ("created_at", models.DateTimeField(verbose_name="上传时间")),
            ],
        ),
        migrations.CreateModel(
            name="Paper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="试卷名称")),
                (
                    "multiple_rule",
                    models.CharField(
                        choices=[("all", "全部选对得分，漏选、错选不得分"), ("half", "漏选得一半分，错选不得分")],
                        default=zhenxue.exams.data.MultipleRule["ALL"],
                        max_length=8,
                        verbose_name="多选题计分",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "组卷中"), ("final", "已定稿"), ("retired", "已停用")],
                        default=zhenxue.exams.data.PaperState["DRAFT"],
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("total", models.DecimalField(decimal_places=1, default=0, max_digits=6, verbose_name="总分")),
                ("questions", models.PositiveIntegerField(default=0, verbose_name="题数")),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField(verbose_name="建立时间")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="定稿时间")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "title"), name="exams_paper_title"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", zhenxue.exams.data.PaperState["DRAFT"]),
                            models.Q(("questions__gte", 1), ("total__gt", 0)),
                            _connector="OR",
                        ),
                        name="exams_paper_final_counts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaperLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="exams.paper"
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="exams.question"
                    ),
                ),
                ("position", models.PositiveIntegerField(verbose_name="题序")),
                ("score", models.DecimalField(decimal_places=1, max_digits=5, verbose_name="分值")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("paper", "position"), name="exams_line_position"),
                    models.UniqueConstraint(fields=("paper", "question"), name="exams_line_question"),
                    models.CheckConstraint(
                        condition=models.Q(("score__gt", 0), ("score__lte", 100)), name="exams_line_score"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Exam",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.cohort"
                    ),
                ),
                ("stage_number", models.PositiveSmallIntegerField(verbose_name="阶段")),
                (
                    "paper",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="exams.paper"),
                ),
                ("title", models.CharField(max_length=120, verbose_name="考试名称")),
                ("opens_at", models.DateTimeField(verbose_name="开始时间")),
                ("closes_at", models.DateTimeField(verbose_name="结束时间")),
                ("duration_minutes", models.PositiveSmallIntegerField(verbose_name="答题时长")),
                ("pass_percent", models.PositiveSmallIntegerField(verbose_name="合格线")),
                ("attempts_allowed", models.PositiveSmallIntegerField(default=1, verbose_name="可考次数")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "未发布"),
                            ("scheduled", "已安排"),
                            ("closed", "已结束"),
                            ("cancelled", "已取消"),
                        ],
                        default=zhenxue.exams.data.ExamState["DRAFT"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="建立时间")),
                ("scheduled_at", models.DateTimeField(blank=True, null=True, verbose_name="发布时间")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="结束处理时间")),
            ],
            options={
                "indexes": [models.Index(fields=["state", "closes_at"], name="exams_exam_due")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", zhenxue.exams.data.ExamState["CANCELLED"]), _negated=True),
                        fields=("cohort", "title"),
                        name="exams_exam_title",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closes_at__gt", models.F("opens_at"))), name="exams_exam_times"
                    ),
                    models.CheckConstraint(condition=models.Q(("pass_percent__lte", 100)), name="exams_exam_pass"),
                    models.CheckConstraint(
                        condition=models.Q(("attempts_allowed__gte", 1), ("duration_minutes__gte", 1)),
                        name="exams_exam_minutes_attempts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="exams.exam"
                    ),
                ),
                (
                    "enrolment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.enrolment"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="第几次")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "作答中"),
                            ("submitted", "已交卷"),
                            ("marked", "已评分"),
                            ("voided", "已作废"),
                        ],
                        default=zhenxue.exams.data.AttemptState["OPEN"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="开始时间")),
                ("deadline_at", models.DateTimeField(verbose_name="截止时间")),
                ("submitted_at", models.DateTimeField(blank=True, null=True, verbose_name="交卷时间")),
                (
                    "ended_by",
                    models.CharField(
                        blank=True,
                        choices=[("learner", "本人交卷"), ("deadline", "到时自动交卷")],
                        max_length=10,
                        verbose_name="交卷方式",
                    ),
                ),
                ("sequence", models.PositiveIntegerField(default=0, verbose_name="已存次数")),
                ("device", models.CharField(max_length=64)),
                ("moves", models.PositiveSmallIntegerField(default=0, verbose_name="换设备次数")),
                (
                    "score",
                    models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True, verbose_name="得分"),
                ),
                ("passed", models.BooleanField(null=True, verbose_name="合格")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", zhenxue.exams.data.AttemptState["OPEN"])),
                        fields=["deadline_at"],
                        name="exams_attempt_due",
                    ),
                    models.Index(fields=["enrolment", "exam"], name="exams_attempt_enrolment"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("exam", "enrolment", "number"), name="exams_attempt_number"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", zhenxue.exams.data.AttemptState["OPEN"])),
                        fields=("exam", "enrolment"),
                        name="exams_attempt_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("deadline_at__gt", models.F("started_at"))), name="exams_attempt_times"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state", zhenxue.exams.data.AttemptState["OPEN"]), ("submitted_at__isnull", True)
                            ),
                            models.Q(
                                models.Q(("state", zhenxue.exams.data.AttemptState["OPEN"]), _negated=True),
                                ("submitted_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="exams_attempt_submitted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("passed__isnull", False),
                                ("score__isnull", False),
                                ("state", zhenxue.exams.data.AttemptState["MARKED"]),
                            ),
                            models.Q(
                                models.Q(("state", zhenxue.exams.data.AttemptState["MARKED"]), _negated=True),
                                ("passed__isnull", True),
                                ("score__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="exams_attempt_marked",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="answers", to="exams.attempt"
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="exams.question"
                    ),
                ),
                ("given", models.JSONField(default=list, verbose_name="作答")),
                ("sequence", models.PositiveIntegerField(verbose_name="保存序号")),
                ("client_sequence", models.PositiveBigIntegerField(default=0)),
                ("saved_at", models.DateTimeField(verbose_name="保存时间")),
                ("correct", models.BooleanField(null=True, verbose_name="正确")),
                ("awarded", models.DecimalField(decimal_places=1, max_digits=5, null=True, verbose_name="得分")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("attempt", "question"), name="exams_answer_once"),
                    models.UniqueConstraint(fields=("attempt", "sequence"), name="exams_answer_sequence"),
                ],
            },
        ),
    ]
