"""Opening accounts, giving and taking roles, resetting and deactivating."""

import pytest

from tests.factories import identity as make
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Actor, Role, SessionEnd
from zhenxue.identity.models import Account, Membership, Person
from zhenxue.identity.operations.accounts import open_for_new_person
from zhenxue.identity.operations.people import PersonFields
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db


def open_teacher(actor: Actor, username: str = "laoshi1", person: Person | None = None) -> tuple[Account, str]:
    return identity.open_account(
        actor=actor,
        person=person or make.make_person(),
        username=username,
        role=Role.TEACHER,
        organisation=identity.get_organisation(actor.organisation_id or 0),
        now=make.NOW,
    )


def test_a_manager_opens_a_teachers_account_with_a_password_shown_once() -> None:
    manager = make.make_provider()
    account, password = open_teacher(manager)
    assert account.must_change_password
    assert account.check_password(password)
    assert password not in account.password
    entry = evidence.list_entries(refs=[f"account:{account.pk}"])[0]
    assert entry.kind == "identity.account_opened"
    assert password not in str(entry)
    assert make.actor_for(account).organisation_id == manager.organisation_id
    with pytest.raises(Refused):
        open_teacher(make.make_teacher(), "laoshi2")


def test_only_the_system_spares_anybody_the_first_change() -> None:
    manager = make.make_provider()
    arguments = {
        "person": make.make_person(),
        "username": "laoshi1",
        "role": Role.TEACHER,
        "organisation": identity.get_organisation(manager.organisation_id or 0),
        "now": make.NOW,
        "must_change": False,
    }
    with pytest.raises(Refused, match="第一次登录时修改"):
        identity.open_account(actor=manager, **arguments)
    account, _ = identity.open_account(actor=SYSTEM, **arguments)
    assert not account.must_change_password


def test_a_person_with_an_account_gets_the_role_instead() -> None:
    learner, manager = make.make_learner(), make.make_provider()
    person = identity.get_person(learner.person_id or 0)
    account, password = open_teacher(manager, "any-name", person)
    assert (account.pk, password) == (learner.account_id, "")
    roles = [one.role for one in identity.list_memberships(account.pk)]
    assert roles == [Role.LEARNER, Role.TEACHER]
    again, _ = open_teacher(manager, "any-name", person)
    assert again.pk == account.pk
    assert Membership.objects.filter(account=account).count() == 2


def test_login_names_are_never_numbers_and_never_twice() -> None:
    manager = make.make_provider()
    open_teacher(manager, "Laoshi1")
    with pytest.raises(Conflict, match="已被使用"):
        open_teacher(manager, "laoshi1")
    for wrong in ("13812345678", "ab", "老师", "a b c", "1abc", "x" * 61):
        with pytest.raises(Invalid, match="登录名"):
            open_teacher(manager, wrong)


def test_a_refused_account_leaves_no_person_behind() -> None:
    manager = make.make_provider()
    open_teacher(manager, "laoshi1")
    before = Person.objects.count()
    with pytest.raises(Conflict):
        open_for_new_person(
            actor=manager,
            organisation=identity.get_organisation(manager.organisation_id or 0),
            role=Role.TEACHER,
            username="laoshi1",
            person=PersonFields("王小明", make.citizen_number(), "13812345678"),
            now=make.NOW,
        )
    assert Person.objects.count() == before


def test_a_learners_account_is_made_once_and_in_bulk_without_a_password() -> None:
    manager = make.make_provider()
    person = make.make_person()
    account, password = identity.ensure_learner_account(actor=manager, person=person, now=make.NOW, password="")
    assert password == ""
    assert not account.has_usable_password()
    again, _ = identity.ensure_learner_account(actor=manager, person=person, now=make.NOW)
    assert again.pk == account.pk
    assert again.username == f"xs{person.pk:08d}"


def test_a_city_bureau_opens_accounts_of_its_counties_only() -> None:
    city, county, far = make.make_bureau("3715"), make.make_bureau("371502"), make.make_bureau("371503")
    for organisation_id, actor, may in (
        (county.organisation_id, city, True),
        (city.organisation_id, city, False),
        (far.organisation_id, county, False),
    ):
        organisation = identity.get_organisation(organisation_id or 0)
        arguments = {
            "actor": actor,
            "person": make.make_person(),
            "username": f"officer{organisation_id}",
            "role": Role.BUREAU_OFFICER,
            "organisation": organisation,
            "now": make.NOW,
        }
        if may:
            account, _ = identity.open_account(**arguments)
            assert make.actor_for(account).region_code == "371502"
        else:
            with pytest.raises(Refused):
                identity.open_account(**arguments)


