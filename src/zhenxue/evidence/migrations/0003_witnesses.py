"""Witnesses, their cosignatures, trouble with them, recorded verifications; and the triggers that keep them."""

import django.db.models.deletion
from django.db import migrations, models

from zhenxue.kernel.guards import Guard, changed, install, remove

KEPT = "the evidence log is never rewritten"
ENDED = "what was found is kept"
GUARDS = (
    Guard("evidence_witness_keep_row", "evidence_witness", "DELETE", KEPT),
    Guard(
        "evidence_witness_keep_key",
        "evidence_witness",
        "UPDATE",
        "a witness keeps its key",
        changed("name", "vkey", "organisation", "is_sandbox", "added_at"),
    ),
    Guard(
        "evidence_witness_keep_end",
        "evidence_witness",
        "UPDATE",
        "a retired witness stays retired",
        f"OLD.retired_at IS NOT NULL AND {changed('retired_at')}",
    ),
    Guard("evidence_cosignature_keep_row", "evidence_cosignature", "DELETE", KEPT),
    Guard("evidence_cosignature_keep_text", "evidence_cosignature", "UPDATE", KEPT),
    Guard("evidence_trouble_keep_row", "evidence_witnesstrouble", "DELETE", ENDED),
    Guard(
        "evidence_trouble_keep_text",
        "evidence_witnesstrouble",
        "UPDATE",
        ENDED,
        changed("witness_id", "kind", "since", "words", "own_note", "told"),
    ),
    Guard(
        "evidence_trouble_keep_end",
        "evidence_witnesstrouble",
        "UPDATE",
        ENDED,
        f"OLD.until IS NOT NULL AND {changed('until')}",
    ),
    Guard("evidence_run_keep_row", "evidence_verificationrun", "DELETE", ENDED),
    Guard("evidence_run_keep_result", "evidence_verificationrun", "UPDATE", ENDED, "OLD.ended_at IS NOT NULL"),
)
TABLES = ("evidence_witness", "evidence_cosignature", "evidence_witnesstrouble", "evidence_verificationrun")


def put(apps, schema_editor):
    install(GUARDS, keep_whole=TABLES)


def take(apps, schema_editor):
    remove(GUARDS, keep_whole=TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("evidence", "0002_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="VerificationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "排队中"),
                            ("running", "核对中"),
                            ("clean", "全部相符"),
                            ("broken", "不相符"),
                            ("failed", "没有做完"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.BigIntegerField(null=True)),
                ("began_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("size", models.BigIntegerField(default=0)),
                ("root", models.CharField(blank=True, max_length=64)),
                ("entries", models.BigIntegerField(default=0)),
                ("faults", models.PositiveIntegerField(default=0)),
                ("words", models.TextField(blank=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "running", "clean", "broken", "failed"])),
                        name="evidence_run_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["waiting", "running"])),
                            models.Q(("ended_at__isnull", False), ("state__in", ["clean", "broken", "failed"])),
                            _connector="OR",
                        ),
                        name="evidence_run_ended",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("state", "clean"), _negated=True), ("faults", 0), _connector="OR"),
                        name="evidence_run_clean_without_faults",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")), fields=("state",), name="evidence_run_waits_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Witness",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("vkey", models.CharField(max_length=240)),
                ("organisation", models.CharField(max_length=120)),
                ("url", models.CharField(max_length=300)),
                ("is_sandbox", models.BooleanField(default=False)),
                ("added_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
                ("known_size", models.BigIntegerField(default=0)),
                ("cosigned_size", models.BigIntegerField(null=True)),
                ("cosigned_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at__isnull", True)),
                        fields=("vkey",),
                        name="evidence_witness_key_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at__isnull", True)),
                        fields=("name",),
                        name="evidence_witness_name_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("known_size__gte", 0),
                            models.Q(("name", ""), _negated=True),
                            models.Q(("vkey", ""), _negated=True),
                            models.Q(("url", ""), _negated=True),
                            models.Q(("organisation", ""), _negated=True),
                        ),
                        name="evidence_witness_filled",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answered_at__isnull", True),
                                ("cosigned_at__isnull", True),
                                ("cosigned_size__isnull", True),
                            ),
                            models.Q(
                                ("answered_at__isnull", False),
                                ("cosigned_at__isnull", False),
                                ("cosigned_size__gte", 0),
                            ),
                            _connector="OR",
                        ),
                        name="evidence_witness_cosigned",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.CharField(max_length=400)),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cosignatures",
                        to="evidence.checkpoint",
                    ),
                ),
                (
                    "witness",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cosignatures", to="evidence.witness"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("checkpoint", "witness", "at"), name="evidence_cosignature_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="WitnessTrouble",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("disagrees", "见证不一致"),
                            ("wrong_signature", "见证签名不符"),
                            ("wrong_time", "见证时间不对"),
                            ("refused", "见证拒绝"),
                            ("silent", "见证没有应答"),
                        ],
                        max_length=20,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("words", models.CharField(max_length=500)),
                ("own_note", models.TextField(blank=True)),
                ("told", models.CharField(blank=True, max_length=500)),
                (
                    "witness",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="troubles", to="evidence.witness"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until__isnull", True)),
                        fields=("witness", "kind"),
                        name="evidence_trouble_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["disagrees", "wrong_signature", "wrong_time", "refused", "silent"])
                        ),
                        name="evidence_trouble_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__isnull", True), ("until__gte", models.F("since")), _connector="OR"),
                        name="evidence_trouble_times",
                    ),
                ],
            },
        ),
        migrations.RunPython(put, take),
    ]
