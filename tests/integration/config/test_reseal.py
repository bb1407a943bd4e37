"""Changing the keys of personal data: everything is moved to the new key, only then the old one may go."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from tests.factories import identity as make
from tests.integration.identity.test_photos import png
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Entry
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Role
from zhenxue.identity.models import Organisation, Person
from zhenxue.identity.operations import photos
from zhenxue.identity.queries.accounts import find_account_by_identifier
from zhenxue.kernel import crypto, reindexing, resealing
from zhenxue.kernel.fields import Sealed

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = "old:" + "0123456789abcdef" * 4, "new:" + "fedcba9876543210" * 4
OF_TESTS = "t1:" + "11" * 32
OLD_INDEX, NEW_INDEX = "0f1e2d3c4b5a6978" * 4, "8796a5b4c3d2e1f0" * 4


@pytest.fixture
def ground(settings: Settings) -> Iterator[tuple[Organisation, Person]]:
    """Somebody with everything, and an organisation, all under the old keys."""
    move(settings, f"{OLD},{OF_TESTS}", OLD_INDEX)
    settings.FIELD_KEYS = OLD
    organisation, person = make.make_organisation(), make.make_person()
    photos.store_photo(actor=SYSTEM, person_id=person.pk, what="portrait", content=png(), now=make.NOW)
    yield organisation, person
    move(settings, f"{OF_TESTS},{NEW},{OLD}", "22" * 32)


def move(settings: Settings, field_keys: str, index_key: str) -> None:
    """Everything that stands in the tables under the first of these keys."""
    settings.FIELD_KEYS, settings.BLIND_INDEX_KEY = field_keys, index_key
    list(resealing.reseal_all())
    list(reindexing.reindex_all())


def key_ids_in_tables() -> set[str]:
    """Key ids of every sealed column as SQL sees them; the columns are found by their content, not by the models."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for column in connection.introspection.get_table_description(cursor, table):
                quoted = f'CAST("{column.name}" AS text)'
                cursor.execute(f'SELECT {quoted} FROM "{table}" WHERE {quoted} LIKE %s', ["v1.%gcm.%.%"])
                found |= {row[0].split(".")[2] for row in cursor.fetchall()}
    return found


def test_nothing_can_be_read_with_the_old_key_after_the_change_and_the_old_key_may_go(
    settings: Settings, ground: tuple[Organisation, Person], own_files_folder: Path, capsys: Any
) -> None:
    organisation, person = ground
    number, phone = person.citizen_number, organisation.contact_phone
    assert key_ids_in_tables() == {"old"}
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    assert Person.objects.get(pk=person.pk).citizen_number == number
    with pytest.raises(CommandError, match=r"密钥 old 还不能停用.*identity_person\.phone.*identity photographs 1 个"):
        call_command("keys", "retire-field", "old")
    with pytest.raises(CommandError, match="new 是最新的密钥"):
        call_command("keys", "retire-field", "new")
    call_command("keys", "reseal", reason="年度更换", by="操作人")
    assert key_ids_in_tables() == {"new"}
    [file] = (own_files_folder / "people").glob("*")
    assert crypto.key_id_of(file.read_text()) == "new"
    call_command("keys", "retire-field", "old", by="操作人")
    settings.FIELD_KEYS = NEW
    call_command("keys", "check")
    assert Person.objects.get(pk=person.pk).citizen_number == number
    assert Organisation.objects.get(pk=organisation.pk).contact_phone == phone
    capsys.readouterr()
    call_command("reseal")
    assert capsys.readouterr().out == "共 0 个值改用了最新的密钥。\n"
    told = [entry.envelope for entry in Entry.objects.filter(kind="evidence.secret_changed").order_by("id")]
    assert len(told) == 2
    assert not any(secret.split(":")[1] in text for text in told for secret in (OLD, NEW)), "only fingerprints"

    settings.FIELD_KEYS = OLD
    tried = 0
    for model, field in resealing.sealed_columns():
        for value in list(model._base_manager.values_list(field.name, flat=True)):
            if isinstance(value, Sealed):
                tried += 1
                with pytest.raises(crypto.SealBroken):
                    str(value)
    assert tried >= 3
    with pytest.raises(crypto.SealBroken):
        crypto.unseal(file.read_text(), context=f"{photos.CONTEXT}.portrait")


def test_a_change_that_was_stopped_goes_on_where_it_was(
    settings: Settings, ground: tuple[Organisation, Person]
) -> None:
    for _ in range(3):
        make.make_person()
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    people = Person.objects.count()
    steps = (step for step in resealing.reseal_all(batch=1) if step.place == "identity_person.citizen_number")
    assert [(next(steps)).done for _ in range(2)] == [1, 2]
    steps.close()
    again = [step for step in resealing.reseal_all(batch=1) if step.place == "identity_person.citizen_number"]
    assert [(step.done, step.total) for step in again] == [(n + 1, people - 2) for n in range(people - 2)]


