"""Who may do what with organisations, people and accounts. ``check_…`` raises with the reason, ``can_…`` is for the
button.

The table of roles and acts is in docs/reference/roles.md.
"""

from collections.abc import Iterable

from zhenxue.identity.data import (
    WORD,
    Actor,
    OrganisationKind,
    OrganisationState,
    Role,
    SessionEnd,
    SignIn,
    VerificationState,
)
from zhenxue.identity.errors import SignInNeeded
from zhenxue.identity.models import Account, Membership, Organisation, Person, Verification
from zhenxue.identity.queries.organisations import region_codes_of
from zhenxue.kernel.errors import Invalid, Refused, ZhenxueError

#: Kinds of organisation a bureau may enter into the register (the operator enters any).
BUREAU_REGISTERS = frozenset({OrganisationKind.PROVIDER, OrganisationKind.ENTERPRISE})
#: Roles a manager may hand out in the own organisation.
MANAGER_GRANTS = frozenset({Role.TEACHER})


def can_register_organisation(actor: Actor, kind: str, region_code: str) -> bool:
    """The operator's administrator any; a bureau providers and enterprises of its region."""
    if actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}:
        return True
    return actor.covers(region_code) and kind in BUREAU_REGISTERS


def check_can_register_organisation(actor: Actor, kind: str, region_code: str) -> None:
    if not can_register_organisation(actor, kind, region_code):
        raise Refused("identity.register_organisation", "您只能登记本辖区的承训机构和企业；其他机构请联系平台管理员。")


def can_edit_organisation(actor: Actor, organisation: Organisation) -> bool:
    """Whoever may register it, and its own manager (who starts a new verification by that)."""
    if organisation.state == OrganisationState.SUSPENDED and actor.is_manager:
        return False
    own = actor.is_manager and actor.organisation_id == organisation.pk
    return own or can_register_organisation(actor, organisation.kind, organisation.region_id)


def check_can_edit_organisation(actor: Actor, organisation: Organisation) -> None:
    if not can_edit_organisation(actor, organisation):
        raise Refused("identity.edit_organisation", "您没有修改该机构资料的权限；如资料有误，请联系平台管理员。")


def can_verify_organisation(actor: Actor) -> bool:
    return actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}


def check_can_verify_organisation(actor: Actor) -> None:
    if not can_verify_organisation(actor):
        raise Refused("identity.verify_organisation", "机构实名核验和停用由平台管理员办理，请联系平台管理员。")


def can_register_person(actor: Actor) -> bool:
    return actor.role in {Role.OPERATOR_ADMIN, Role.BUREAU_OFFICER, Role.SYSTEM} or actor.is_manager


def check_can_register_person(actor: Actor) -> None:
    if not can_register_person(actor):
        raise Refused("identity.register_person", "登记人员由机构管理员、人社部门或平台管理员办理。")


def can_store_photo(actor: Actor, person: Person) -> bool:
    """Whoever registers people, for those in sight; and the person, until verified by more than a teacher's word, or
    where there is no card yet (a face is compared with the card's portrait)."""
    own = actor.person_id == person.pk and (person.verified_strength < 2 or not person.id_photo_front)
    return own or can_register_person(actor)


def check_can_store_photo(actor: Actor, person: Person) -> None:
    if not can_store_photo(actor, person):
        raise Refused("identity.store_photo", "实名认证已完成，照片不能再自行更换；需要更换请联系所在机构。")


def check_can_store_portrait(actor: Actor) -> None:
    """What faces are compared with comes from the card, or from staff; never from the person's own files."""
    if not can_register_person(actor):
        raise Refused("identity.store_portrait", "头像照片从身份证上截取，不能自行上传；请拍摄身份证人像面。")


def can_judge(actor: Actor, verification: Verification) -> bool:
    """Another's identity: a word by the teacher or manager, a card by managers, bureaus and the operator."""
    if verification.person_id == actor.person_id or verification.state != VerificationState.WAITING:
        return False
    staff = actor.is_manager or actor.role in {Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN}
    return staff or (actor.role is Role.TEACHER and verification.method == WORD)


