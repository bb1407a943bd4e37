import django.db.models.deletion
import zhenxue.identity.data
import zhenxue.kernel.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Region",
            fields=[
                (
                    "code",
                    models.CharField(max_length=6, primary_key=True, serialize=False, verbose_name="行政区划代码"),
                ),
                ("name", models.CharField(max_length=60, verbose_name="名称")),
                (
                    "level",
                    models.CharField(
                        choices=[("province", "省级"), ("city", "市级"), ("county", "县级")],
                        max_length=10,
                        verbose_name="级别",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.region",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RuleSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.region"
                    ),
                ),
                (
                    "programme_kind",
                    models.CharField(blank=True, default="", max_length=20, verbose_name="适用项目类别"),
                ),
                ("version", models.CharField(max_length=40, verbose_name="版本")),
                ("valid_from", models.DateField(verbose_name="起效日")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="失效日")),
                ("source", models.CharField(max_length=200, verbose_name="依据")),
                ("rules", models.JSONField(verbose_name="规则")),
                ("created_at", models.DateTimeField(verbose_name="登记时间")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("region", "programme_kind", "version"), name="identity_ruleset_kind_version"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True), ("valid_until__gt", models.F("valid_from")), _connector="OR"
                        ),
                        name="identity_ruleset_period",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("provider", "承训机构"),
                            ("enterprise", "企业用人单位"),
                            ("bureau", "人社部门"),
                            ("operator", "平台运营机构"),
                            ("platform", "线上培训平台"),
                        ],
                        max_length=12,
                        verbose_name="类别",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="机构名称")),
                ("uscc", models.CharField(max_length=18, unique=True, verbose_name="统一社会信用代码")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.region",
                        verbose_name="所属地区",
                    ),
                ),
                ("address", models.CharField(max_length=200, verbose_name="机构地址")),
                ("legal_representative", models.CharField(max_length=40, verbose_name="法定代表人")),
                ("contact_name", models.CharField(max_length=40, verbose_name="联系人")),
                ("contact_post", models.CharField(max_length=40, verbose_name="联系人职务")),
                ("contact_phone", zhenxue.kernel.fields.SealedTextField(verbose_name="联系人电话")),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "待核验"), ("verified", "已实名"), ("suspended", "已停用")],
                        default=zhenxue.identity.data.OrganisationState["PENDING"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("state_note", models.CharField(blank=True, max_length=200, verbose_name="状态说明")),
                ("created_at", models.DateTimeField(verbose_name="登记时间")),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="核验时间")),
            ],
            options={
                "indexes": [models.Index(fields=["region", "kind"], name="identity_org_region_kind")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["provider", "enterprise", "bureau", "operator", "platform"])),
                        name="identity_org_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "verified", "suspended"])),
                        name="identity_org_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", zhenxue.identity.data.OrganisationState["VERIFIED"]), _negated=True),
                            ("verified_at__isnull", False),
                            _connector="OR",
                        ),
                        name="identity_org_verified_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="姓名")),
                ("citizen_number", zhenxue.kernel.fields.SealedTextField(verbose_name="公民身份号码")),
                ("citizen_index", models.CharField(editable=False, max_length=64, unique=True)),
                ("birth_date", models.DateField(verbose_name="出生日期")),
                ("gender", models.CharField(choices=[("m", "男"), ("f", "女")], max_length=1, verbose_name="性别")),
                ("phone", zhenxue.kernel.fields.SealedTextField(blank=True, verbose_name="手机号码")),
                ("phone_index", models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                (
                    "social_card_number",
                    zhenxue.kernel.fields.SealedTextField(blank=True, verbose_name="电子社保卡号码"),
                ),
                ("social_card_index", models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                ("id_photo_front", models.CharField(blank=True, max_length=200, verbose_name="身份证人像面")),
                ("id_photo_back", models.CharField(blank=True, max_length=200, verbose_name="身份证国徽面")),
                ("portrait", models.CharField(blank=True, max_length=200, verbose_name="头像照片")),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="实名时间")),
                ("verified_by_method", models.CharField(blank=True, max_length=30, verbose_name="实名方式")),
                ("created_at", models.DateTimeField(verbose_name="登记时间")),
            ],
            options={
                "indexes": [models.Index(fields=["name"], name="identity_person_name")],
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("username", models.CharField(max_length=60, unique=True, verbose_name="登录名")),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
                ("must_change_password", models.BooleanField(default=True, verbose_name="须修改密码")),
                ("is_active", models.BooleanField(default=True, verbose_name="启用")),
                ("large_type", models.BooleanField(default=False, verbose_name="关怀版")),
                ("created_at", models.DateTimeField(verbose_name="开通时间")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.organisation",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("learner", "学员"),
                            ("teacher", "教师"),
                            ("provider_manager", "机构管理员"),
                            ("enterprise_manager", "企业管理员"),
                            ("bureau_officer", "人社监管人员"),
                            ("operator_reviewer", "平台审核员"),
                            ("operator_admin", "平台管理员"),
                            ("system", "系统"),
                        ],
                        max_length=20,
                        verbose_name="角色",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="有效")),
                ("created_at", models.DateTimeField(verbose_name="授予时间")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "organisation", "role"), name="identity_membership_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("organisation__isnull", True)),
                        fields=("account", "role"),
                        name="identity_membership_learner_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("organisation__isnull", True), ("role", zhenxue.identity.data.Role["LEARNER"])),
                            models.Q(
                                models.Q(("role", zhenxue.identity.data.Role["LEARNER"]), _negated=True),
                                ("organisation__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="identity_membership_organisation",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "role__in",
                                [
                                    "learner",
                                    "teacher",
                                    "provider_manager",
                                    "enterprise_manager",
                                    "bureau_officer",
                                    "operator_reviewer",
                                    "operator_admin",
                                ],
                            )
                        ),
                        name="identity_membership_role",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeviceKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("public_key", models.CharField(editable=False, max_length=87, verbose_name="公钥")),
                (
                    "fingerprint",
                    models.CharField(db_index=True, editable=False, max_length=64, verbose_name="设备指纹"),
                ),
                ("label", models.CharField(max_length=80, verbose_name="设备")),
                ("first_seen_at", models.DateTimeField(verbose_name="首次使用")),
                ("last_seen_at", models.DateTimeField(verbose_name="最近登录")),
                ("removed_at", models.DateTimeField(blank=True, null=True, verbose_name="移除时间")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "public_key"), name="identity_device_once_per_account"),
                    models.UniqueConstraint(
                        fields=("account", "fingerprint"), name="identity_fingerprint_once_per_account"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_seen_at__gte", models.F("first_seen_at"))),
                        name="identity_device_seen_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LoginSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("key_digest", models.CharField(max_length=64, unique=True)),
                (
                    "membership",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.membership",
                    ),
                ),
                ("device", models.CharField(max_length=80, verbose_name="设备")),
                (
                    "device_key",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.devicekey",
                    ),
                ),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                ("ip", models.GenericIPAddressField(null=True, verbose_name="网络地址")),
                ("opened_at", models.DateTimeField(verbose_name="登录时间")),
                ("seen_at", models.DateTimeField(verbose_name="最近活动")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="结束时间")),
                (
                    "end_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("signed_out", "本人退出"),
                            ("handed_over", "在另一台设备登录"),
                            ("expired", "长时间未使用"),
                            ("replaced", "同一设备重新登录"),
                            ("password_changed", "密码已修改"),
                            ("password_reset", "密码已由管理员重置"),
                            ("deactivated", "账号已停用"),
                            ("role_revoked", "角色已撤销"),
                            ("device_removed", "设备已由本人移除"),
                        ],
                        max_length=20,
                        verbose_name="结束原因",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["account", "-opened_at"], name="identity_session_account")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("account",),
                        name="identity_one_live_session",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AccessLogEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.organisation",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("learner", "学员"),
                            ("teacher", "教师"),
                            ("provider_manager", "机构管理员"),
                            ("enterprise_manager", "企业管理员"),
                            ("bureau_officer", "人社监管人员"),
                            ("operator_reviewer", "平台审核员"),
                            ("operator_admin", "平台管理员"),
                            ("system", "系统"),
                        ],
                        max_length=20,
                        verbose_name="角色",
                    ),
                ),
                ("at", models.DateTimeField(db_index=True)),
                ("method", models.CharField(max_length=8)),
                ("path", models.CharField(max_length=300)),
                ("status", models.PositiveSmallIntegerField()),
                ("ip", models.GenericIPAddressField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "-at"], name="identity_access_organisation"),
                    models.Index(fields=["account", "-at"], name="identity_access_account"),
                ],
            },
        ),
    ]
