import django.db.models.deletion
import django.db.models.expressions
import zhenxue.ledger.data
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
            name="Span",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "enrolment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.enrolment"
                    ),
                ),
                ("kind", models.CharField(choices=[("online", "线上学习"), ("offline", "线下课")], max_length=8)),
                (
                    "unit",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.unit"
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.planline"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("credited", "已计入"),
                            ("refused", "未计入"),
                            ("withdrawn", "已撤销"),
                            ("made_up", "已补计"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", ""),
                            ("already_counted", "这一段已经计过学时，重复观看不再计入"),
                            ("daily_cap", "今天的学时已达到每日上限，明天可以继续学"),
                            ("unit_full", "这个单元的学时已经计满"),
                            ("clock", "进度比实际时间快了，网络卡顿时也会这样，只按实际时间计入"),
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
                ("from_ms", models.PositiveIntegerField(default=0)),
                ("to_ms", models.PositiveIntegerField(default=0)),
                ("seconds", models.IntegerField()),
                ("claimed_seconds", models.PositiveIntegerField()),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                ("day", models.DateField()),
                ("source", models.CharField(max_length=60)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["enrolment", "day"], name="ledger_span_enrolment_day"),
                    models.Index(
                        condition=models.Q(("line__isnull", False)),
                        fields=["enrolment", "line"],
                        name="ledger_span_line",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ended_at__gte", models.F("began_at"))), name="ledger_span_times"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                (zhenxue.ledger.data.SpanState["CREDITED"], zhenxue.ledger.data.SpanState["MADE_UP"]),
                            ),
                            ("seconds__lte", 0),
                            _connector="OR",
                        ),
                        name="ledger_span_refused_is_zero",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("line__isnull", True), ("unit__isnull", False)),
                            models.Q(("line__isnull", False), ("unit__isnull", True)),
                            _connector="OR",
                        ),
                        name="ledger_span_of_unit_or_line",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Coverage",
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
                ("covered", models.JSONField(default=list)),
                ("seconds", models.PositiveIntegerField(default=0)),
                ("credited_ms", models.PositiveIntegerField(default=0)),
                ("position_ms", models.PositiveIntegerField(default=0)),
                ("tested_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("enrolment", "unit"), name="ledger_coverage_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "credited_ms__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("seconds"), "*", models.Value(1000)
                                ),
                            ),
                            (
                                "credited_ms__lt",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("seconds"), "*", models.Value(1000)
                                    ),
                                    "+",
                                    models.Value(1000),
                                ),
                            ),
                        ),
                        name="ledger_coverage_whole_seconds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonClock",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="identity.person",
                    ),
                ),
                ("used_until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Day",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "enrolment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.enrolment"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
                ("day", models.DateField()),
                ("online_seconds", models.PositiveIntegerField(default=0)),
                ("offline_seconds", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["person", "day"], name="ledger_day_person")],
                "constraints": [models.UniqueConstraint(fields=("enrolment", "day"), name="ledger_day_once")],
            },
        ),
        migrations.CreateModel(
            name="CorrectionBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.cohort"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.unit"
                    ),
                ),
                ("first_day", models.DateField(verbose_name="从哪天")),
                ("last_day", models.DateField(verbose_name="到哪天")),
                ("since", models.TimeField(verbose_name="从几点")),
                ("until", models.TimeField(null=True, verbose_name="到几点")),
                ("reason", models.CharField(max_length=500, verbose_name="更正理由")),
                ("left_out", models.JSONField(default=list)),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("proposed_at", models.DateTimeField(verbose_name="提出时间")),
            ],
            options={
                "indexes": [models.Index(fields=["cohort", "proposed_at"], name="ledger_batch_cohort")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))), name="ledger_batch_days"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__isnull", True), ("until__gt", models.F("since")), _connector="OR"),
                        name="ledger_batch_times",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="ledger_batch_reason"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Correction",
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
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.correctionbatch",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("withdraw", "撤销学时"), ("make_up", "补计学时")], max_length=8, verbose_name="类别"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "学员已申请"),
                            ("proposed", "等待复核"),
                            ("approved", "已生效"),
                            ("rejected", "不予同意"),
                            ("cancelled", "已撤回"),
                        ],
                        max_length=9,
                        verbose_name="状态",
                    ),
                ),
                ("day", models.DateField(verbose_name="日期")),
                ("began_at", models.DateTimeField(verbose_name="开始")),
                ("ended_at", models.DateTimeField(verbose_name="结束")),
                ("seconds", models.PositiveIntegerField(verbose_name="秒数")),
                ("booked_seconds", models.IntegerField(default=0, verbose_name="已生效秒数")),
                (
                    "why_refused",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", ""),
                            ("already_counted", "这一段已经计过学时，重复观看不再计入"),
                            ("daily_cap", "今天的学时已达到每日上限，明天可以继续学"),
                            ("unit_full", "这个单元的学时已经计满"),
                            ("clock", "进度比实际时间快了，网络卡顿时也会这样，只按实际时间计入"),
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
                        verbose_name="原不计入原因",
                    ),
                ),
                ("request", models.CharField(blank=True, max_length=500, verbose_name="学员申请理由")),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("requested_at", models.DateTimeField(null=True, verbose_name="申请时间")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="更正理由")),
                (
                    "proposed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("proposed_at", models.DateTimeField(null=True, verbose_name="提出时间")),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="复核时间")),
                ("decision_note", models.CharField(blank=True, max_length=500, verbose_name="复核意见")),
                ("changed_at", models.DateTimeField(verbose_name="最近变化")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "changed_at"], name="ledger_correction_queue"),
                    models.Index(fields=["enrolment", "day"], name="ledger_correction_day"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ended_at__gt", models.F("began_at"))), name="ledger_correction_times"
                    ),
                    models.CheckConstraint(condition=models.Q(("seconds__gt", 0)), name="ledger_correction_seconds"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state", zhenxue.ledger.data.CorrectionState["APPROVED"]),
                                models.Q(("booked_seconds", 0), _negated=True),
                            ),
                            models.Q(
                                models.Q(("state", zhenxue.ledger.data.CorrectionState["APPROVED"]), _negated=True),
                                ("booked_seconds", 0),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_correction_booked_when_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("booked_seconds__gte", 0), ("kind", zhenxue.ledger.data.CorrectionKind["MAKE_UP"])
                            ),
                            models.Q(
                                ("booked_seconds__lte", 0), ("kind", zhenxue.ledger.data.CorrectionKind["WITHDRAW"])
                            ),
                            _connector="OR",
                        ),
                        name="ledger_correction_sign",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", zhenxue.ledger.data.CorrectionState["APPROVED"]), _negated=True),
                            models.Q(("decided_by__isnull", False), ("proposed_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="ledger_correction_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "state__in",
                                    [
                                        zhenxue.ledger.data.CorrectionState["APPROVED"],
                                        zhenxue.ledger.data.CorrectionState["REJECTED"],
                                    ],
                                ),
                                _negated=True,
                            ),
                            models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="ledger_correction_other_than_proposer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", zhenxue.ledger.data.CorrectionState["APPROVED"]), _negated=True),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="ledger_correction_other_than_requester",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                (
                                    "state__in",
                                    (
                                        zhenxue.ledger.data.CorrectionState["REQUESTED"],
                                        zhenxue.ledger.data.CorrectionState["PROPOSED"],
                                    ),
                                ),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "state__in",
                                        (
                                            zhenxue.ledger.data.CorrectionState["REQUESTED"],
                                            zhenxue.ledger.data.CorrectionState["PROPOSED"],
                                        ),
                                    ),
                                    _negated=True,
                                ),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_correction_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("requested_by__isnull", False), models.Q(("request", ""), _negated=True)),
                            models.Q(
                                ("proposed_by__isnull", False),
                                ("requested_by__isnull", True),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_correction_has_reason",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                (
                                    zhenxue.ledger.data.CorrectionState["REQUESTED"],
                                    zhenxue.ledger.data.CorrectionState["PROPOSED"],
                                ),
                            )
                        ),
                        fields=("enrolment", "unit", "kind", "began_at"),
                        name="ledger_correction_waiting_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.cohort"
                    ),
                ),
                (
                    "enrolment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="training.enrolment",
                    ),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="理由")),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("set_at", models.DateTimeField(verbose_name="设立时间")),
                (
                    "released_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("released_at", models.DateTimeField(null=True, verbose_name="解除时间")),
                ("release_reason", models.CharField(blank=True, max_length=500, verbose_name="解除理由")),
            ],
            options={
                "indexes": [models.Index(fields=["cohort", "enrolment"], name="ledger_hold_cohort")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="ledger_hold_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("release_reason", ""), ("released_at__isnull", True), ("released_by__isnull", True)
                            ),
                            models.Q(
                                ("released_at__isnull", False),
                                ("released_by__isnull", False),
                                models.Q(("release_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_hold_release",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("enrolment__isnull", True), ("released_at__isnull", True)),
                        fields=("cohort",),
                        name="ledger_hold_cohort_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("enrolment__isnull", False), ("released_at__isnull", True)),
                        fields=("enrolment",),
                        name="ledger_hold_enrolment_once",
                    ),
                ],
            },
        ),
    ]