def check_can_judge(actor: Actor, verification: Verification) -> None:
    if verification.person_id == actor.person_id:
        raise Refused("identity.judge_oneself", "不能审核自己的实名认证，请由其他人办理。")
    if verification.state == VerificationState.WAITING and not can_judge(actor, verification):
        raise Refused("identity.judge", "您没有审核这项实名认证的权限；证件审核由机构管理员或人社部门办理。")


def can_verify_in_person(actor: Actor, person: Person) -> bool:
    return person.pk != actor.person_id and (
        actor.is_manager or actor.role in {Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN}
    )


def check_can_verify_in_person(actor: Actor, person: Person) -> None:
    if not can_verify_in_person(actor, person):
        raise Refused("identity.in_person", "当面核验由机构管理员、人社部门或平台管理员办理，不能给自己办理。")


def check_is_oneself(actor: Actor, person_id: int) -> None:
    """Consents, own card and codes are for the person alone."""
    if not actor.person_id or actor.person_id != person_id:
        raise Refused("identity.oneself", "这一步只能由本人办理。")


def can_manage_accounts(actor: Actor, organisation: Organisation) -> bool:
    """Open, reset, deactivate: the operator anywhere; a manager in the own organisation; a city bureau in its
    counties."""
    if actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}:
        return True
    if actor.is_manager:
        return actor.organisation_id == organisation.pk
    return (
        actor.is_city_bureau
        and organisation.kind == OrganisationKind.BUREAU
        and organisation.pk != actor.organisation_id
        and actor.covers(organisation.region_id)
    )


def can_grant(actor: Actor, organisation: Organisation | None, role: Role) -> bool:
    """Whether this actor may give (and take) a role at an organisation."""
    if actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}:
        return True
    if role is Role.LEARNER:
        return actor.is_manager
    if organisation is None or not can_manage_accounts(actor, organisation):
        return False
    return role in MANAGER_GRANTS if actor.is_manager else role is Role.BUREAU_OFFICER


def grantable_roles(actor: Actor, organisation: Organisation) -> list[Role]:
    """The roles this actor may give at this organisation, in the order of the list of roles."""
    fitting = [role for role in Role if role in _roles_of_kind(organisation.kind)]
    return [role for role in fitting if can_grant(actor, organisation, role)]


def check_can_open_accounts(actor: Actor, organisation: Organisation) -> None:
    """Raises ``Refused`` unless there is some role the actor may give there."""
    if not grantable_roles(actor, organisation):
        raise Refused("identity.open_account", "您没有在该机构开通账号的权限；请联系平台管理员或上级人社部门。")


def check_can_grant(actor: Actor, organisation: Organisation | None, role: Role) -> None:
    """Raises ``Refused`` without the right, ``Invalid`` when role and organisation do not fit together."""
    if not can_grant(actor, organisation, role):
        raise Refused("identity.grant", "您没有在该机构开通或调整这一角色的权限。")
    if role not in _roles_of_kind(organisation.kind if organisation else None):
        place = OrganisationKind(organisation.kind).label if organisation else "学员"
        message = f"“{role.label}”不能设在{place}，请改选角色或机构。"
        raise Invalid("identity.role_organisation", message, fields={"role": message})
    if organisation and organisation.state == OrganisationState.SUSPENDED:
        raise Refused("identity.organisation_suspended", "该机构已停用，不能开通账号；请先恢复机构。")


def check_can_manage_account(actor: Actor, account: Account, memberships: list[Membership]) -> None:
    """Reset or deactivate: every membership of the account must lie within the actor's reach, so nobody climbs.

    A manager handles teachers of the own organisation and learners without other roles, not a colleague manager.
    """
    if account.pk == actor.account_id:
        raise Refused("identity.own_account", "不能对自己的账号做这项操作；修改密码请到“我的”页面。")
    if not all(can_grant(actor, membership.organisation, Role(membership.role)) for membership in memberships):
        raise Refused("identity.manage_account", "该账号有您管理范围以外的角色，请联系平台管理员办理。")


def can_manage_account(actor: Actor, account: Account, memberships: list[Membership]) -> bool:
    try:
        check_can_manage_account(actor, account, memberships)
    except Refused:
        return False
    return True


def can_revoke(actor: Actor, membership: Membership) -> bool:
    """Whoever may give the role may take it, but nobody takes the own."""
    mine = membership.account_id == actor.account_id
    return not mine and can_grant(actor, membership.organisation, Role(membership.role))


