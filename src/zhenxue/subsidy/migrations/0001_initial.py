import django.db.models.deletion
import zhenxue.subsidy.data
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
            name="Policy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.region",
                        verbose_name="地区",
                    ),
                ),
                (
                    "occupation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.occupation",
                        verbose_name="职业（工种）",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        blank=True,
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
                ("version", models.PositiveIntegerField(verbose_name="版本")),
                ("title", models.CharField(max_length=120, verbose_name="政策名称")),
                ("standard_cents", models.PositiveBigIntegerField(verbose_name="线下补贴标准（分/人）")),
                ("online_percent", models.PositiveSmallIntegerField(verbose_name="线上占标准的百分比")),
                (
                    "online_mode",
                    models.CharField(
                        choices=[
                            ("flat", "定额：线上部分 = 标准 × 百分比"),
                            ("pro_rata", "按学时：线上部分 = 标准 × 百分比 × 线上学时占比"),
                        ],
                        default=zhenxue.subsidy.data.OnlineMode["FLAT"],
                        max_length=10,
                        verbose_name="线上部分",
                    ),
                ),
                (
                    "offline_basis",
                    models.CharField(
                        choices=[
                            ("full", "全额：线下部分 = 标准"),
                            ("by_hours", "按学时：线下部分 = 标准 × 线下学时占比"),
                        ],
                        default=zhenxue.subsidy.data.OfflineBasis["FULL"],
                        max_length=10,
                        verbose_name="线下部分",
                    ),
                ),
                ("stage_shares", models.JSONField(verbose_name="各阶段比例")),
                ("source", models.CharField(max_length=300, verbose_name="依据")),
                ("valid_from", models.DateField(verbose_name="起效日")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="失效日")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="登记时间")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("occupation__isnull", False)),
                        fields=("region", "occupation", "level", "version"),
                        name="subsidy_policy_version",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("occupation__isnull", True)),
                        fields=("region", "level", "version"),
                        name="subsidy_policy_any_version",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("occupation__isnull", False)),
                        fields=("region", "occupation", "level", "valid_from"),
                        name="subsidy_policy_start",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("occupation__isnull", True)),
                        fields=("region", "level", "valid_from"),
                        name="subsidy_policy_any_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True), ("valid_until__gt", models.F("valid_from")), _connector="OR"
                        ),
                        name="subsidy_policy_period",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("online_percent__lte", 100)), name="subsidy_policy_percent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("standard_cents__gte", 1)), name="subsidy_policy_standard"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Claim",
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
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "草稿"),
                            ("submitted", "待县级审核"),
                            ("county_reviewed", "待市级审批"),
                            ("approved", "待拨付"),
                            ("paid", "已拨付"),
                            ("returned", "已退回"),
                        ],
                        default=zhenxue.subsidy.data.ClaimState["DRAFT"],
                        max_length=16,
                        verbose_name="状态",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="subsidy.policy",
                    ),
                ),
                ("terms", models.JSONField(default=dict, verbose_name="适用条款")),
                ("hours", models.JSONField(default=dict, verbose_name="方案学时")),
                ("digest", models.CharField(blank=True, max_length=64, verbose_name="申报摘要值")),
                ("learners", models.PositiveIntegerField(default=0, verbose_name="人数")),
                ("eligible", models.PositiveIntegerField(default=0, verbose_name="符合人数")),
                ("total_cents", models.PositiveBigIntegerField(default=0, verbose_name="金额（分）")),
                ("note", models.TextField(blank=True, verbose_name="申报说明")),
                ("created_at", models.DateTimeField(verbose_name="建立时间")),
                (
                    "submitted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("submitted_at", models.DateTimeField(blank=True, null=True, verbose_name="申报时间")),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reviewed_at", models.DateTimeField(blank=True, null=True, verbose_name="县级审核时间")),
                ("review_note", models.TextField(blank=True, verbose_name="县级意见")),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("approved_at", models.DateTimeField(blank=True, null=True, verbose_name="市级审批时间")),
                ("approval_note", models.TextField(blank=True, verbose_name="市级意见")),
                ("returned_at", models.DateTimeField(blank=True, null=True, verbose_name="退回时间")),
                ("return_reason", models.TextField(blank=True, verbose_name="退回原因")),
                (
                    "paid_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="拨付登记时间")),
                ("paid_on", models.DateField(blank=True, null=True, verbose_name="拨付日期")),
                ("voucher_number", models.CharField(blank=True, max_length=60, verbose_name="拨付凭证号")),
            ],
            options={
                "indexes": [models.Index(fields=["state", "submitted_at"], name="subsidy_claim_queue")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", zhenxue.subsidy.data.ClaimState["PAID"]), _negated=True),
                        fields=("cohort", "stage_number"),
                        name="subsidy_claim_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [zhenxue.subsidy.data.ClaimState["DRAFT"], zhenxue.subsidy.data.ClaimState["RETURNED"]],
                            ),
                            models.Q(("digest", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="subsidy_claim_frozen",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", zhenxue.subsidy.data.ClaimState["PAID"]), _negated=True),
                            models.Q(models.Q(("voucher_number", ""), _negated=True), ("paid_on__isnull", False)),
                            _connector="OR",
                        ),
                        name="subsidy_claim_voucher",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by__isnull", True),
                            models.Q(("approved_by", models.F("reviewed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="subsidy_claim_four_eyes",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="subsidy.claim"
                    ),
                ),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.cohort"
                    ),
                ),
                ("stage_number", models.PositiveSmallIntegerField()),
                (
                    "enrolment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.enrolment"
                    ),
                ),
                ("eligible", models.BooleanField(verbose_name="符合")),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", ""),
                            ("left", "已退出班期"),
                            ("hours", "本阶段课程未全部完成"),
                            ("exam", "本阶段考核未通过"),
                            ("claimed", "本阶段补贴已申报过"),
                            ("paid_elsewhere", "同一职业同一等级的本阶段补贴已在其他班期申报"),
                        ],
                        max_length=16,
                        verbose_name="原因",
                    ),
                ),
                ("amount_cents", models.PositiveBigIntegerField(default=0, verbose_name="金额（分）")),
                ("explanation", models.JSONField(default=list, verbose_name="计算说明")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("claim", "enrolment"), name="subsidy_line_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("eligible", True)),
                        fields=("cohort", "stage_number", "enrolment"),
                        name="subsidy_line_paid_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount_cents__gte", 1), ("eligible", True), ("reason", "")),
                            models.Q(("amount_cents", 0), ("eligible", False), models.Q(("reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="subsidy_line_amount",
                    ),
                ],
            },
        ),
    ]
