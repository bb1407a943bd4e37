"""Raw beats leave the table only for a sealed archive, archives stay as long as they must: triggers on both databases."""

from django.db import migrations

from zhenxue.kernel.guards import Guard, changed, install, remove

KEPT = "raw beats are kept for five years, here or in an archive, and under a legal hold until it is released"
FIXED = "this record is never edited"
HOLDS = (
    "JOIN training_enrolment e ON e.id = s.enrolment_id"
    " JOIN ledger_legalhold h ON h.cohort_id = e.cohort_id AND (h.enrolment_id IS NULL OR h.enrolment_id = e.id)"
)
BEAT_HELD = f"EXISTS (SELECT 1 FROM study_studysession s {HOLDS} WHERE s.id = OLD.session_id AND h.released_at IS NULL)"
BEAT_ARCHIVED = (
    "EXISTS (SELECT 1 FROM study_archivedsession p JOIN study_beatarchive a ON a.id = p.archive_id"
    " WHERE p.session_id = OLD.session_id AND a.state = 'sealed'"
    " AND OLD.received_ms BETWEEN a.first_ms AND a.last_ms)"
)
ARCHIVE_HELD = (
    "EXISTS (SELECT 1 FROM study_archivedsession p JOIN study_studysession s ON s.id = p.session_id"
    f" {HOLDS} WHERE p.archive_id = {{archive}} AND h.released_at IS NULL)"
)
ARCHIVE_YOUNG = "(OLD.keep_until >= {today} OR OLD.archived_at > {floor})"
PART_KEPT = (
    "EXISTS (SELECT 1 FROM study_beatarchive a WHERE a.id = OLD.archive_id"
    " AND (a.keep_until >= {today} OR a.archived_at > {floor}))"
)
ARCHIVE_COLUMNS = (
    "month",
    "part",
    "path",
    "sha256",
    "size_bytes",
    "row_count",
    "session_count",
    "credit_ms",
    "first_ms",
    "last_ms",
    "schema_version",
    "archived_at",
)


def archive_held(archive):
    return ARCHIVE_HELD.replace("{archive}", archive)


GUARDS = (
    Guard(
        "study_beat_keep_row",
        "study_beat",
        "DELETE",
        KEPT,
        f"{BEAT_HELD} OR (OLD.received_ms > {{floor_ms}} AND NOT {BEAT_ARCHIVED})",
    ),
    Guard("study_beat_keep_values", "study_beat", "UPDATE", FIXED),
    Guard(
        "study_beatarchive_keep_row",
        "study_beatarchive",
        "DELETE",
        KEPT,
        f"{ARCHIVE_YOUNG} OR {archive_held('OLD.id')}",
    ),
    Guard(
        "study_beatarchive_keep_values",
        "study_beatarchive",
        "UPDATE",
        FIXED,
        f"{changed(*ARCHIVE_COLUMNS)} OR NEW.keep_until < OLD.keep_until",
    ),
    Guard(
        "study_archivedsession_keep_row",
        "study_archivedsession",
        "DELETE",
        KEPT,
        f"{PART_KEPT} OR {archive_held('OLD.archive_id')}",
    ),
    Guard("study_archivedsession_keep_values", "study_archivedsession", "UPDATE", FIXED),
)
TABLES = ("study_beatarchive", "study_archivedsession")


def put(apps, schema_editor):
    install(GUARDS, keep_whole=TABLES)


def take(apps, schema_editor):
    remove(GUARDS, keep_whole=TABLES)


class Migration(migrations.Migration):
    dependencies = [("study", "0002_partition_beats"), ("ledger", "0003_retention")]
    operations = [migrations.RunPython(put, take)]
