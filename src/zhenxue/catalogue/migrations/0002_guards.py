"""Triggers: the contents of a published version do not change, whatever program writes (design.md §1).

SQLite rebuilds a table when a later migration alters it and drops its triggers then: such a migration must run ``guard`` again.
On SQLite nothing stands in the way of DELETE, since emptying tables between tests would trip over it.
"""

from django.db import migrations

MESSAGE = "catalogue: contents of a published version never change"
CLOSED = "('published', 'withdrawn')"
#: Table → how the version's state is found from a row called {row}.
OWNERS = {
    "catalogue_chapter": "SELECT state FROM catalogue_courseversion WHERE id = {row}.version_id",
    "catalogue_unit": "SELECT state FROM catalogue_courseversion WHERE id = {row}.version_id",
    "catalogue_selftestquestion": "SELECT v.state FROM catalogue_courseversion v JOIN catalogue_unit u ON u.version_id = v.id WHERE u.id = {row}.unit_id",
    "catalogue_unitprompt": "SELECT v.state FROM catalogue_courseversion v JOIN catalogue_unit u ON u.version_id = v.id WHERE u.id = {row}.unit_id",
    "catalogue_unit_points": "SELECT v.state FROM catalogue_courseversion v JOIN catalogue_unit u ON u.version_id = v.id WHERE u.id = {row}.unit_id",
}
FROZEN = (
    "OLD.frozen_at IS NOT NULL AND (NEW.digest <> OLD.digest OR NEW.frozen_at IS NULL OR NEW.frozen_at <> OLD.frozen_at"
    " OR NEW.course_id <> OLD.course_id OR NEW.number <> OLD.number)"
)


def guard(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    if vendor == "sqlite":
        for table, owner in OWNERS.items():
            for act, row in (("INSERT", "NEW"), ("UPDATE", "OLD")):
                schema_editor.execute(
                    f"CREATE TRIGGER {table}_closed_{act.lower()} BEFORE {act} ON {table} "
                    f"WHEN ({owner.format(row=row)}) IN {CLOSED} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
                )
        schema_editor.execute(
            f"CREATE TRIGGER catalogue_version_frozen BEFORE UPDATE ON catalogue_courseversion "
            f"WHEN {FROZEN} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        )
    elif vendor == "postgresql":
        for table, owner in OWNERS.items():
            body = (
                f"DECLARE here text; BEGIN IF TG_OP = 'INSERT' THEN here := ({owner.format(row='NEW')}); "
                f"ELSE here := ({owner.format(row='OLD')}); END IF; "
                f"IF here IN {CLOSED} THEN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
                "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END"
            )
            _create(schema_editor, table, f"{table}_closed", body, "INSERT OR UPDATE OR DELETE")
        body = (
            f"BEGIN IF {FROZEN} THEN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            "RETURN NEW; END"
        )
        _create(schema_editor, "catalogue_courseversion", "catalogue_version_frozen", body, "UPDATE")


def _create(schema_editor, table, name, body, acts):
    schema_editor.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body${body}$body$")
    schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {acts} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def release(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    names = [(table, f"{table}_closed") for table in OWNERS] + [("catalogue_courseversion", "catalogue_version_frozen")]
    for table, name in names:
        if vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
            schema_editor.execute(f"DROP FUNCTION {name}()")
        elif vendor == "sqlite" and name == "catalogue_version_frozen":
            schema_editor.execute(f"DROP TRIGGER {name}")
        elif vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {name}_insert")
            schema_editor.execute(f"DROP TRIGGER {name}_update")


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial")]
    operations = [migrations.RunPython(guard, release)]
