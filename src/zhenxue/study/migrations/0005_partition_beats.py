"""PostgreSQL: raw beats lie in one partition a civil month (of ``received_ms``); the rows that are there stay."""

from django.db import migrations

from zhenxue.kernel import clock, partitions

BEATS = partitions.Monthly(
    "study_beat",
    "received_ms",
    milliseconds=True,
    once=(partitions.Once("study_beat_number_once", "session_id, number", "accepted"),),
)


def install(apps, schema_editor):
    partitions.install(BEATS, now=clock.now())


def remove(apps, schema_editor):
    partitions.remove(BEATS)


class Migration(migrations.Migration):
    dependencies = [("study", "0004_archives")]
    operations = [migrations.RunPython(install, remove)]
