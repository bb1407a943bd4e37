"""The register of organisations: entering, correcting, verifying, suspending."""

import datetime as dt
from dataclasses import asdict, dataclass, replace

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies, validators
from zhenxue.identity.data import TRANSITIONS, Actor, OrganisationKind, OrganisationState, Role, SessionEnd
from zhenxue.identity.models import LoginSession, Membership, Organisation
from zhenxue.identity.operations.ending import end_sign_ins
from zhenxue.identity.operations.people import check_reason
from zhenxue.identity.queries import organisations as queries
from zhenxue.identity.queries.documents import has_accepted_licence
from zhenxue.kernel import masking
from zhenxue.kernel.errors import Conflict, Invalid

#: Kinds whose licence the operator must have seen.
LICENSED = frozenset({OrganisationKind.PROVIDER, OrganisationKind.ENTERPRISE})


@dataclass(frozen=True, slots=True)
class OrganisationFields:
    """The real-name fields of an organisation (A5)."""

    name: str
    uscc: str
    address: str
    legal_representative: str
    contact_name: str
    contact_post: str
    contact_phone: str


def register_organisation(
    *, actor: Actor, kind: OrganisationKind, region_code: str, fields: OrganisationFields, now: dt.datetime
) -> Organisation:
    """Enter an organisation, waiting for verification. Raises ``Invalid`` (each field), ``Conflict`` (code known),
    ``Refused``."""
    policies.check_can_register_organisation(actor, kind, region_code)
    fields = _checked(fields)
    _check_region(kind, region_code)
    with transaction.atomic():
        known = queries.find_organisation_by_uscc(fields.uscc)
        if known is not None:
            raise _known(known)
        try:
            with transaction.atomic():
                organisation = Organisation.objects.create(
                    kind=kind, region_id=region_code, created_at=now, **asdict(fields)
                )
        except IntegrityError:
            raise _known(queries.find_organisation_by_uscc(fields.uscc)) from None
        _record("identity.organisation_registered", actor, organisation, now, **_shown(organisation))
    return organisation


def edit_organisation(
    *, actor: Actor, organisation_id: int, fields: OrganisationFields, now: dt.datetime
) -> Organisation:
    """Correct the fields of an organisation. When its name, code or legal representative changes by anybody but the
    operator, it must be verified again."""
    with transaction.atomic():
        organisation = _locked(actor, organisation_id)
        policies.check_can_edit_organisation(actor, organisation)
        fields = _checked(fields)
        other = queries.find_organisation_by_uscc(fields.uscc)
        if other is not None and other.pk != organisation.pk:
            raise _known(other)
        changed = [key for key, value in asdict(fields).items() if getattr(organisation, key) != value]
        if not changed:
            return organisation
        for key in changed:
            setattr(organisation, key, getattr(fields, key))
        again = {"name", "uscc", "legal_representative"} & set(changed) and not policies.can_verify_organisation(actor)
        if again and organisation.state == OrganisationState.VERIFIED:
            organisation.state, organisation.verified_at = OrganisationState.PENDING, None
        organisation.save()
        shown = _shown(organisation)
        _record("identity.organisation_edited", actor, organisation, now, changed=changed, **shown)
    return organisation


def verify_organisation(*, actor: Actor, organisation_id: int, now: dt.datetime, note: str = "") -> Organisation:
    """State that the real-name fields were checked; also lifts a suspension (then with a reason in ``note``).

    Raises ``Conflict`` for a provider or enterprise whose licence was not accepted yet.
    """
    policies.check_can_verify_organisation(actor)
    with transaction.atomic():
        organisation = _locked(actor, organisation_id)
        if organisation.state == OrganisationState.SUSPENDED:
            note = check_reason(note)
        elif organisation.state == OrganisationState.PENDING and actor.role is not Role.SYSTEM:
            _check_licence(organisation)
        _move(organisation, OrganisationState.VERIFIED, note)
        organisation.verified_at = now
        organisation.save(update_fields=["state", "state_note", "verified_at"])
        _record("identity.organisation_verified", actor, organisation, now, note=note, **_shown(organisation))
    return organisation


