import uuid
import zhenxue.kernel.data
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("owner_account_id", models.BigIntegerField()),
                ("purpose", models.CharField(max_length=40)),
                ("file_name", models.CharField(max_length=200)),
                ("size_bytes", models.PositiveBigIntegerField()),
                ("received_bytes", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "上传中"), ("complete", "已传完"), ("taken", "已使用")],
                        default=zhenxue.kernel.data.UploadState["OPEN"],
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("touched_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["state", "touched_at"], name="kernel_upload_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("received_bytes__lte", models.F("size_bytes"))),
                        name="kernel_upload_within_size",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", zhenxue.kernel.data.UploadState["OPEN"]),
                            ("received_bytes", models.F("size_bytes")),
                            _connector="OR",
                        ),
                        name="kernel_upload_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsedForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_id", models.BigIntegerField()),
                ("token", models.CharField(max_length=64)),
                ("location", models.CharField(blank=True, max_length=500)),
                ("used_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["used_at"], name="kernel_used_form_age")],
                "constraints": [models.UniqueConstraint(fields=("account_id", "token"), name="kernel_used_form_once")],
            },
        ),
    ]