def can_unmask(actor: Actor) -> bool:
    """Staff who answer for real-name data: managers, bureaus, the operator's administrator."""
    return actor.is_manager or actor.role in {Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN}


def check_can_unmask(actor: Actor) -> None:
    if not can_unmask(actor):
        raise Refused("identity.unmask", "您没有查看完整个人信息的权限。")


def check_can_register_device(actor: Actor) -> None:
    """Devices are bound where class hours are earned: by learners."""
    if not actor.is_learner:
        raise Refused("identity.register_device", "登记学习设备只供学员使用，请先切换到学员身份。")


def can_issue_rules(actor: Actor, region_code: str = "") -> bool:
    """The operator's administrator anywhere; a bureau of a city (or province) within its region, not a county's."""
    if actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}:
        return True
    return actor.is_city_bureau and (not region_code or actor.covers(region_code))


def check_can_issue_rules(actor: Actor, region_code: str = "") -> None:
    if not can_issue_rules(actor, region_code):
        raise Refused("identity.issue_rules", "发布执行规则由市级人社部门在本辖区办理，或由平台管理员办理。")


def may_view_entry(actor: Actor, refs: Iterable[str]) -> bool:
    """Who may open an evidence entry about these refs: the operator all; everybody what is about the own person or
    account; a manager what is about the own organisation; a bureau what is about an organisation of its region."""
    if actor.is_operator or actor.role is Role.SYSTEM:
        return True
    known = set(refs)
    if actor.account_id and known & {f"account:{actor.account_id}", f"person:{actor.person_id}"}:
        return True
    if actor.is_manager:
        return f"organisation:{actor.organisation_id}" in known
    if actor.is_bureau and any(ref.startswith("rules:") for ref in known):
        return True  # numbers that everybody may read
    ids = [int(ref.removeprefix("organisation:")) for ref in known if ref.startswith("organisation:")]
    return actor.is_bureau and any(actor.covers(code) for code in region_codes_of(ids))


def _roles_of_kind(kind: str | None) -> set[Role]:
    if kind is None:
        return {Role.LEARNER}
    table = {
        OrganisationKind.PROVIDER: {Role.TEACHER, Role.PROVIDER_MANAGER},
        OrganisationKind.ENTERPRISE: {Role.TEACHER, Role.ENTERPRISE_MANAGER},
        OrganisationKind.BUREAU: {Role.BUREAU_OFFICER},
        OrganisationKind.OPERATOR: {Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN},
    }
    return table.get(OrganisationKind(kind), set())


def check_is_alive(sign_in: SignIn) -> None:
    """Raises ``SignInNeeded`` when the sign-in has ended or its account, role or organisation is not active."""
    if sign_in.ended_at is None and sign_in.usable:
        return
    reason = SessionEnd(sign_in.end_reason) if sign_in.end_reason else SessionEnd.DEACTIVATED
    if reason is SessionEnd.SIGNED_OUT:
        raise SignInNeeded
    here = "你的账号已在另一台设备登录。" if reason is SessionEnd.HANDED_OVER else f"登录已结束：{reason.label}。"
    raise SignInNeeded(f"identity.session_{reason.value}", here)


def check_has_own_password(sign_in: SignIn) -> None:
    """Raises ``Refused`` until the initial password was changed."""
    if sign_in.must_change_password:
        raise Refused("identity.must_change_password", "请先修改初始密码。")


def role_refusal(role: Role, permitted: Iterable[Role]) -> ZhenxueError:
    """What somebody is told who opens what is for others."""
    kept = set(permitted)
    words = "、".join(one.label for one in Role if one in kept)
    return Refused("identity.role", f"这里只供{words}使用。您现在的身份是{role.label}。")


def check_may_ask(sign_in: SignIn | None, permitted: Iterable[Role]) -> Actor:
    """Who asks, if the sign-in is alive and in one of the roles: what middleware and ``roles`` check for a view."""
    if sign_in is None:
        raise SignInNeeded
    check_is_alive(sign_in)
    check_has_own_password(sign_in)
    role, kept = sign_in.actor.role, set(permitted)
    if role is None:
        raise SignInNeeded
    if role not in kept:
        raise role_refusal(role, kept)
    return sign_in.actor
