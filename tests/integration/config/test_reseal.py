"""Key rotation: old values open, are sealed again, and then the old key may go."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.factories import identity as make
from tests.integration.identity.test_photos import png
from zhenxue.identity.data import SYSTEM
from zhenxue.identity.models import Organisation, Person
from zhenxue.identity.operations import photos
from zhenxue.kernel import crypto

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = "old:" + "0123456789abcdef" * 4, "new:" + "fedcba9876543210" * 4


def keys_in_use(person: Person) -> set[str]:
    """Key ids in what the database and the disk hold of one person."""
    raw = Person.objects.filter(pk=person.pk).values_list("citizen_number", "phone").get()
    return {value.text.split(".")[2] for value in raw}


def test_everything_is_sealed_again_under_the_new_key_and_the_old_one_may_go(
    settings: Settings, own_files_folder: Path, capsys: Any
) -> None:
    settings.FIELD_KEYS = OLD
    organisation, person = make.make_organisation(), make.make_person()
    photos.store_photo(actor=SYSTEM, person_id=person.pk, what="portrait", content=png(), now=make.NOW)
    number, phone = person.citizen_number, organisation.contact_phone
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    assert Person.objects.get(pk=person.pk).citizen_number == number
    assert keys_in_use(person) == {"old"}
    call_command("reseal")
    assert keys_in_use(person) == {"new"}
    assert "identity photographs: 1" in capsys.readouterr().out
    settings.FIELD_KEYS = NEW
    assert Person.objects.get(pk=person.pk).citizen_number == number
    assert Organisation.objects.get(pk=organisation.pk).contact_phone == phone
    [file] = (own_files_folder / "people").glob("*")
    assert file.read_text().split(".")[2] == "new"
    call_command("reseal")
    assert capsys.readouterr().out == "0 sealed again\n"


def test_a_missing_key_is_named_by_its_place_and_changes_nothing(settings: Settings) -> None:
    settings.FIELD_KEYS = OLD
    person = make.make_person()
    settings.FIELD_KEYS = NEW
    with pytest.raises(CommandError, match=r"identity_person\.citizen_number does not open"):
        call_command("reseal")
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    assert keys_in_use(person) == {"old"}
    assert not crypto.needs_resealing(crypto.seal("x", context="a.b"))
