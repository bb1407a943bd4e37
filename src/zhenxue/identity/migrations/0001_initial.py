import django.db.models.deletion
import zhenxue.identity.data.people
import zhenxue.identity.data.verifying
import zhenxue.kernel.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("username", models.CharField(max_length=60, unique=True, verbose_name="登录名")),
                ("must_change_password", models.BooleanField(default=True, verbose_name="须修改密码")),
                ("is_active", models.BooleanField(default=True, verbose_name="启用")),
                ("large_type", models.BooleanField(default=False, verbose_name="关怀版")),
                ("unread", models.PositiveIntegerField(default=0, editable=False, verbose_name="未读通知")),
                ("created_at", models.DateTimeField(verbose_name="开通时间")),
            ],
            options={
                "abstract": False,
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
                ("address", models.CharField(max_length=200, verbose_name="机构地址")),
                ("legal_representative", models.CharField(max_length=40, verbose_name="法定代表人")),
                ("contact_name", models.CharField(max_length=40, verbose_name="联系人")),
                ("contact_post", models.CharField(max_length=40, verbose_name="联系人职务")),
                ("contact_phone", zhenxue.kernel.fields.SealedTextField(verbose_name="联系人电话")),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "待核验"), ("verified", "已实名"), ("suspended", "已停用")],
                        default=zhenxue.identity.data.people.OrganisationState["PENDING"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("state_note", models.CharField(blank=True, max_length=200, verbose_name="状态说明")),
                ("created_at", models.DateTimeField(verbose_name="登记时间")),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="核验时间")),
            ],
        ),
        migrations.CreateModel(
            name="DeviceKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_key", models.CharField(editable=False, max_length=87, verbose_name="公钥")),
                (
                    "fingerprint",
                    models.CharField(db_index=True, editable=False, max_length=64, verbose_name="设备指纹"),
                ),
                ("label", models.CharField(max_length=80, verbose_name="设备")),
                ("first_seen_at", models.DateTimeField(verbose_name="首次使用")),
                ("last_seen_at", models.DateTimeField(verbose_name="最近登录")),
                ("removed_at", models.DateTimeField(blank=True, null=True, verbose_name="移除时间")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
            ],
        ),
        migrations.CreateModel(
            name="LoginSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key_digest", models.CharField(max_length=64, unique=True)),
                ("device", models.CharField(max_length=80, verbose_name="设备")),
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
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
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
                (
                    "membership",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.membership",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AccessLogEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
            ],
        ),
        migrations.CreateModel(
            name="OrganisationDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("licence", "营业执照（登记证书）"),
                            ("school", "民办学校办学许可证"),
                            ("labour", "人力资源服务许可证"),
                            ("record", "培训备案（目录）文件"),
                            ("security", "网络安全等级保护备案证明"),
                            ("software", "软件著作权登记证书"),
                            ("network", "互联网信息服务许可（ICP）备案"),
                            ("other", "其他资质"),
                        ],
                        max_length=12,
                        verbose_name="种类",
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=80, verbose_name="名称")),
                ("number", models.CharField(max_length=60, verbose_name="编号")),
                ("path", models.CharField(max_length=200, verbose_name="文件")),
                ("file_name", models.CharField(max_length=120, verbose_name="文件名")),
                ("sha256", models.CharField(max_length=64, verbose_name="文件摘要")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="有效期起")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="有效期止")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "待审核"),
                            ("accepted", "已通过"),
                            ("refused", "已退回"),
                            ("replaced", "已更换"),
                        ],
                        default=zhenxue.identity.data.verifying.DocumentState["WAITING"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="审核意见")),
                ("reminded", models.SmallIntegerField(blank=True, null=True, verbose_name="最近提醒")),
                ("uploaded_at", models.DateTimeField(verbose_name="上传时间")),
                ("reviewed_at", models.DateTimeField(blank=True, null=True, verbose_name="审核时间")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
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
                ("verified_strength", models.PositiveSmallIntegerField(default=0, verbose_name="实名强度")),
                ("created_at", models.DateTimeField(verbose_name="登记时间")),
            ],
            options={
                "indexes": [models.Index(fields=["name"], name="identity_person_name")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_strength", 0),
                            models.Q(("verified_at__isnull", False), ("verified_strength__lte", 3)),
                            _connector="OR",
                        ),
                        name="identity_person_strength",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IdentityCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "正在识别"),
                            ("read", "已识别，待本人核对"),
                            ("unreadable", "没有识别出来"),
                            ("confirmed", "本人已核对"),
                        ],
                        default=zhenxue.identity.data.verifying.CardState["WAITING"],
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=1)),
                ("reading", zhenxue.kernel.fields.SealedTextField(blank=True, verbose_name="识别结果")),
                ("confirmed", zhenxue.kernel.fields.SealedTextField(blank=True, verbose_name="本人核对结果")),
                ("differences", models.JSONField(default=list, verbose_name="不一致项")),
                ("problem", models.CharField(blank=True, max_length=200, verbose_name="识别问题")),
                ("engine", models.CharField(blank=True, max_length=80, verbose_name="识别引擎")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="证件有效期止")),
                ("sent_at", models.DateTimeField(verbose_name="上传时间")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="识别时间")),
                ("confirmed_at", models.DateTimeField(blank=True, null=True, verbose_name="核对时间")),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "purpose",
                    models.CharField(
                        choices=[("face", "人脸识别"), ("identity_documents", "身份证件信息")],
                        max_length=20,
                        verbose_name="事项",
                    ),
                ),
                ("text_version", models.CharField(max_length=20, verbose_name="文本版本")),
                ("text_digest", models.CharField(max_length=64, verbose_name="文本摘要")),
                ("given_at", models.DateTimeField(verbose_name="同意时间")),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="撤回时间")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="account",
            name="person",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
            ),
        ),
        migrations.CreateModel(
            name="PhoneCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("phone", zhenxue.kernel.fields.SealedTextField(verbose_name="手机号码")),
                ("phone_index", models.CharField(db_index=True, editable=False, max_length=64)),
                ("salt", models.CharField(editable=False, max_length=32)),
                ("digest", models.CharField(editable=False, max_length=64)),
                ("asked_at", models.DateTimeField(verbose_name="发送时间")),
                ("expires_at", models.DateTimeField(verbose_name="失效时间")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="输错次数")),
                ("failed", models.BooleanField(default=False, verbose_name="没有发出")),
                ("used_at", models.DateTimeField(blank=True, null=True, verbose_name="验证时间")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
            ],
        ),
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
        migrations.AddField(
            model_name="organisation",
            name="region",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="identity.region",
                verbose_name="所属地区",
            ),
        ),
        migrations.CreateModel(
            name="RuleSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.region"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("method", models.CharField(max_length=30, verbose_name="方式")),
                ("strength", models.PositiveSmallIntegerField(verbose_name="强度")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("started", "办理中"),
                            ("waiting", "等待审核"),
                            ("passed", "已通过"),
                            ("refused", "未通过"),
                            ("dropped", "已取消"),
                        ],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="申请说明")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="结果说明")),
                ("facts", models.JSONField(default=dict)),
                ("secret", zhenxue.kernel.fields.SealedTextField(blank=True)),
                ("state_digest", models.CharField(blank=True, editable=False, max_length=64)),
                ("started_at", models.DateTimeField(verbose_name="开始时间")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="失效时间")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="结果时间")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="终止时间")),
                ("end_reason", models.CharField(blank=True, max_length=200, verbose_name="终止原因")),
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
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="devicekey",
            constraint=models.UniqueConstraint(
                fields=("account", "public_key"), name="identity_device_once_per_account"
            ),
        ),
        migrations.AddConstraint(
            model_name="devicekey",
            constraint=models.UniqueConstraint(
                fields=("account", "fingerprint"), name="identity_fingerprint_once_per_account"
            ),
        ),
        migrations.AddConstraint(
            model_name="devicekey",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_seen_at__gte", models.F("first_seen_at"))),
                name="identity_device_seen_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="loginsession",
            index=models.Index(fields=["account", "-opened_at"], name="identity_session_account"),
        ),
        migrations.AddConstraint(
            model_name="loginsession",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("account",), name="identity_one_live_session"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("account", "organisation", "role"), name="identity_membership_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                condition=models.Q(("organisation__isnull", True)),
                fields=("account", "role"),
                name="identity_membership_learner_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("organisation__isnull", True), ("role", zhenxue.identity.data.people.Role["LEARNER"])),
                    models.Q(
                        models.Q(("role", zhenxue.identity.data.people.Role["LEARNER"]), _negated=True),
                        ("organisation__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="identity_membership_organisation",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddIndex(
            model_name="accesslogentry",
            index=models.Index(fields=["organisation", "-at"], name="identity_access_organisation"),
        ),
        migrations.AddIndex(
            model_name="accesslogentry",
            index=models.Index(fields=["account", "-at"], name="identity_access_account"),
        ),
        migrations.AddIndex(
            model_name="organisationdocument",
            index=models.Index(fields=["organisation", "kind"], name="identity_document_owner"),
        ),
        migrations.AddIndex(
            model_name="organisationdocument",
            index=models.Index(fields=["valid_until"], name="identity_document_expiry"),
        ),
        migrations.AddConstraint(
            model_name="organisationdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "accepted", "refused", "replaced"])),
                name="identity_document_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisationdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["licence", "school", "labour", "record", "security", "software", "network", "other"])
                ),
                name="identity_document_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisationdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until__isnull", True),
                    ("valid_from__isnull", True),
                    ("valid_until__gt", models.F("valid_from")),
                    _connector="OR",
                ),
                name="identity_document_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitycard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", zhenxue.identity.data.verifying.CardState["CONFIRMED"]), _negated=True),
                    ("confirmed_at__isnull", False),
                    _connector="OR",
                ),
                name="identity_card_confirmed_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitycard",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "read", "unreadable", "confirmed"])),
                name="identity_card_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=("person", "purpose"),
                name="identity_one_living_consent",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["face", "identity_documents"])), name="identity_consent_purpose"
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("withdrawn_at__isnull", True), ("withdrawn_at__gte", models.F("given_at")), _connector="OR"
                ),
                name="identity_consent_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="phonecode",
            index=models.Index(fields=["person", "-asked_at"], name="identity_code_person"),
        ),
        migrations.AddConstraint(
            model_name="phonecode",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("asked_at"))), name="identity_code_lives"
            ),
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(fields=["region", "kind"], name="identity_org_region_kind"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["provider", "enterprise", "bureau", "operator", "platform"])),
                name="identity_org_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "verified", "suspended"])), name="identity_org_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", zhenxue.identity.data.people.OrganisationState["VERIFIED"]), _negated=True),
                    ("verified_at__isnull", False),
                    _connector="OR",
                ),
                name="identity_org_verified_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleset",
            constraint=models.UniqueConstraint(
                fields=("region", "programme_kind", "version"), name="identity_ruleset_kind_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleset",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until__isnull", True), ("valid_until__gt", models.F("valid_from")), _connector="OR"
                ),
                name="identity_ruleset_period",
            ),
        ),
        migrations.AddIndex(
            model_name="verification",
            index=models.Index(fields=["person", "-started_at"], name="identity_verification_person"),
        ),
        migrations.AddIndex(
            model_name="verification",
            index=models.Index(fields=["state", "started_at"], name="identity_verification_queue"),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(("strength__gte", 1), ("strength__lte", 3)), name="identity_verification_strength"
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["started", "waiting", "passed", "refused", "dropped"])),
                name="identity_verification_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_at__isnull", True),
                        (
                            "state__in",
                            (
                                zhenxue.identity.data.verifying.VerificationState["STARTED"],
                                zhenxue.identity.data.verifying.VerificationState["WAITING"],
                            ),
                        ),
                    ),
                    models.Q(
                        models.Q(
                            (
                                "state__in",
                                (
                                    zhenxue.identity.data.verifying.VerificationState["STARTED"],
                                    zhenxue.identity.data.verifying.VerificationState["WAITING"],
                                ),
                            ),
                            _negated=True,
                        ),
                        ("decided_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="identity_verification_decided_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at__isnull", True),
                    ("state", zhenxue.identity.data.verifying.VerificationState["PASSED"]),
                    _connector="OR",
                ),
                name="identity_verification_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        (
                            zhenxue.identity.data.verifying.VerificationState["STARTED"],
                            zhenxue.identity.data.verifying.VerificationState["WAITING"],
                        ),
                    )
                ),
                fields=("person", "method"),
                name="identity_verification_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state_digest", ""), _negated=True),
                fields=("state_digest",),
                name="identity_verification_errand",
            ),
        ),
    ]
