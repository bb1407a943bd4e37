"""Who may do what, as one table."""

import pytest

from zhenxue.identity import policies
from zhenxue.identity.data import ANONYMOUS, Actor, OrganisationKind, OrganisationState, Role
from zhenxue.identity.models import Organisation
from zhenxue.kernel.errors import Invalid, Refused

K = OrganisationKind


def at(kind: OrganisationKind, number: int, region: str = "371502") -> Organisation:
    return Organisation(pk=number, kind=kind, region_id=region, state=OrganisationState.VERIFIED)


def actor(role: Role, organisation: int, region: str = "371502") -> Actor:
    return Actor(role=role, account_id=1, person_id=1, organisation_id=organisation, region_code=region)


ADMIN = actor(Role.OPERATOR_ADMIN, 1, "3715")
REVIEWER = actor(Role.OPERATOR_REVIEWER, 1, "3715")
CITY = actor(Role.BUREAU_OFFICER, 2, "3715")
COUNTY = actor(Role.BUREAU_OFFICER, 3)
MANAGER = actor(Role.PROVIDER_MANAGER, 4)
TEACHER = actor(Role.TEACHER, 4)
LEARNER = Actor(role=Role.LEARNER, account_id=9, person_id=9)
PROVIDER, OTHER = at(K.PROVIDER, 4), at(K.PROVIDER, 5)
OWN_BUREAU, COUNTY_BUREAU, FAR_BUREAU = at(K.BUREAU, 2, "3715"), at(K.BUREAU, 3), at(K.BUREAU, 8, "370102")


@pytest.mark.parametrize(
    ("who", "where", "role", "may"),
    [
        (ADMIN, PROVIDER, Role.PROVIDER_MANAGER, True),
        (ADMIN, COUNTY_BUREAU, Role.BUREAU_OFFICER, True),
        (REVIEWER, PROVIDER, Role.TEACHER, False),
        (CITY, COUNTY_BUREAU, Role.BUREAU_OFFICER, True),
        (CITY, OWN_BUREAU, Role.BUREAU_OFFICER, False),
        (CITY, FAR_BUREAU, Role.BUREAU_OFFICER, False),
        (CITY, PROVIDER, Role.PROVIDER_MANAGER, False),
        (COUNTY, COUNTY_BUREAU, Role.BUREAU_OFFICER, False),
        (MANAGER, PROVIDER, Role.TEACHER, True),
        (MANAGER, PROVIDER, Role.PROVIDER_MANAGER, False),
        (MANAGER, OTHER, Role.TEACHER, False),
        (MANAGER, None, Role.LEARNER, True),
        (MANAGER, COUNTY_BUREAU, Role.BUREAU_OFFICER, False),
        (TEACHER, PROVIDER, Role.TEACHER, False),
        (TEACHER, None, Role.LEARNER, False),
        (LEARNER, None, Role.LEARNER, False),
        (ANONYMOUS, PROVIDER, Role.TEACHER, False),
    ],
)
def test_roles_are_given_only_downward(who: Actor, where: Organisation | None, role: Role, may: bool) -> None:
    assert policies.can_grant(who, where, role) is may


def test_a_role_must_fit_the_kind_of_organisation() -> None:
    policies.check_can_grant(ADMIN, PROVIDER, Role.TEACHER)
    with pytest.raises(Invalid, match="不能设在承训机构"):
        policies.check_can_grant(ADMIN, PROVIDER, Role.BUREAU_OFFICER)
    with pytest.raises(Invalid):
        policies.check_can_grant(ADMIN, PROVIDER, Role.LEARNER)
    with pytest.raises(Refused):
        policies.check_can_grant(MANAGER, OTHER, Role.TEACHER)


def test_a_suspended_organisation_gets_no_accounts() -> None:
    stopped = at(K.PROVIDER, 4)
    stopped.state = OrganisationState.SUSPENDED
    with pytest.raises(Refused, match="已停用"):
        policies.check_can_grant(ADMIN, stopped, Role.TEACHER)


@pytest.mark.parametrize(
    ("who", "kind", "region", "may"),
    [
        (ADMIN, K.BUREAU, "371502", True),
        (CITY, K.PROVIDER, "371503", True),
        (CITY, K.BUREAU, "371502", False),
        (CITY, K.OPERATOR, "3715", False),
        (COUNTY, K.ENTERPRISE, "371502", True),
        (COUNTY, K.ENTERPRISE, "371503", False),
        (MANAGER, K.PROVIDER, "371502", False),
        (LEARNER, K.PROVIDER, "371502", False),
        (ANONYMOUS, K.PROVIDER, "371502", False),
    ],
)
def test_organisations_are_registered_by_operator_and_bureau(who: Actor, kind: K, region: str, may: bool) -> None:
    assert policies.can_register_organisation(who, kind, region) is may


def test_only_the_operators_administrator_verifies() -> None:
    assert policies.can_verify_organisation(ADMIN)
    assert not any(policies.can_verify_organisation(one) for one in (REVIEWER, CITY, COUNTY, MANAGER, ANONYMOUS))


def test_a_manager_edits_the_own_organisation_unless_it_is_suspended() -> None:
    assert policies.can_edit_organisation(MANAGER, PROVIDER)
    assert not policies.can_edit_organisation(MANAGER, OTHER)
    assert not policies.can_edit_organisation(TEACHER, PROVIDER)
    stopped = at(K.PROVIDER, 4)
    stopped.state = OrganisationState.SUSPENDED
    assert not policies.can_edit_organisation(MANAGER, stopped)


def test_numbers_are_unmasked_by_those_who_answer_for_them() -> None:
    assert all(policies.can_unmask(one) for one in (ADMIN, CITY, COUNTY, MANAGER))
    assert not any(policies.can_unmask(one) for one in (REVIEWER, TEACHER, LEARNER, ANONYMOUS))
