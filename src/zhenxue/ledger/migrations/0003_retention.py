"""Records of study are kept five years at least (N18), and as long as a legal hold says: triggers on both databases.

Spans and batches of corrections are never edited, and no correction changes its batch. A decided correction, a recorded
attendance and a released hold stay what they are. Nothing here is deleted before five years are over, nor while a hold
covers it.
"""

from django.db import migrations

from zhenxue.kernel.guards import Guard, changed, install, remove

HELD = (
    "EXISTS (SELECT 1 FROM ledger_legalhold h JOIN training_enrolment e ON e.cohort_id = h.cohort_id"
    " WHERE e.id = {enrolment} AND h.released_at IS NULL AND (h.enrolment_id IS NULL OR h.enrolment_id = e.id))"
)
COHORT_HELD = "EXISTS (SELECT 1 FROM ledger_legalhold h WHERE h.cohort_id = OLD.cohort_id AND h.released_at IS NULL)"
ATTENDANCE = "(SELECT a.enrolment_id FROM training_attendance a WHERE a.id = OLD.attendance_id)"
KEPT = "records of study are kept for five years, and under a legal hold until it is released"
FIXED = "this record is never edited"


def held(enrolment):
    return HELD.replace("{enrolment}", enrolment)


def young_or_held(moment, enrolment="OLD.enrolment_id"):
    return f"OLD.{moment} > {{floor}} OR {held(enrolment)}"


GUARDS = (
    Guard("ledger_span_keep_row", "ledger_span", "DELETE", KEPT, young_or_held("created_at")),
    Guard("ledger_span_keep_values", "ledger_span", "UPDATE", FIXED),
    Guard("ledger_correction_keep_row", "ledger_correction", "DELETE", KEPT, young_or_held("changed_at")),
    Guard(
        "ledger_correction_keep_values",
        "ledger_correction",
        "UPDATE",
        FIXED,
        f"OLD.state IN ('approved', 'rejected', 'cancelled') OR {changed('enrolment_id', 'unit_id', 'kind')}",
    ),
    Guard("ledger_correction_keep_batch", "ledger_correction", "UPDATE", FIXED, changed("batch_id")),
    Guard(
        "ledger_correctionbatch_keep_row",
        "ledger_correctionbatch",
        "DELETE",
        KEPT,
        f"OLD.proposed_at > {{floor}} OR {COHORT_HELD}",
    ),
    Guard("ledger_correctionbatch_keep_values", "ledger_correctionbatch", "UPDATE", FIXED),
    Guard("training_attendance_keep_row", "training_attendance", "DELETE", KEPT, young_or_held("recorded_at")),
    Guard(
        "training_attendance_keep_values",
        "training_attendance",
        "UPDATE",
        FIXED,
        changed("line_id", "enrolment_id", "recorded_by_id", "recorded_at"),
    ),
    Guard(
        "training_attendancecorrection_keep_row",
        "training_attendancecorrection",
        "DELETE",
        KEPT,
        young_or_held("proposed_at", ATTENDANCE),
    ),
    Guard(
        "training_attendancecorrection_keep_values",
        "training_attendancecorrection",
        "UPDATE",
        FIXED,
        "OLD.state IN ('approved', 'rejected', 'cancelled')",
    ),
    Guard(
        "ledger_legalhold_keep_row",
        "ledger_legalhold",
        "DELETE",
        KEPT,
        "OLD.released_at IS NULL OR OLD.released_at > {floor}",
    ),
    Guard(
        "ledger_legalhold_keep_values",
        "ledger_legalhold",
        "UPDATE",
        FIXED,
        f"OLD.released_at IS NOT NULL OR {changed('cohort_id', 'enrolment_id', 'reason', 'set_by_id', 'set_at')}",
    ),
)
TABLES = (
    "ledger_correction",
    "ledger_correctionbatch",
    "training_attendance",
    "training_attendancecorrection",
    "ledger_legalhold",
)


def put(apps, schema_editor):
    install(GUARDS, keep_whole=TABLES)


def take(apps, schema_editor):
    remove(GUARDS, keep_whole=TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0002_partition_spans"),
        ("training", "0001_initial"),
        ("evidence", "0002_guards"),
    ]
    operations = [migrations.RunPython(put, take)]
