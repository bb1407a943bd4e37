import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0002_device_keys_and_kinds"),
        ("training", "0003_first_passwords"),
    ]

    operations = [
        migrations.AddField(
            model_name="cohort",
            name="rule_set",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="identity.ruleset",
            ),
        ),
    ]
