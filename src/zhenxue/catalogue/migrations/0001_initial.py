import django.db.models.deletion
import zhenxue.catalogue.data
import zhenxue.kernel.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("identity", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Occupation",
            fields=[
                ("code", models.CharField(max_length=12, primary_key=True, serialize=False, verbose_name="职业编码")),
                ("name", models.CharField(max_length=120, verbose_name="职业名称")),
                ("level", models.CharField(max_length=8, verbose_name="层级")),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.occupation",
                    ),
                ),
                ("agreement", models.CharField(max_length=8, verbose_name="来源一致性")),
            ],
        ),
        migrations.CreateModel(
            name="Standard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("national", "国家职业标准"),
                            ("specialised", "专项职业能力考核规范"),
                            ("post", "企业岗位规范"),
                        ],
                        max_length=12,
                        verbose_name="类别",
                    ),
                ),
                ("code", models.CharField(max_length=60, verbose_name="编号")),
                ("name", models.CharField(max_length=160, verbose_name="名称")),
                (
                    "occupation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.occupation",
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
                ("source", models.CharField(max_length=200, verbose_name="来源")),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "code"), name="catalogue_standard_code"),
                    models.UniqueConstraint(
                        condition=models.Q(("organisation__isnull", True)),
                        fields=("code",),
                        name="catalogue_public_standard_code",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Point",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "standard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="points", to="catalogue.standard"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("knowledge", "知识点"), ("skill", "技能点")], max_length=10, verbose_name="类别"
                    ),
                ),
                ("code", models.CharField(max_length=40, verbose_name="编号")),
                ("title", models.CharField(max_length=300, verbose_name="内容")),
                ("chapter", models.CharField(blank=True, max_length=160, verbose_name="职业功能/工作内容")),
                ("position", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("standard", "code"), name="catalogue_point_code")],
            },
        ),
        migrations.CreateModel(
            name="Course",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="课程名称")),
                (
                    "occupation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.occupation",
                    ),
                ),
                (
                    "standard",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.standard",
                    ),
                ),
                (
                    "domain",
                    models.CharField(
                        choices=[
                            ("general", "通用素质类"),
                            ("skill", "职业技能类"),
                            ("ability", "专项职业能力类"),
                            ("startup", "创新创业类"),
                        ],
                        max_length=10,
                        verbose_name="资源分类",
                    ),
                ),
                ("target_groups", models.JSONField(default=list, verbose_name="适用对象")),
                ("prerequisites", models.TextField(blank=True, verbose_name="前置要求")),
                ("introduction", models.TextField(blank=True, verbose_name="主要学习内容")),
                ("features", models.TextField(blank=True, verbose_name="项目特点")),
                ("organisation_form", models.TextField(blank=True, verbose_name="培训方式及组织形式")),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="CourseVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="catalogue.course"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="版本")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "草稿"),
                            ("in_review", "审校中"),
                            ("returned", "退回修改"),
                            ("published", "已发布"),
                            ("withdrawn", "已下架"),
                        ],
                        default=zhenxue.catalogue.data.VersionState["DRAFT"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("review_note", models.TextField(blank=True, verbose_name="审校意见")),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("frozen_at", models.DateTimeField(blank=True, null=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("facts", models.JSONField(default=dict, verbose_name="课程信息")),
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
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["state", "submitted_at"], name="catalogue_version_queue")],
                "constraints": [
                    models.UniqueConstraint(fields=("course", "number"), name="catalogue_version_number"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("frozen_at__isnull", True),
                            (
                                "state__in",
                                [
                                    zhenxue.catalogue.data.VersionState["PUBLISHED"],
                                    zhenxue.catalogue.data.VersionState["WITHDRAWN"],
                                ],
                            ),
                            _connector="OR",
                        ),
                        name="catalogue_version_frozen_is_published",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    zhenxue.catalogue.data.VersionState["DRAFT"],
                                    zhenxue.catalogue.data.VersionState["IN_REVIEW"],
                                    zhenxue.catalogue.data.VersionState["RETURNED"],
                                ],
                            )
                        ),
                        fields=("course",),
                        name="catalogue_one_open_version",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Material",
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
                        choices=[("video", "视频"), ("document", "文档"), ("image", "图片")],
                        max_length=10,
                        verbose_name="类别",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="名称")),
                ("file_name", models.CharField(max_length=200, verbose_name="文件名")),
                ("path", models.CharField(max_length=200)),
                ("size_bytes", models.PositiveBigIntegerField(verbose_name="大小")),
                ("sha256", models.CharField(max_length=64)),
                ("licence_note", models.CharField(max_length=300, verbose_name="授权说明")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "等待处理"),
                            ("processing", "处理中"),
                            ("ready", "可用"),
                            ("failed", "处理失败"),
                        ],
                        default=zhenxue.catalogue.data.MaterialState["UPLOADED"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("progress", models.PositiveSmallIntegerField(default=0, verbose_name="进度")),
                ("failure", models.CharField(blank=True, max_length=300, verbose_name="失败原因")),
                ("content_type", models.CharField(blank=True, max_length=60, verbose_name="格式")),
                ("pages", models.PositiveIntegerField(default=0, verbose_name="页数")),
                ("width", models.PositiveIntegerField(default=0, verbose_name="宽")),
                ("height", models.PositiveIntegerField(default=0, verbose_name="高")),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "kind", "state"], name="catalogue_material_shelf")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("progress__lte", 100)), name="catalogue_material_progress"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("licence_note", ""), _negated=True), name="catalogue_material_licensed"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Video",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "material",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="video", to="catalogue.material"
                    ),
                ),
                ("duration_ms", models.PositiveIntegerField(verbose_name="时长")),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("folder", models.CharField(max_length=200)),
                ("rungs", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="MediaKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "video",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="keys", to="catalogue.video"
                    ),
                ),
                ("rung", models.CharField(max_length=10)),
                ("index", models.PositiveIntegerField()),
                ("key_hex", zhenxue.kernel.fields.SealedTextField()),
                ("from_ms", models.PositiveIntegerField()),
                ("to_ms", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("video", "rung", "index"), name="catalogue_key_index"),
                    models.CheckConstraint(
                        condition=models.Q(("to_ms__gt", models.F("from_ms"))), name="catalogue_key_window"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "material",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="document", to="catalogue.material"
                    ),
                ),
                ("folder", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="DocumentPage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drawn_pages", to="catalogue.document"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("text", models.TextField(blank=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("document", "number"), name="catalogue_document_page_number"),
                    models.CheckConstraint(
                        condition=models.Q(("height__gte", 1), ("number__gte", 1), ("width__gte", 1)),
                        name="catalogue_document_page_size",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Chapter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chapters",
                        to="catalogue.courseversion",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=120, verbose_name="章节")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "position"), name="catalogue_chapter_position")
                ],
            },
        ),
        migrations.CreateModel(
            name="Unit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="units", to="catalogue.courseversion"
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="units", to="catalogue.chapter"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("video", "视频"), ("document", "文档"), ("text", "图文"), ("self_test", "自测")],
                        max_length=10,
                        verbose_name="形式",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="单元")),
                ("seconds", models.PositiveIntegerField(verbose_name="计学时长")),
                (
                    "material",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.material",
                    ),
                ),
                ("body", models.TextField(blank=True, verbose_name="正文")),
                ("pass_percent", models.PositiveSmallIntegerField(default=60, verbose_name="自测合格线")),
                ("points", models.ManyToManyField(blank=True, related_name="+", to="catalogue.point")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("chapter", "position"), name="catalogue_unit_position"),
                    models.CheckConstraint(
                        condition=models.Q(("pass_percent__lte", 100)), name="catalogue_unit_pass_percent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "kind__in",
                                    [
                                        zhenxue.catalogue.data.UnitKind["VIDEO"],
                                        zhenxue.catalogue.data.UnitKind["DOCUMENT"],
                                    ],
                                ),
                                ("material__isnull", False),
                            ),
                            models.Q(
                                (
                                    "kind__in",
                                    [
                                        zhenxue.catalogue.data.UnitKind["TEXT"],
                                        zhenxue.catalogue.data.UnitKind["SELF_TEST"],
                                    ],
                                ),
                                ("material__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="catalogue_unit_material",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SelfTestQuestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="questions", to="catalogue.unit"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("single", "单选题"), ("multiple", "多选题"), ("true_false", "判断题")], max_length=12
                    ),
                ),
                ("stem", models.TextField(verbose_name="题干")),
                ("options", models.JSONField(default=list, verbose_name="选项")),
                ("answer", models.JSONField(verbose_name="答案")),
                ("explanation", models.TextField(blank=True, verbose_name="解析")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("unit", "position"), name="catalogue_self_test_position")
                ],
            },
        ),
        migrations.CreateModel(
            name="UnitPrompt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="prompts", to="catalogue.unit"
                    ),
                ),
                ("at_ms", models.PositiveIntegerField(verbose_name="时间点")),
                (
                    "kind",
                    models.CharField(
                        choices=[("single", "单选题"), ("multiple", "多选题"), ("true_false", "判断题")], max_length=12
                    ),
                ),
                ("stem", models.TextField(verbose_name="题干")),
                ("options", models.JSONField(default=list, verbose_name="选项")),
                ("answer", models.JSONField(verbose_name="答案")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("unit", "at_ms"), name="catalogue_prompt_moment")],
            },
        ),
    ]