def test_a_reset_ends_sign_ins_and_asks_for_a_new_password() -> None:
    manager = make.make_provider()
    account = make.make_account(Role.TEACHER, identity.get_organisation(manager.organisation_id or 0))
    _, key = identity.open_session(account=account, device=make.DEVICE, now=make.NOW)
    fresh, password = identity.reset_password(actor=manager, account_id=account.pk, now=make.NOW)
    assert fresh.must_change_password
    assert fresh.check_password(password)
    session = identity.find_session(key)
    assert session is not None
    assert session.end_reason == SessionEnd.PASSWORD_RESET
    with pytest.raises(NotFound):
        identity.reset_password(actor=make.make_provider(), account_id=account.pk, now=make.NOW)


def test_nobody_resets_a_password_upward_or_across() -> None:
    manager = make.make_provider()
    organisation = identity.get_organisation(manager.organisation_id or 0)
    colleague = make.make_account(Role.PROVIDER_MANAGER, organisation)
    with pytest.raises(Refused, match="管理范围以外"):
        identity.reset_password(actor=manager, account_id=colleague.pk, now=make.NOW)
    with pytest.raises(Refused, match="自己的账号"):
        identity.reset_password(actor=manager, account_id=manager.account_id or 0, now=make.NOW)
    both = make.make_account(Role.TEACHER, organisation)
    identity.grant_role(
        actor=SYSTEM, account=both, organisation=make.make_organisation(), role=Role.PROVIDER_MANAGER, now=make.NOW
    )
    with pytest.raises(Refused, match="管理范围以外"):
        identity.reset_password(actor=manager, account_id=both.pk, now=make.NOW)
    with pytest.raises(NotFound):
        identity.reset_password(actor=manager, account_id=make.make_learner().account_id or 0, now=make.NOW)


def test_a_deactivated_account_is_out_until_it_is_activated() -> None:
    operator = make.make_operator()
    account = identity.get_account(make.make_learner().account_id or 0)
    _, key = identity.open_session(account=account, device=make.DEVICE, now=make.NOW)
    identity.set_active(actor=operator, account_id=account.pk, active=False, now=make.NOW)
    session = identity.find_session(key)
    assert session is not None
    assert session.end_reason == SessionEnd.DEACTIVATED
    with pytest.raises(Conflict, match="已经停用"):
        identity.set_active(actor=operator, account_id=account.pk, active=False, now=make.NOW)
    assert identity.set_active(actor=operator, account_id=account.pk, active=True, now=make.NOW).is_active


def test_a_revoked_role_is_gone_at_once_and_can_be_given_again() -> None:
    manager = make.make_provider()
    teacher = make.make_teacher(manager.organisation_id)
    membership = Membership.objects.get(account_id=teacher.account_id)
    account = identity.get_account(teacher.account_id or 0)
    _, key = identity.open_session(account=account, device=make.DEVICE, now=make.NOW)
    with pytest.raises(Refused):
        identity.revoke_role(actor=make.make_provider(), membership_id=membership.pk, now=make.NOW)
    identity.revoke_role(actor=manager, membership_id=membership.pk, now=make.NOW)
    session = identity.find_session(key)
    assert session is not None
    assert session.end_reason == SessionEnd.ROLE_REVOKED
    with pytest.raises(Conflict, match="已经撤销"):
        identity.revoke_role(actor=manager, membership_id=membership.pk, now=make.NOW)
    operator = make.make_operator()
    own = Membership.objects.get(account_id=operator.account_id)
    with pytest.raises(Refused, match="自己的角色"):
        identity.revoke_role(actor=operator, membership_id=own.pk, now=make.NOW)
    organisation = identity.get_organisation(manager.organisation_id or 0)
    again = identity.grant_role(
        actor=manager, account=account, organisation=organisation, role=Role.TEACHER, now=make.NOW
    )
    assert again.pk == membership.pk
    assert again.is_active
