"""Registering, finding and unmasking people."""

import datetime as dt
import json

import pytest
from django.db import connection

from tests.factories import identity as make
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import ANONYMOUS, SYSTEM, OrganisationKind, Role
from zhenxue.identity.errors import NameDiffers
from zhenxue.identity.models import Membership, Person
from zhenxue.identity.operations import people as operations
from zhenxue.identity.queries import people as queries
from zhenxue.kernel.errors import Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db


def register(number: str, name: str = "王小明", phone: str = "13812345678", card: str = "") -> Person:
    return identity.register_person(
        actor=SYSTEM, name=name, citizen_number=number, phone=phone, social_card_number=card, now=make.NOW
    )


@pytest.mark.usefixtures("bare_ground")
def test_the_same_number_and_name_is_the_same_person() -> None:
    number = make.citizen_number()
    first = register(number)
    again = register(number.lower(), name=" 王 小明 ", phone="13900000000", card="A12345678")
    assert again.pk == first.pk
    assert again.phone == "13812345678", "a known phone is not overwritten"
    assert again.social_card_number == "A12345678", "a missing card number is filled in"
    with pytest.raises(NameDiffers, match="另一个姓名"):
        register(number, name="李小明")
    assert Person.objects.count() == 1


@pytest.mark.usefixtures("bare_ground")
def test_a_wrong_number_registers_nobody() -> None:
    number = make.citizen_number()
    wrong = number[:16] + str((int(number[16]) + 1) % 10) + number[17]
    with pytest.raises(Invalid, match="校验位"):
        register(wrong)
    with pytest.raises(Invalid):
        register(number, phone="123")
    with pytest.raises(Invalid, match="晚于今天"):
        register(make.citizen_number(birth=dt.date(2026, 3, 3)))
    assert not Person.objects.exists()
    assert register(make.citizen_number(birth=dt.date(2026, 3, 2))).pk


def test_numbers_are_sealed_in_the_database_and_found_by_index() -> None:
    number = make.citizen_number()
    person = register(number, card="A12345678")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM identity_person")
        stored = " ".join(str(value) for row in cursor.fetchall() for value in row)
    for secret in (number, "13812345678", "A12345678"):
        assert secret not in stored
    assert Person.objects.get(pk=person.pk).citizen_number == number
    found = identity.find_person_by_citizen_number(number.lower())
    assert found is not None
    assert found.pk == person.pk
    assert identity.find_person_by_citizen_number("123") is None
    everybody = Person.objects.all()
    assert list(identity.search_people(everybody, number)) == [person]
    assert list(identity.search_people(everybody, "13812345678")) == [person]
    assert list(identity.search_people(everybody, "小明")) == [person]
    assert list(identity.search_people(everybody, number[:17])) == []


def test_evidence_never_holds_a_plain_number_or_name() -> None:
    number = make.citizen_number()
    person = register(number, card="A12345678")
    make.make_account(Role.LEARNER, person=person)
    entries = evidence.list_entries(refs=[f"person:{person.pk}"])
    assert [entry.kind for entry in entries] == ["identity.account_opened", "identity.person_registered"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM evidence_entry")
        stored = json.dumps([[str(value) for value in row] for row in cursor.fetchall()], ensure_ascii=False)
    for secret in (number, "13812345678", "A12345678", "王小明"):
        assert secret not in stored
    assert f"{number[:6]}********{number[-4:]}" in stored


def test_who_registers_people() -> None:
    manager, bureau, learner = make.make_provider(), make.make_bureau(), make.make_learner()
    for actor in (manager, bureau, make.make_operator()):
        identity.register_person(
            actor=actor, name="王小明", citizen_number=make.citizen_number(), phone="", now=make.NOW
        )
    for actor in (learner, make.make_teacher(), make.make_operator(Role.OPERATOR_REVIEWER), ANONYMOUS):
        with pytest.raises(Refused):
            identity.register_person(
                actor=actor, name="王小明", citizen_number=make.citizen_number(), phone="", now=make.NOW
            )


@pytest.mark.usefixtures("bare_ground")
def test_people_are_seen_by_organisation_and_region() -> None:
    near, far = make.make_provider(region="371502"), make.make_provider(region="371503")
    teacher = make.make_teacher(near.organisation_id)
    learner = make.make_learner()
    county, city = make.make_bureau("371502"), make.make_bureau("3715")

    def seen(actor: identity.Actor) -> set[int | None]:
        return set(identity.visible_people(actor).values_list("pk", flat=True))

    assert seen(near) == {near.person_id, teacher.person_id}
    assert seen(teacher) == {teacher.person_id}
    assert seen(learner) == {learner.person_id}
    assert seen(county) == {near.person_id, teacher.person_id, county.person_id}
    assert seen(city) >= {near.person_id, far.person_id, teacher.person_id, county.person_id}
    assert learner.person_id not in seen(city)
    assert learner.person_id in seen(make.make_operator())
    assert seen(ANONYMOUS) == set()
    with pytest.raises(NotFound):
        identity.get_visible_person(far, near.person_id or 0)


def test_a_registered_reach_adds_people_without_a_query_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager, learner = make.make_provider(), make.make_learner()
    monkeypatch.setattr(queries, "_reaches", {})
    assert not identity.visible_people(manager).filter(pk=learner.person_id).exists()
    wanted = Membership.objects.filter(account_id=learner.account_id).values("account__person_id")
    identity.register_person_reach("test", lambda actor: wanted)
    assert identity.visible_people(manager).filter(pk=learner.person_id).exists()
    assert not identity.visible_people(make.make_learner()).filter(pk=learner.person_id).exists()


def test_unmasking_needs_right_reason_and_sight_and_leaves_evidence() -> None:
    manager = make.make_provider()
    teacher = make.make_teacher(manager.organisation_id)
    person_id = teacher.person_id or 0

    def unmask(actor: identity.Actor, reason: str = "核对报名材料", what: str = "citizen_number") -> str:
        return operations.unmask_person(actor=actor, person_id=person_id, what=what, reason=reason, now=make.NOW)

    assert unmask(manager) == Person.objects.get(pk=person_id).citizen_number
    entry = evidence.list_entries(refs=[f"person:{person_id}"], kinds=["identity.unmasked"])[0]
    assert ("原因", "核对报名材料") in entry.lines
    assert ("内容", "公民身份号码") in entry.lines
    with pytest.raises(Invalid, match="原因"):
        unmask(manager, reason=" 看 ")
    with pytest.raises(Invalid):
        unmask(manager, what="name")
    with pytest.raises(Refused):
        unmask(teacher)
    with pytest.raises(NotFound):
        unmask(make.make_provider(region="371503"))
    assert len(evidence.list_entries(refs=[f"person:{person_id}"], kinds=["identity.unmasked"])) == 1


def test_teachers_of_an_organisation_are_listed_while_they_are_active() -> None:
    manager = make.make_provider()
    teacher = make.make_teacher(manager.organisation_id)
    other = make.make_teacher()
    organisation_id = manager.organisation_id or 0
    assert [one.pk for one in identity.list_teachers(organisation_id)] == [teacher.person_id]
    membership = Membership.objects.get(account_id=teacher.account_id)
    identity.revoke_role(actor=manager, membership_id=membership.pk, now=make.NOW)
    assert identity.list_teachers(organisation_id) == []
    assert other.organisation_kind is OrganisationKind.PROVIDER
