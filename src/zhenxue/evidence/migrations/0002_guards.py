"""The log is not rewritten behind its back: triggers on SQLite and PostgreSQL.

Entries are never deleted and their text never changes; erasure empties ``private`` alone; a number is given once.
"""

from django.db import migrations

from zhenxue.kernel.guards import Guard, install, remove

FIXED = "kind, account_id, subject, at, envelope, salt, digest"
KEPT = "the evidence log is never rewritten"
GUARDS = (
    Guard("evidence_entry_keep_row", "evidence_entry", "DELETE", KEPT),
    Guard("evidence_entry_keep_text", "evidence_entry", f"UPDATE OF {FIXED}", KEPT),
    Guard("evidence_entry_keep_number", "evidence_entry", "UPDATE OF number", KEPT, "OLD.number IS NOT NULL"),
    Guard("evidence_entryref_keep_row", "evidence_entryref", "DELETE", KEPT),
    Guard("evidence_entryref_keep_text", "evidence_entryref", "UPDATE", KEPT),
    Guard("evidence_checkpoint_keep_row", "evidence_checkpoint", "DELETE", KEPT),
    Guard("evidence_checkpoint_keep_text", "evidence_checkpoint", "UPDATE", KEPT),
    Guard("evidence_tile_keep_row", "evidence_tile", "DELETE", KEPT),
)
TABLES = ("evidence_entry", "evidence_entryref", "evidence_checkpoint", "evidence_tile")


def put(apps, schema_editor):
    install(GUARDS, keep_whole=TABLES)


def take(apps, schema_editor):
    remove(GUARDS, keep_whole=TABLES)


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]
    operations = [migrations.RunPython(put, take)]
