"""The register of organisations."""

import dataclasses

import pytest

from tests.factories import identity as make
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import ANONYMOUS, SYSTEM, OrganisationKind, OrganisationState, Role
from zhenxue.identity.models import Organisation
from zhenxue.identity.operations import organisations as operations
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db


def fields(**changes: str) -> identity.OrganisationFields:
    one = identity.OrganisationFields(
        name="东昌职业培训学校",
        uscc=make.credit_code(),
        address="东昌西路1号",
        legal_representative="王大山",
        contact_name="李小云",
        contact_post="教务主任",
        contact_phone="0635-8241234",
    )
    return dataclasses.replace(one, **changes)


def register(
    actor: identity.Actor = SYSTEM,
    kind: OrganisationKind = OrganisationKind.PROVIDER,
    region: str = "371502",
    **changes: str,
) -> Organisation:
    make.make_regions()
    return identity.register_organisation(
        actor=actor, kind=kind, region_code=region, fields=fields(**changes), now=make.NOW
    )


def test_a_registered_organisation_waits_for_verification() -> None:
    made = register(make.make_bureau())
    assert (made.state, made.verified_at) == (OrganisationState.PENDING, None)
    with pytest.raises(Conflict, match="营业执照"):
        identity.verify_organisation(actor=make.make_operator(), organisation_id=made.pk, now=make.NOW)
    make.make_licence(made)
    verified = identity.verify_organisation(actor=make.make_operator(), organisation_id=made.pk, now=make.NOW)
    assert (verified.state, verified.verified_at) == (OrganisationState.VERIFIED, make.NOW)
    with pytest.raises(Conflict, match="已实名"):
        identity.verify_organisation(actor=make.make_operator(), organisation_id=made.pk, now=make.NOW)
    with pytest.raises(Refused):
        identity.verify_organisation(actor=make.make_bureau(), organisation_id=made.pk, now=make.NOW)
    kinds = [entry.kind for entry in evidence.list_entries(refs=[f"organisation:{made.pk}"])]
    assert kinds == [
        "identity.organisation_verified",
        "identity.document_reviewed",
        "identity.document_added",
        "identity.organisation_registered",
    ]


@pytest.mark.usefixtures("bare_ground")
def test_every_wrong_field_is_answered_and_nothing_is_kept() -> None:
    with pytest.raises(Invalid) as refusal:
        register(name="校", uscc="123", contact_phone="1", address="")
    assert set(refusal.value.fields) == {"name", "uscc", "contact_phone", "address"}
    assert not Organisation.objects.exists()


def test_a_credit_code_is_registered_once() -> None:
    made = register()
    with pytest.raises(Conflict, match="已经登记") as refusal:
        register(uscc=made.uscc)
    assert "uscc" in refusal.value.fields
    with pytest.raises(Conflict):
        identity.edit_organisation(
            actor=SYSTEM, organisation_id=register().pk, fields=fields(uscc=made.uscc), now=make.NOW
        )


@pytest.mark.usefixtures("bare_ground")
def test_a_region_has_one_bureau_and_must_exist() -> None:
    register(kind=OrganisationKind.BUREAU)
    with pytest.raises(Conflict, match="已登记人社部门"):
        register(kind=OrganisationKind.BUREAU)
    with pytest.raises(Invalid, match="所属地区"):
        register(region="999999")
    assert identity.bureau_of("371502").kind == OrganisationKind.BUREAU
    with pytest.raises(NotFound):
        identity.bureau_of("371503")


def test_a_manager_who_changes_the_name_is_verified_again() -> None:
    manager = make.make_provider()
    organisation = identity.get_organisation(manager.organisation_id or 0)
    kept = {name: getattr(organisation, name) for name in identity.OrganisationFields.__slots__}
    same_name = identity.edit_organisation(
        actor=manager,
        organisation_id=organisation.pk,
        fields=identity.OrganisationFields(**{**kept, "address": "兴华西路9号"}),
        now=make.NOW,
    )
    assert same_name.state == OrganisationState.VERIFIED
    new_name = identity.edit_organisation(
        actor=manager,
        organisation_id=organisation.pk,
        fields=identity.OrganisationFields(**{**kept, "name": "新名学校"}),
        now=make.NOW,
    )
    assert (new_name.state, new_name.verified_at) == (OrganisationState.PENDING, None)
    with pytest.raises(NotFound):
        identity.edit_organisation(
            actor=make.make_provider(), organisation_id=organisation.pk, fields=fields(), now=make.NOW
        )
    with pytest.raises(Refused):
        identity.edit_organisation(
            actor=make.make_teacher(organisation.pk), organisation_id=organisation.pk, fields=fields(), now=make.NOW
        )


def test_suspension_needs_a_reason_and_ends_sign_ins() -> None:
    operator, manager = make.make_operator(), make.make_provider()
    organisation_id = manager.organisation_id or 0
    account = identity.get_account(manager.account_id or 0)
    _, key = identity.open_session(account=account, device=make.DEVICE, now=make.NOW)
    with pytest.raises(Invalid, match="原因"):
        identity.suspend_organisation(actor=operator, organisation_id=organisation_id, reason="", now=make.NOW)
    identity.suspend_organisation(actor=operator, organisation_id=organisation_id, reason="许可证到期", now=make.NOW)
    session = identity.find_session(key)
    assert session is not None
    assert session.ended_at == make.NOW
    with pytest.raises(Refused, match="可用的角色"):
        identity.open_session(account=account, device=make.DEVICE, now=make.NOW)
    with pytest.raises(Invalid, match="原因"):
        identity.verify_organisation(actor=operator, organisation_id=organisation_id, now=make.NOW)
    identity.verify_organisation(actor=operator, organisation_id=organisation_id, note="许可证已续期", now=make.NOW)
    assert identity.open_session(account=account, device=make.DEVICE, now=make.NOW)
    with pytest.raises(Conflict, match="自己所在"):
        identity.suspend_organisation(
            actor=operator, organisation_id=operator.organisation_id or 0, reason="试一试看", now=make.NOW
        )


@pytest.mark.usefixtures("bare_ground")
def test_organisations_are_seen_by_region() -> None:
    near, far = make.make_provider(region="371502"), make.make_provider(region="371503")
    county, city = make.make_bureau("371502"), make.make_bureau("3715")

    def seen(actor: identity.Actor) -> set[int | None]:
        return set(identity.visible_organisations(actor).values_list("pk", flat=True))

    assert seen(near) == {near.organisation_id}
    assert seen(county) == {near.organisation_id, county.organisation_id, city.organisation_id}
    assert seen(city) >= {near.organisation_id, far.organisation_id, county.organisation_id}
    assert seen(make.make_learner()) == set() == seen(ANONYMOUS)
    assert far.organisation_id in seen(make.make_operator(Role.OPERATOR_REVIEWER))


def test_the_contacts_phone_is_unmasked_with_a_reason() -> None:
    made = register(contact_phone="13812345678")
    bureau, other = make.make_bureau("371502"), make.make_bureau("371503")
    assert (
        operations.unmask_organisation(actor=bureau, organisation_id=made.pk, reason="联系核查", now=make.NOW)
        == "13812345678"
    )
    with pytest.raises(NotFound):
        operations.unmask_organisation(actor=other, organisation_id=made.pk, reason="联系核查", now=make.NOW)
    entries = evidence.list_entries(refs=[f"organisation:{made.pk}"], kinds=["identity.unmasked"])
    assert len(entries) == 1
    assert "13812345678" not in str(entries)
