"""People as an actor may see them, and look-ups by blind index."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import batched
from typing import Any

from django.db.models import Q, QuerySet

from zhenxue.identity import validators
from zhenxue.identity.data import Actor, Role
from zhenxue.identity.models import Account, Membership, Person
from zhenxue.kernel import crypto
from zhenxue.kernel.errors import Invalid, NotFound

CITIZEN_CONTEXT = "identity_person.citizen_number"
PHONE_CONTEXT = "identity_person.phone"
SOCIAL_CARD_CONTEXT = "identity_person.social_card_number"

#: Look-ups are sent in pieces of this size.
IN_ONE_QUERY = 500

#: Gives a query of person ids (one column) that an actor reaches for a reason known to another app.
Reach = Callable[[Actor], "QuerySet[Any, Any]"]
_reaches: dict[str, Reach] = {}


def register_person_reach(name: str, reach: Reach) -> None:
    """Let an upper app (training: enrolments) widen who sees which people; called in ``apps.ready()``, once per name.

    ``reach(actor)`` returns a ``values("person_id")`` query; it is used as a subquery, so it costs no query of its own.
    """
    _reaches[name] = reach


def citizen_index(number: str) -> str:
    return crypto.blind_index(number, context=CITIZEN_CONTEXT)


def citizen_indexes(number: str) -> list[str]:
    """What to look for (under every configured key; one, but while the key is being changed)."""
    return crypto.blind_indexes(number, context=CITIZEN_CONTEXT)


def phone_indexes(number: str) -> list[str]:
    """What to look for; nothing for an empty number."""
    return crypto.blind_indexes(number, context=PHONE_CONTEXT) if number else []


def phone_index(number: str) -> str:
    return crypto.blind_index(number, context=PHONE_CONTEXT) if number else ""


def social_card_index(number: str) -> str:
    return crypto.blind_index(number, context=SOCIAL_CARD_CONTEXT) if number else ""


def visible_people(actor: Actor) -> QuerySet[Person]:
    """The operator all; a manager the members of the own organisation; a bureau the members of organisations in its
    region; everybody oneself; and whoever a registered reach adds (learners of one's cohorts)."""
    if actor.is_operator or actor.role is Role.SYSTEM:
        return Person.objects.all()
    if actor.is_anonymous:
        return Person.objects.none()
    condition = Q(pk=actor.person_id)
    members = Membership.objects.filter(is_active=True).values("account__person_id")
    if actor.is_manager:
        condition |= Q(pk__in=members.filter(organisation_id=actor.organisation_id or 0))
    if actor.is_bureau and actor.region_code:
        condition |= Q(pk__in=members.filter(organisation__region__code__startswith=actor.region_code))
    if not actor.is_learner:
        for reach in _reaches.values():
            condition |= Q(pk__in=reach(actor))
    return Person.objects.filter(condition)


def get_visible_person(actor: Actor, person_id: int) -> Person:
    found = visible_people(actor).filter(pk=person_id).first()
    if found is None:
        raise NotFound("identity.person_not_found", "没有找到该人员，或您没有查看权限。")
    return found


def get_person(person_id: int) -> Person:
    """One person by id, for other apps that have checked the right themselves."""
    found = Person.objects.filter(pk=person_id).first()
    if found is None:
        raise NotFound("identity.person_not_found", "没有找到该人员。")
    return found


def find_person_by_citizen_number(number: str) -> Person | None:
    """By blind index; blanks and a small x do not matter, a malformed number finds nobody."""
    return Person.objects.filter(citizen_index__in=citizen_indexes(number.strip().upper())).first()


def find_people(numbers: Iterable[str]) -> dict[str, Person]:
    """Those known among many citizen numbers, by the number as it was asked. One query for 500 numbers."""
    found: dict[str, Person] = {}
    for batch in batched(numbers, IN_ONE_QUERY):
        asked = [(number, index) for number in batch for index in citizen_indexes(number.strip().upper())]
        indexes = [index for _, index in asked]
        rows = {row.citizen_index: row for row in Person.objects.filter(citizen_index__in=indexes)}
        found.update({number: rows[index] for number, index in asked if index in rows})
    return found


def search_people(people: QuerySet[Person], text: str) -> QuerySet[Person]:
    """Those whose name contains the text, or whose whole citizen number or phone it is; numbers match in full only."""
    condition = Q(name__icontains=text.strip())
    with suppress(Invalid):
        condition |= Q(citizen_index__in=citizen_indexes(validators.check_citizen_number(text).number))
    with suppress(Invalid):
        condition |= Q(phone_index__in=phone_indexes(validators.check_phone(text)))
    return people.filter(condition)


def list_teachers(organisation_id: int) -> list[Person]:
    """People with an active teacher's role and an active account at the organisation, by name."""
    members = Membership.objects.filter(
        organisation_id=organisation_id, role=Role.TEACHER, is_active=True, account__is_active=True
    )
    return list(Person.objects.filter(pk__in=members.values("account__person_id")).order_by("name", "pk"))


def managers_of(organisation_id: int) -> list[int]:
    """The people who manage an organisation (the operator's administrators, a bureau's officers)."""
    chiefs = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.OPERATOR_ADMIN, Role.BUREAU_OFFICER)
    members = Membership.objects.filter(
        organisation_id=organisation_id, role__in=chiefs, is_active=True, account__is_active=True
    )
    return sorted(set(members.values_list("account__person_id", flat=True)))


def find_account_of(person_id: int) -> Account | None:
    return Account.objects.filter(person_id=person_id).first()


def list_members(organisation_id: int, *, limit: int) -> list[Membership]:
    """Active roles at an organisation with account and person, managers first as they were opened. One query."""
    rows = Membership.objects.filter(organisation_id=organisation_id, is_active=True)
    return list(rows.select_related("account__person").order_by("pk")[:limit])
