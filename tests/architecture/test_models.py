"""What linters cannot see in the tables: keys point down, other apps' rows are protected, personal data is declared."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

from zhenxue.kernel.fields import BlindIndexField, SealedTextField

SOURCE = Path("src/zhenxue")
#: The floors of docs/decisions/0001-app-borders.md, lowest first.
FLOORS = (
    "kernel",
    "evidence",
    "identity",
    "notices",
    "catalogue",
    "training",
    "ledger",
    "integrity",
    "study",
    "exams",
    "subsidy",
    "supervision",
)
FLOORS += ("portal",)
BELOW = {app: set(FLOORS[: FLOORS.index(app)]) for app in FLOORS}
BELOW["exams"] -= {"study"}
BELOW["integrity"] -= {"ledger"}

#: Fields whose name says that they hold something about one person; each must be sealed or stand in DECLARED.
PERSONAL = re.compile(
    r"(^|_)(citizen|card|phone|mobile|birth|gender|address|email|face|photo|portrait|nation|ethnicity|education|contact|"
    r"username|ip|agent)(_|$)"
)
#: Personal data that is kept in clear, and why (fields named ``…_index`` are keyed blind indexes).
DECLARED = {
    "identity.Organisation.address": "an organisation's place of business, public by its registration",
    "identity.Organisation.contact_name": "the organisation's contact in office, shown to its bureau",
    "identity.Organisation.contact_post": "a post, not a person",
    "identity.Person.birth_date": "needed in queries on age; the full number stays sealed",
    "identity.Person.gender": "needed in statistics; says nothing alone",
    "identity.Person.id_photo_front": "a path; the file lies behind the access log",
    "identity.Person.id_photo_back": "a path; the file lies behind the access log",
    "identity.Person.portrait": "a path; the file lies behind the access log",
    "identity.Account.username": "the name one signs in by; never a citizen number or a phone",
    "identity.LoginSession.user_agent": "shown on the hand-over page, so that one knows the other device",
    "identity.LoginSession.ip": "network address, kept with the session for the access log",
    "study.StudySession.ip": "network address of a study session, part of its proof",
    "integrity.Check.ip": "network address of a presence check, part of its proof",
    "integrity.FaceTemplate.portrait_score": "a similarity, no picture and no template",
    "integrity.PendingFace.portrait_score": "a similarity, no picture and no template",
    "identity.AccessLogEntry.ip": "network address, kept by law for six months at least",
}


def own_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("zhenxue.")]


def own_fields() -> list["models.Field[object, object]"]:
    return [field for model in own_models() for field in model._meta.local_fields]


def label(field: "models.Field[object, object]") -> str:
    return f"{field.model._meta.label}.{field.name}"


def test_foreign_keys_point_down_and_leave_no_trace_above() -> None:
    faults = []
    for field in own_fields():
        if not isinstance(field, models.ForeignKey):
            continue
        here, there = field.model._meta.app_label, field.related_model._meta.app_label
        if here == there:
            continue
        if there in BELOW and there not in BELOW[here]:
            faults.append(f"{label(field)} points up to {there}")
        if there in BELOW and field.remote_field.related_name != "+":
            faults.append(f'{label(field)} needs related_name="+"')
        if there in BELOW and field.remote_field.on_delete is not models.PROTECT:
            faults.append(f"{label(field)} needs on_delete=PROTECT")
    assert not faults, "\n".join(faults)


def test_no_table_is_joined_to_another_app_by_many_to_many() -> None:
    faults = [
        f"{model._meta.label}.{field.name}"
        for model in own_models()
        for field in model._meta.local_many_to_many
        if field.related_model._meta.app_label != model._meta.app_label
    ]
    assert not faults, faults


def test_every_field_with_personal_data_is_sealed_or_declared() -> None:
    faults = []
    for field in own_fields():
        name = label(field)
        if isinstance(field, SealedTextField) or not PERSONAL.search(field.name) or field.name.endswith("_index"):
            continue
        if name not in DECLARED:
            faults.append(f"{name} looks personal: seal it, or declare it here with a reason")
    assert not faults, "\n".join(faults)
    known = {label(field) for field in own_fields()}
    assert not set(DECLARED) - known, "declared fields that are gone"


def test_every_blind_index_knows_what_it_finds() -> None:
    """So that a new key finds every index by itself (``kernel.reindexing``)."""
    faults = [
        label(field)
        for field in own_fields()
        if field.name.endswith("_index")
        and isinstance(field, models.CharField)
        and not isinstance(field, BlindIndexField)
    ]
    assert not faults, faults
    assert all(field.sealed_field for field in own_fields() if isinstance(field, BlindIndexField))


def test_whatever_is_sealed_outside_a_field_takes_part_in_a_change_of_the_key() -> None:
    sealing = {file.relative_to(SOURCE).parts[0] for file in SOURCE.rglob("*.py") if "crypto.seal(" in file.read_text()}
    assert "kernel" in sealing, "this test looks for the right words"
    faults = [
        app for app in sealing - {"kernel"} if "resealing.register(" not in (SOURCE / app / "apps.py").read_text()
    ]
    assert not faults, f"{faults} seal something that kernel.resealing does not know"


def test_a_sealed_field_is_never_indexed() -> None:
    faults = [
        label(field)
        for field in own_fields()
        if isinstance(field, SealedTextField) and (field.db_index or field.unique)
    ]
    assert not faults, faults


def test_no_model_orders_itself_or_overrides_save() -> None:
    faults = [
        model._meta.label
        for model in own_models()
        if model._meta.ordering or "save" in vars(model) or "delete" in vars(model)
    ]
    assert not faults, faults


def test_only_migrations_ask_the_registry_for_models() -> None:
    faults = [
        str(file)
        for file in SOURCE.rglob("*.py")
        if "migrations" not in file.parts and "apps.get_model(" in file.read_text()
    ]
    assert not faults, faults


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)
