"""Batches: many make-ups proposed in one act. A batch is never edited, and no correction changes its batch."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from zhenxue.kernel.guards import Guard, changed, install, remove


KEPT = "records of study are kept for five years, and under a legal hold until it is released"
FIXED = "this record is never edited"
HELD = "EXISTS (SELECT 1 FROM ledger_legalhold h WHERE h.cohort_id = OLD.cohort_id AND h.released_at IS NULL)"
GUARDS = (
    Guard(
        "ledger_correctionbatch_keep_row",
        "ledger_correctionbatch",
        "DELETE",
        KEPT,
        f"OLD.proposed_at > {{floor}} OR {HELD}",
    ),
    Guard("ledger_correctionbatch_keep_values", "ledger_correctionbatch", "UPDATE", FIXED),
    Guard("ledger_correction_keep_batch", "ledger_correction", "UPDATE", FIXED, changed("batch_id")),
)


def put(apps, schema_editor):
    install(GUARDS, keep_whole=["ledger_correctionbatch"])


def take(apps, schema_editor):
    remove(GUARDS, keep_whole=["ledger_correctionbatch"])


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0004_draw_documents"),
        ("ledger", "0007_no_plain_ticket_reason"),
        ("training", "0005_attendance_corrections"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CorrectionBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_day", models.DateField(verbose_name="从哪天")),
                ("last_day", models.DateField(verbose_name="到哪天")),
                ("since", models.TimeField(verbose_name="从几点")),
                ("until", models.TimeField(null=True, verbose_name="到几点")),
                ("reason", models.CharField(max_length=500, verbose_name="更正理由")),
                ("left_out", models.JSONField(default=list)),
                ("proposed_at", models.DateTimeField(verbose_name="提出时间")),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.cohort"
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.unit"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="correction",
            name="batch",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.correctionbatch"
            ),
        ),
        migrations.AddIndex(
            model_name="correctionbatch",
            index=models.Index(fields=["cohort", "proposed_at"], name="ledger_batch_cohort"),
        ),
        migrations.AddConstraint(
            model_name="correctionbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_day__gte", models.F("first_day"))), name="ledger_batch_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="correctionbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__isnull", True), ("until__gt", models.F("since")), _connector="OR"),
                name="ledger_batch_times",
            ),
        ),
        migrations.AddConstraint(
            model_name="correctionbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="ledger_batch_reason"
            ),
        ),
        migrations.RunPython(put, take),
    ]
