"""The plan of a filed cohort is not changed behind the operations' back (N12): triggers on SQLite and PostgreSQL.

While ``plan_open`` is false, rows of stages, plan lines and enrolments are neither added nor rewritten, and the filed
columns of the cohort stay, unless an amendment of the cohort is approved and ``applying``. PostgreSQL also refuses
deletes; SQLite does not (Django empties tables there by DELETE), a missing row shows in ``zhenxue verify`` instead, which
recomputes the plan digest.
"""

from django.db import migrations

MESSAGE = "the plan of a filed cohort changes only by an approved amendment"
COHORT_COLUMNS = [
    "programme_id",
    "organisation_id",
    "region_id",
    "code",
    "title",
    "starts_on",
    "ends_on",
    "capacity",
    "venue",
    "head_teacher_id",
    "assessment_plan",
    "pass_percent",
    "share_exception_reason",
]
ENROLMENT_COLUMNS = ["cohort_id", "person_id", "target_group", "enrolled_at"]
OPEN = (
    "EXISTS (SELECT 1 FROM training_cohort WHERE id = {row}.cohort_id AND {closed})"
    " AND NOT EXISTS (SELECT 1 FROM training_amendment WHERE cohort_id = {row}.cohort_id AND applying AND state = 'approved')"
)
GUARDED = {"training_stage": None, "training_planline": None, "training_enrolment": ENROLMENT_COLUMNS}


def _closed(row, quote):
    return OPEN.format(row=row, closed=quote)


def _triggers(closed):
    """(name, table, event, condition) of every guard."""
    for table, columns in GUARDED.items():
        of = f" OF {', '.join(columns)}" if columns else ""
        yield f"{table}_guard_insert", table, "INSERT", _closed("NEW", closed)
        yield f"{table}_guard_update", table, f"UPDATE{of}", f"({_closed('OLD', closed)})"
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in COHORT_COLUMNS)
    free = "NOT EXISTS (SELECT 1 FROM training_amendment WHERE cohort_id = OLD.id AND applying AND state = 'approved')"
    still = closed.replace("plan_open", "OLD.plan_open") + " AND " + closed.replace("plan_open", "NEW.plan_open")
    yield "training_cohort_guard_update", "training_cohort", "UPDATE", f"{still} AND ({changed}) AND {free}"
    rules = "CAST(OLD.rules AS TEXT) <> CAST(NEW.rules AS TEXT) AND OLD.state IN ('approved', 'running', 'closed')"
    yield "training_cohort_guard_rules", "training_cohort", "UPDATE", rules


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name, table, event, condition in _triggers("NOT plan_open"):
            condition = condition.replace("IS DISTINCT FROM", "IS NOT")
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )
        return
    schema_editor.execute(
        "CREATE FUNCTION training_refuse_plan_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    schema_editor.execute(
        "CREATE FUNCTION training_plan_is_closed(cohort bigint) RETURNS boolean LANGUAGE sql STABLE AS $$ "
        "SELECT EXISTS (SELECT 1 FROM training_cohort WHERE id = cohort AND NOT plan_open) AND NOT EXISTS "
        "(SELECT 1 FROM training_amendment WHERE cohort_id = cohort AND applying AND state = 'approved') $$"
    )
    schema_editor.execute(
        "CREATE FUNCTION training_is_amended(cohort bigint) RETURNS boolean LANGUAGE sql STABLE AS $$ "
        "SELECT EXISTS (SELECT 1 FROM training_amendment WHERE cohort_id = cohort AND applying AND state = 'approved') $$"
    )
    # A PostgreSQL trigger's WHEN may not hold a subquery, but it may call a function.
    for table, columns in GUARDED.items():
        of = f" OF {', '.join(columns)}" if columns else ""
        for event, row in (("INSERT", "NEW"), (f"UPDATE{of}", "OLD"), ("DELETE", "OLD")):
            schema_editor.execute(
                f"CREATE TRIGGER {table}_guard_{event.split()[0].lower()} BEFORE {event} ON {table} FOR EACH ROW "
                f"WHEN (training_plan_is_closed({row}.cohort_id)) EXECUTE FUNCTION training_refuse_plan_change()"
            )
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in COHORT_COLUMNS)
    schema_editor.execute(
        "CREATE TRIGGER training_cohort_guard_update BEFORE UPDATE ON training_cohort FOR EACH ROW "
        f"WHEN (NOT OLD.plan_open AND NOT NEW.plan_open AND ({changed}) AND NOT training_is_amended(OLD.id)) "
        "EXECUTE FUNCTION training_refuse_plan_change()"
    )
    schema_editor.execute(
        "CREATE TRIGGER training_cohort_guard_rules BEFORE UPDATE ON training_cohort FOR EACH ROW "
        "WHEN (OLD.rules IS DISTINCT FROM NEW.rules AND OLD.state IN ('approved', 'running', 'closed')) "
        "EXECUTE FUNCTION training_refuse_plan_change()"
    )


def remove(apps, schema_editor):
    postgres = schema_editor.connection.vendor == "postgresql"
    names = [(f"{table}_guard_{event}", table) for table in GUARDED for event in ("insert", "update", "delete")]
    names += [(f"training_cohort_guard_{what}", "training_cohort") for what in ("update", "rules")]
    for name, table in names:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if postgres else ""))
    if postgres:
        for function in (
            "training_plan_is_closed(bigint)",
            "training_is_amended(bigint)",
            "training_refuse_plan_change()",
        ):
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {function}")


class Migration(migrations.Migration):
    dependencies = [("training", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
