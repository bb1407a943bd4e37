"""PostgreSQL: raw beats lie in one partition a civil month (of ``received_ms``), and sessions have room for them."""

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


def leave_room(apps, schema_editor):
    """Each beat rewrites its session's row; with room in the page it stays there (HOT), off the indexes."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE study_studysession SET (fillfactor = 50)")


class Migration(migrations.Migration):
    dependencies = [("study", "0001_initial")]
    operations = [migrations.RunPython(install, remove), migrations.RunPython(leave_room, migrations.RunPython.noop)]
