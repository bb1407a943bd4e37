"""What the pages of accounts offer: where one may open accounts, and which roles one may give."""

import datetime as dt
from typing import Any

from zhenxue.identity import policies
from zhenxue.identity.data import Actor, OrganisationState, Role
from zhenxue.identity.models import Account, Membership, Organisation
from zhenxue.identity.operations import accounts, people
from zhenxue.identity.queries import organisations
from zhenxue.kernel.errors import Invalid

#: Beyond so many organisations the roles are given from the page of the organisation.
MOST_PLACES = 300


def places_for(actor: Actor) -> list[Organisation]:
    """Organisations at which the actor may open accounts, by name."""
    rows = organisations.visible_organisations(actor).exclude(state=OrganisationState.SUSPENDED).order_by("name")
    return [one for one in rows[:MOST_PLACES] if policies.grantable_roles(actor, one)]


def grants_for(actor: Actor) -> list[tuple[str, str]]:
    """Choices ``organisation id:role`` with their words."""
    return [
        (f"{one.pk}:{role.value}", f"{one.name} · {role.label}")
        for one in places_for(actor)
        for role in policies.grantable_roles(actor, one)
    ]


def open_for(actor: Actor, organisation: Organisation, values: dict[str, Any], now: dt.datetime) -> tuple[Account, str]:
    """Register the person of the form and open the account of the form; both or neither."""
    return accounts.open_for_new_person(
        actor=actor,
        organisation=organisation,
        role=Role(values["role"]),
        username=values["username"],
        person=people.PersonFields(
            values["name"], values["citizen_number"], values["phone"], values["social_card_number"]
        ),
        now=now,
    )


def grant(actor: Actor, account: Account, choice: str, now: dt.datetime) -> Membership:
    """Give the chosen role."""
    number, _, role = choice.partition(":")
    if not number.isdecimal():
        raise Invalid("identity.grant", "请选择机构与角色。", fields={"grant": "请选择机构与角色。"})
    organisation = organisations.get_visible_organisation(actor, int(number))
    return accounts.grant_role(actor=actor, account=account, organisation=organisation, role=Role(role), now=now)
