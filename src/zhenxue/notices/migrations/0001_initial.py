import django.db.models.deletion
import zhenxue.kernel.fields
import zhenxue.notices.data
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
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("verification", "实名认证"),
                            ("document", "机构资质"),
                            ("presence", "在学核验"),
                            ("incident", "异常与申诉"),
                            ("training", "培训"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                        verbose_name="种类",
                    ),
                ),
                ("title", models.CharField(max_length=80, verbose_name="标题")),
                ("text", models.CharField(max_length=400, verbose_name="内容")),
                ("link", models.CharField(blank=True, max_length=200, verbose_name="链接")),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="已读时间")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=[("sms", "短信")], max_length=10, verbose_name="渠道")),
                ("kind", models.CharField(max_length=20, verbose_name="种类")),
                ("phone", zhenxue.kernel.fields.SealedTextField(verbose_name="号码")),
                ("text", zhenxue.kernel.fields.SealedTextField(blank=True, verbose_name="内容")),
                ("ref", models.CharField(max_length=60, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "等待发送"), ("sent", "已发送"), ("failed", "没有发出")],
                        default=zhenxue.notices.data.DeliveryState["WAITING"],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="次数")),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="错误")),
                ("reference", models.CharField(blank=True, max_length=80, verbose_name="对方编号")),
                ("queued_at", models.DateTimeField(verbose_name="提交时间")),
                ("next_at", models.DateTimeField(blank=True, null=True, verbose_name="下次发送")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="完成时间")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="notices.notice"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["account", "-at"], name="notices_of_account"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)), fields=["account"], name="notices_unread"
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(("link", ""), ("link__startswith", "/"), _connector="OR"),
                name="notices_link_of_this_site",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["person", "-queued_at"], name="notices_delivery_person"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", zhenxue.notices.data.DeliveryState["WAITING"])),
                fields=["next_at"],
                name="notices_delivery_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "sent", "failed"])), name="notices_delivery_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", zhenxue.notices.data.DeliveryState["WAITING"]),
                    ("done_at__isnull", False),
                    _connector="OR",
                ),
                name="notices_delivery_done",
            ),
        ),
    ]
