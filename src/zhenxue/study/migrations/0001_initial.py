import django.db.models.deletion
import django.db.models.expressions
import zhenxue.study.data
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("catalogue", "0001_initial"),
        ("identity", "0001_initial"),
        ("training", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StudySession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
                (
                    "enrolment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.enrolment"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.unit"
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sign_in",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.loginsession",
                    ),
                ),
                ("sign_in_digest", models.CharField(max_length=64)),
                ("tab", models.CharField(blank=True, max_length=40)),
                ("device", models.CharField(max_length=80, verbose_name="设备")),
                ("device_fingerprint", models.CharField(blank=True, max_length=64)),
                ("ip", models.GenericIPAddressField(null=True, verbose_name="网络地址")),
                ("opened_at", models.DateTimeField(verbose_name="打开时间")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "学习中"), ("ended", "已结束")],
                        default=zhenxue.study.data.SessionState["OPEN"],
                        max_length=6,
                    ),
                ),
                (
                    "end_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", ""),
                            ("left", "离开了学习页"),
                            ("handed_over", "学习已转到另一个页面"),
                            ("resumed", "同一页面重新打开"),
                            ("silent", "长时间没有联系，已自动结束"),
                            ("signed_out", "已退出登录"),
                            ("cohort_closed", "班期已结束"),
                            ("device_taken", "这台设备换了别人学习"),
                        ],
                        max_length=14,
                        verbose_name="结束原因",
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True, verbose_name="结束时间")),
                ("paced", models.BooleanField()),
                ("unit_ms", models.PositiveIntegerField()),
                ("finish_ms", models.PositiveIntegerField()),
                ("beat_ms", models.PositiveIntegerField()),
                ("max_gap_ms", models.PositiveIntegerField()),
                ("max_rate_percent", models.PositiveSmallIntegerField()),
                ("idle_ms", models.PositiveIntegerField()),
                ("counts_until_ms", models.BigIntegerField()),
                ("cap_ms", models.PositiveIntegerField()),
                ("slots", models.PositiveSmallIntegerField(default=0)),
                ("slot_ms", models.PositiveIntegerField(default=0)),
                ("check_min_ms", models.PositiveIntegerField(default=0)),
                ("check_max_ms", models.PositiveIntegerField(default=0)),
                ("check_answer_ms", models.PositiveIntegerField(default=0)),
                ("key_lead_ms", models.PositiveIntegerField(default=0)),
                ("opened_reach_ms", models.PositiveIntegerField(default=0)),
                ("beat_key", models.CharField(blank=True, max_length=64)),
                ("released", models.TextField(default="[]")),
                ("refusals", models.TextField(default="{}")),
                ("number", models.PositiveIntegerField(default=0)),
                ("ticket_digest", models.CharField(max_length=64)),
                ("last_ticket_digest", models.CharField(blank=True, max_length=64)),
                ("last_gained_ms", models.PositiveIntegerField(default=0)),
                ("last_reason", models.CharField(blank=True, max_length=20)),
                ("clock_ms", models.BigIntegerField()),
                ("last_beat_ms", models.BigIntegerField()),
                ("position_ms", models.PositiveIntegerField(default=0)),
                ("covered", models.TextField(default="[]")),
                ("credited_ms", models.PositiveIntegerField(default=0)),
                ("day_end_ms", models.BigIntegerField()),
                ("day_left_ms", models.PositiveIntegerField()),
                ("check_left_ms", models.PositiveIntegerField(default=0)),
                ("check_nonce", models.CharField(blank=True, max_length=16)),
                ("check_asked_ms", models.BigIntegerField(default=0)),
                ("checks_missed", models.PositiveSmallIntegerField(default=0)),
                ("settled_number", models.PositiveIntegerField(default=0)),
                ("settled_ms", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", zhenxue.study.data.SessionState["OPEN"])),
                        fields=["opened_at"],
                        name="study_session_open",
                    ),
                    models.Index(fields=["enrolment", "opened_at"], name="study_session_enrolment"),
                    models.Index(
                        condition=models.Q(("device_fingerprint", ""), _negated=True),
                        fields=["device_fingerprint", "opened_at"],
                        name="study_session_device",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", zhenxue.study.data.SessionState["OPEN"])),
                        fields=("person",),
                        name="study_one_open_session",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state", zhenxue.study.data.SessionState["OPEN"]),
                            models.Q(("device_fingerprint", ""), _negated=True),
                        ),
                        fields=("device_fingerprint",),
                        name="study_one_open_on_device",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", zhenxue.study.data.SessionState["OPEN"]), ("beat_key", ""), _connector="OR"
                        ),
                        name="study_session_key_only_while_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("end_reason", ""),
                                ("ended_at__isnull", True),
                                ("state", zhenxue.study.data.SessionState["OPEN"]),
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("state", zhenxue.study.data.SessionState["ENDED"]),
                                models.Q(("end_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="study_session_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("settled_number__lte", models.F("number"))), name="study_session_settled"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Beat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="beats", to="study.studysession"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("accepted", models.BooleanField()),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("tick", "定时"),
                            ("pause", "暂停"),
                            ("seek", "拖动"),
                            ("hide", "切到后台"),
                            ("end", "播放结束"),
                            ("close", "关闭页面"),
                        ],
                        max_length=5,
                    ),
                ),
                ("received_ms", models.BigIntegerField()),
                ("began_ms", models.BigIntegerField()),
                ("ended_ms", models.BigIntegerField()),
                ("from_ms", models.PositiveIntegerField()),
                ("to_ms", models.PositiveIntegerField()),
                ("claimed_ms", models.PositiveIntegerField()),
                ("credit_ms", models.PositiveIntegerField()),
                ("rate_percent", models.PositiveSmallIntegerField()),
                ("visible", models.BooleanField()),
                ("focused", models.BooleanField()),
                ("playing", models.BooleanField()),
                ("idle_ms", models.PositiveIntegerField()),
                ("page", models.PositiveSmallIntegerField(default=0)),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", ""),
                            ("already_counted", "这一段已经计过学时，重复观看不再计入"),
                            ("daily_cap", "今天的学时已达到每日上限，明天可以继续学"),
                            ("unit_full", "这个单元的学时已经计满"),
                            ("clock", "上报的时长超过实际经过的时间，只按实际时间计入"),
                            ("hidden", "页面不在前台，这段时间不计入"),
                            ("not_playing", "没有播放，这段时间不计入"),
                            ("no_proof", "这次上报没有带学习凭证，不计入"),
                            ("replayed", "这张学习凭证已经用过，重复上报不计入"),
                            ("out_of_order", "学习凭证的顺序不对，不计入"),
                            ("foreign", "学习凭证不属于这次学习，请回到课程页重新进入"),
                            ("device", "上报不是由打开学习的那台设备发出的，不计入"),
                            ("no_key", "这段视频还没有在本页加载播放，不计入"),
                            ("page_full", "这一页的时间已经计满，请接着看下一页"),
                            ("check", "没有点“我在学习”，确认之前的时间不计入"),
                            ("presence", "在学核验还没有完成，这段时间不计入"),
                            ("unproven", "没有按时完成在学核验，从上一次核验起先不计入，按期补做后恢复"),
                            ("ruled", "核查认定这段学习不属实，学时已撤销"),
                            ("jump", "播放位置跳到了还没学的内容，这段不计入"),
                            ("rate", "播放速度超过允许的倍速，这段不计入"),
                            ("gap", "中间断开太久，断开的时间不计入"),
                            ("ended", "学习已在别处打开，本页已停止计时"),
                            ("cohort_closed", "班期不在培训时间内，不计入学时"),
                            ("idle", "很久没有操作，已暂停计时，点一下页面继续"),
                            ("overlap", "同一时间已在别处计入学时，不重复计入"),
                            ("self_test", "自测已合格，不再计时"),
                            ("absent", "缺勤"),
                            ("late", "迟到，只计实际上课时间"),
                            ("corrected", "考勤更正"),
                        ],
                        max_length=20,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("accepted", True)),
                        fields=("session", "number"),
                        name="study_beat_number_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accepted", True), ("credit_ms", 0), _connector="OR"),
                        name="study_beat_refused_is_zero",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "ended_ms__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("began_ms"), "+", models.F("credit_ms")
                                ),
                            )
                        ),
                        name="study_beat_within_clock",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SelfTest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "enrolment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.enrolment"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.unit"
                    ),
                ),
                ("answers", models.JSONField()),
                ("percent", models.PositiveSmallIntegerField()),
                ("passed", models.BooleanField()),
                ("submitted_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["enrolment", "unit"], name="study_self_test_unit")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("percent__lte", 100)), name="study_self_test_percent")
                ],
            },
        ),
        migrations.CreateModel(
            name="BeatArchive",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="月份")),
                ("part", models.PositiveSmallIntegerField(verbose_name="部分")),
                ("path", models.CharField(max_length=200, unique=True)),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("size_bytes", models.BigIntegerField(verbose_name="大小")),
                ("row_count", models.PositiveIntegerField(verbose_name="行数")),
                ("session_count", models.PositiveIntegerField(verbose_name="学习会话数")),
                ("credit_ms", models.BigIntegerField()),
                ("first_ms", models.BigIntegerField()),
                ("last_ms", models.BigIntegerField()),
                ("schema_version", models.PositiveSmallIntegerField()),
                ("keep_until", models.DateField(verbose_name="保存到")),
                ("archived_at", models.DateTimeField(verbose_name="归档时间")),
                (
                    "state",
                    models.CharField(
                        choices=[("sealed", "已归档"), ("restored", "已恢复到数据库")],
                        default=zhenxue.study.data.ArchiveState["SEALED"],
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                ("checking_since", models.DateTimeField(null=True)),
                ("verified_at", models.DateTimeField(null=True, verbose_name="最近核对")),
                ("fault", models.CharField(blank=True, max_length=300, verbose_name="核对结果")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("month", "part"), name="study_archive_part_once"),
                    models.CheckConstraint(
                        condition=models.Q(("row_count__gt", 0), ("session_count__gt", 0)), name="study_archive_filled"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_ms__gte", models.F("first_ms"))), name="study_archive_times"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ArchivedSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "archive",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sessions", to="study.beatarchive"
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="study.studysession"
                    ),
                ),
                ("row_count", models.PositiveIntegerField()),
                ("credit_ms", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("session", "archive"), name="study_archived_session_once"),
                    models.CheckConstraint(
                        condition=models.Q(("row_count__gt", 0)), name="study_archived_session_filled"
                    ),
                ],
            },
        ),
    ]