def test_a_key_that_is_needed_and_missing_is_named_by_its_place_and_changes_nothing(
    settings: Settings, ground: tuple[Organisation, Person]
) -> None:
    settings.FIELD_KEYS = NEW
    with pytest.raises(CommandError, match=r"identity_.* 中有一个值用现有密钥打不开"):
        call_command("keys", "reseal")
    for command in (("keys", "check"), ("prepare",)):
        with pytest.raises(CommandError, match=r"identity_person\.citizen_number: \d+ values need the key 'old'"):
            call_command(*command)
    with pytest.raises(CommandError, match="还不能停用"):
        call_command("keys", "retire-field", "old")
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    assert key_ids_in_tables() == {"old"}
    assert not crypto.needs_resealing(crypto.seal("x", context="a.b"))


def test_people_are_found_before_during_and_after_a_change_of_the_index_key(
    settings: Settings, ground: tuple[Organisation, Person], capsys: Any
) -> None:
    _, person = ground
    account, _ = identity.open_account(
        actor=SYSTEM, person=person, username="changing", role=Role.LEARNER, organisation=None, now=make.NOW
    )
    other = make.make_person()

    def all_found() -> bool:
        numbers = [person.citizen_number, other.citizen_number]
        known = identity.register_person(
            actor=SYSTEM, name=person.name, citizen_number=person.citizen_number, phone="", now=make.NOW
        )
        return (
            identity.find_person_by_citizen_number(person.citizen_number) == person
            and set(identity.find_people(numbers)) == set(numbers)
            and find_account_by_identifier(person.citizen_number) == account
            and find_account_by_identifier(person.phone) == account
            and identity.search_people(Person.objects.all(), person.phone).count() == 1
            and known.pk == person.pk
        )

    assert all_found()
    settings.BLIND_INDEX_KEY = f"{OLD_INDEX},{NEW_INDEX}"  # all processes know both before one writes under the new
    assert all_found()
    settings.BLIND_INDEX_KEY = f"{NEW_INDEX},{OLD_INDEX}"
    assert all_found()
    with pytest.raises(CommandError, match=r"旧的查找索引密钥还不能停用：identity_person\.citizen_index"):
        call_command("keys", "retire-index")
    steps = reindexing.reindex_all(batch=1)
    next(steps)
    steps.close()
    assert all_found(), "one row moved, the others not yet"
    call_command("keys", "reindex", by="操作人")
    call_command("keys", "retire-index")
    settings.BLIND_INDEX_KEY = NEW_INDEX
    assert all_found()
    call_command("keys", "check")
    settings.BLIND_INDEX_KEY = OLD_INDEX
    assert identity.find_person_by_citizen_number(person.citizen_number) is None
    with pytest.raises(CommandError, match="不是用现在的密钥生成的"):
        call_command("keys", "check")
    settings.BLIND_INDEX_KEY = NEW_INDEX
    capsys.readouterr()
    call_command("keys", "status")
    told = capsys.readouterr().out
    assert "old  指纹" in told
    assert not any(secret in told for secret in (OLD.split(":")[1], NEW_INDEX, settings.SECRET_KEY))


def test_when_a_field_key_is_lost_the_sealed_values_are_gone_and_nothing_else(
    settings: Settings, ground: tuple[Organisation, Person], own_files_folder: Path
) -> None:
    """Rehearsal of "lost without a copy" in docs/how-to/keys.md."""
    organisation, person = ground
    number = person.citizen_number
    entries = Entry.objects.count()
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    with pytest.raises(CommandError, match="在配置中"):
        call_command("keys", "give-up-field", "old", reason="试", by="某")
    settings.FIELD_KEYS = NEW
    with pytest.raises(CommandError, match="请先把旧密钥放回"):
        call_command("prepare")
    call_command("keys", "give-up-field", "old", reason="三份介质全部损坏", by="操作人")
    person.refresh_from_db()
    organisation.refresh_from_db()
    assert (person.citizen_number, person.phone, person.portrait) == (crypto.LOST, "", "")
    assert organisation.contact_phone == crypto.LOST
    assert list((own_files_folder / "people").glob("*")) == []
    assert identity.find_person_by_citizen_number(number) == person, "people are still found by their number"
    call_command("keys", "check")
    call_command("keys", "reindex")
    assert identity.find_person_by_citizen_number(number) == person
    assert person.name
    assert Entry.objects.filter(kind="evidence.secret_changed").count() >= 1
    assert Entry.objects.count() > entries
    assert evidence.verify_log().findings == []