def suspend_organisation(*, actor: Actor, organisation_id: int, reason: str, now: dt.datetime) -> Organisation:
    """Stop an organisation with a reason: its people's sign-ins in its roles end at once."""
    policies.check_can_verify_organisation(actor)
    reason = check_reason(reason)
    with transaction.atomic():
        organisation = _locked(actor, organisation_id)
        if organisation.pk == actor.organisation_id:
            raise Conflict("identity.suspend_own", "不能停用自己所在的机构。")
        _move(organisation, OrganisationState.SUSPENDED, reason)
        organisation.save(update_fields=["state", "state_note"])
        members = Membership.objects.filter(organisation=organisation).values("pk")
        acting = LoginSession.objects.filter(membership_id__in=members)
        end_sign_ins(acting, reason=SessionEnd.ROLE_REVOKED, now=now)
        _record("identity.organisation_suspended", actor, organisation, now, reason=reason)
    return organisation


def unmask_organisation(*, actor: Actor, organisation_id: int, reason: str, now: dt.datetime) -> str:
    """The contact's phone in plain; the reason and the act go into the evidence."""
    policies.check_can_unmask(actor)
    organisation = queries.get_visible_organisation(actor, organisation_id)
    reason = check_reason(reason)
    with transaction.atomic():
        _record("identity.unmasked", actor, organisation, now, what="联系人电话", reason=reason)
    return organisation.contact_phone


def _check_licence(organisation: Organisation) -> None:
    if organisation.kind in LICENSED and not has_accepted_licence(organisation.pk):
        words = "还没有审核通过的营业执照（登记证书）。请先在“资质材料”里核对执照，再核验机构。"
        raise Conflict("identity.no_licence", words)


def _checked(fields: OrganisationFields) -> OrganisationFields:
    """All fields in their standard form; one ``Invalid`` that answers each that is wrong."""
    problems: dict[str, str] = {}
    values = {key: str(value).strip() for key, value in asdict(fields).items()}
    for key, label, longest in (
        ("name", "机构名称", 120),
        ("address", "机构地址", 200),
        ("contact_post", "联系人职务", 40),
        ("legal_representative", "法定代表人", 40),
        ("contact_name", "联系人", 40),
    ):
        if not 2 <= len(values[key]) <= longest:
            problems[key] = f"请填写{label}（2至{longest}个字）。"
    for key, check in (("uscc", validators.check_uscc), ("contact_phone", validators.check_contact_phone)):
        try:
            values[key] = check(values[key])
        except Invalid as error:
            problems[key] = error.message
    if problems:
        raise Invalid("identity.organisation_fields", "机构资料有误，请按提示修改。", fields=problems)
    return replace(fields, **values)


def _check_region(kind: OrganisationKind, region_code: str) -> None:
    if queries.find_region(region_code) is None:
        message = "请选择所属地区。"
        raise Invalid("identity.region", message, fields={"region": message})
    if kind is OrganisationKind.BUREAU:
        rows = Organisation.objects.filter(kind=kind, region_id=region_code)
        if rows.exclude(state=OrganisationState.SUSPENDED).exists():
            message = "该地区已登记人社部门，请勿重复登记。"
            raise Conflict("identity.bureau_exists", message, fields={"region": message})


def _move(organisation: Organisation, state: OrganisationState, note: str) -> None:
    present = OrganisationState(organisation.state)
    if state not in TRANSITIONS[present]:
        raise Conflict("identity.organisation_state", f"该机构现在是“{present.label}”，无需再次操作，请刷新页面查看。")
    organisation.state, organisation.state_note = state, note


def _locked(actor: Actor, organisation_id: int) -> Organisation:
    queries.get_visible_organisation(actor, organisation_id)
    return Organisation.objects.select_for_update().get(pk=organisation_id)


def _known(other: Organisation | None) -> Conflict:
    message = "该统一社会信用代码已经登记" + (f"（{other.name}）" if other else "") + "，请勿重复登记。"
    return Conflict("identity.uscc_known", message, fields={"uscc": message})


def _shown(organisation: Organisation) -> dict[str, object]:
    return {
        "kind": OrganisationKind(organisation.kind).label,
        "name": organisation.name,
        "uscc": organisation.uscc,
        "region": organisation.region_id,
        "legal_representative": masking.name(organisation.legal_representative),
        "contact_name": masking.name(organisation.contact_name),
        "contact_phone": masking.phone(organisation.contact_phone),
    }


def _record(event: str, actor: Actor, organisation: Organisation, now: dt.datetime, **body: object) -> None:
    subject = f"organisation:{organisation.pk}"
    evidence.record(kind=event, actor=actor, subject=subject, about=[], body=body, now=now)
