"""Accounts and their roles: opening, granting, revoking, resetting, deactivating."""

import datetime as dt
import re
from dataclasses import asdict

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies
from zhenxue.identity.data import Actor, Role, SessionEnd
from zhenxue.identity.models import Account, LoginSession, Membership, Organisation, Person
from zhenxue.identity.operations.ending import end_sign_ins
from zhenxue.identity.operations.people import PersonFields, register_person
from zhenxue.identity.passwords import initial_password
from zhenxue.identity.queries import accounts as queries
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

USERNAME = re.compile(r"[a-z][a-z0-9_.-]{2,59}")
#: What ``learner_username`` makes; nobody may type it, or a roster would find the name of its learner taken.
GENERATED_USERNAME = re.compile(r"xs[0-9]{8,}")


def open_account(
    *,
    actor: Actor,
    person: Person,
    username: str,
    role: Role,
    organisation: Organisation | None,
    now: dt.datetime,
    password: str | None = None,
    must_change: bool = True,
) -> tuple[Account, str]:
    """Open an account with one role, or give the role to the account the person already has.

    Returns the account and its initial password to be shown once: made up when ``password`` is None, the given one
    otherwise (both must be changed at first sign-in); empty when the account existed or ``password`` is "" (an account
    that cannot sign in until a password is issued). Raises ``Invalid`` or ``Conflict`` by field, ``Refused``.
    ``must_change=False`` leaves out the forced change; only the system may do that (the accounts of the demo).
    """
    policies.check_can_grant(actor, organisation, role)
    if not must_change and actor.role is not Role.SYSTEM:
        raise Refused("identity.must_change", "初始密码必须在第一次登录时修改。")
    with transaction.atomic():
        account = Account.objects.select_for_update().filter(person=person).first()
        if account is not None:
            grant_role(actor=actor, account=account, organisation=organisation, role=role, now=now)
            return account, ""
        first = initial_password() if password is None else password
        if username != learner_username(person):
            username = check_username(username)
        account = _create(person, username, first, now, must_change)
        Membership.objects.create(account=account, organisation=organisation, role=role, created_at=now)
        _record(
            "identity.account_opened", actor, account, now, organisation, role=role.label, username=account.username
        )
    return account, first


def open_for_new_person(
    *, actor: Actor, organisation: Organisation, role: Role, username: str, person: PersonFields, now: dt.datetime
) -> tuple[Account, str]:
    """Register a person (or find the known one) and open an account for them: both or neither."""
    policies.check_can_grant(actor, organisation, role)
    username = check_username(username)
    with transaction.atomic():
        known = register_person(actor=actor, now=now, **asdict(person))
        return open_account(actor=actor, person=known, username=username, role=role, organisation=organisation, now=now)


def grant_role(
    *, actor: Actor, account: Account, organisation: Organisation | None, role: Role, now: dt.datetime
) -> Membership:
    """Give a role at an organisation; an active one is given back unchanged, a revoked one comes to life again."""
    policies.check_can_grant(actor, organisation, role)
    with transaction.atomic():
        membership = (
            Membership.objects.select_for_update().filter(account=account, organisation=organisation, role=role).first()
        )
        if membership is not None and membership.is_active:
            return membership
        if membership is None:
            membership = Membership.objects.create(
                account=account, organisation=organisation, role=role, created_at=now
            )
        else:
            membership.is_active = True
            membership.save(update_fields=["is_active"])
        _record("identity.role_granted", actor, account, now, organisation, role=role.label)
    return membership


def revoke_role(*, actor: Actor, membership_id: int, now: dt.datetime) -> Membership:
    """Take a role away; a sign-in that acts in it ends. Raises ``NotFound``, ``Refused``, ``Conflict`` (already
    taken)."""
    with transaction.atomic():
        membership = Membership.objects.select_for_update().filter(pk=membership_id).first()
        if membership is None:
            raise NotFound("identity.membership_not_found", "没有找到这一角色。")
        role = Role(membership.role)
        if not policies.can_grant(actor, membership.organisation, role):
            raise Refused("identity.revoke", "您没有撤销这一角色的权限。")
        if membership.account_id == actor.account_id:
            raise Refused("identity.own_role", "不能撤销自己的角色，请由其他管理员办理。")
        if not membership.is_active:
            raise Conflict("identity.role_inactive", "这一角色已经撤销，请刷新页面查看。")
        membership.is_active = False
        membership.save(update_fields=["is_active"])
        acting = LoginSession.objects.filter(membership=membership)
        end_sign_ins(acting, reason=SessionEnd.ROLE_REVOKED, now=now)
        account = queries.get_account(membership.account_id)
        _record("identity.role_revoked", actor, account, now, membership.organisation, role=role.label)
    return membership


def reset_password(*, actor: Actor, account_id: int, now: dt.datetime) -> tuple[Account, str]:
    """A new initial password, shown once and to be changed at the next sign-in; live sign-ins end."""
    with transaction.atomic():
        account, organisation = _managed(actor, account_id)
        password = initial_password()
        account.set_password(password)
        account.must_change_password = True
        account.save(update_fields=["password", "must_change_password"])
        end_sign_ins(LoginSession.objects.filter(account=account), reason=SessionEnd.PASSWORD_RESET, now=now)
        _record("identity.password_reset", actor, account, now, organisation)
    return account, password


def set_active(*, actor: Actor, account_id: int, active: bool, now: dt.datetime) -> Account:
    """Deactivate an account (its sign-ins end) or let it sign in again."""
    with transaction.atomic():
        account, organisation = _managed(actor, account_id)
        if account.is_active == active:
            raise Conflict("identity.account_state", f"该账号已经{'启用' if active else '停用'}，请刷新页面查看。")
        account.is_active = active
        account.save(update_fields=["is_active"])
        if not active:
            end_sign_ins(LoginSession.objects.filter(account=account), reason=SessionEnd.DEACTIVATED, now=now)
        kind = "identity.account_activated" if active else "identity.account_deactivated"
        _record(kind, actor, account, now, organisation)
    return account


def set_unread(*, account_id: int, count: int) -> None:
    """Keep with the account how many notices are unread: every page shows it, and none asks for it."""
    Account.objects.filter(pk=account_id).update(unread=count)


def set_large_type(*, actor: Actor, on: bool) -> None:
    """Keep the wish for large type with the account; a matter of looks, so without evidence."""
    Account.objects.filter(pk=actor.account_id or 0).update(large_type=on)


def check_username(text: str) -> str:
    """A typed login name: 3 to 60 small letters, digits, ``_ . -``, a letter first; so never a phone or citizen number,
    and none that the platform makes itself (``learner_username``)."""
    username = text.strip().lower()
    message = ""
    if not USERNAME.fullmatch(username):
        message = "登录名须以字母开头，3至60位，只用小写字母、数字和 _ . -。"
    elif GENERATED_USERNAME.fullmatch(username):
        message = "xs 加 8 位数字是系统给学员自动生成的登录名，请换一个。"
    if message:
        raise Invalid("identity.username", message, fields={"username": message})
    return username


def learner_username(person: Person) -> str:
    """The login name that the platform gives to a learner."""
    return f"xs{person.pk:08d}"


def _create(person: Person, username: str, password: str, now: dt.datetime, must_change: bool) -> Account:
    account = new_account(person, username, now, must_change=must_change)
    if password:
        account.set_password(password)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError:
        message = "该登录名已被使用，请换一个。"
        raise Conflict("identity.username_taken", message, fields={"username": message}) from None
    return account


def new_account(person: Person, username: str, now: dt.datetime, *, must_change: bool = True) -> Account:
    """An account, not yet written, that cannot sign in until it has a password."""
    account = Account(username=username, person=person, created_at=now, must_change_password=must_change)
    account.set_unusable_password()
    return account


def _managed(actor: Actor, account_id: int) -> tuple[Account, Organisation | None]:
    """The account, locked, if it is in sight and wholly within the actor's reach; and its first organisation."""
    queries.get_visible_account(actor, account_id)
    account = Account.objects.select_for_update().get(pk=account_id)
    memberships = queries.list_memberships(account_id)
    policies.check_can_manage_account(actor, account, memberships)
    return account, next((one.organisation for one in memberships if one.organisation), None)


def _record(
    kind: str, actor: Actor, account: Account, now: dt.datetime, organisation: Organisation | None, **body: object
) -> None:
    about = [f"person:{account.person_id}"]
    if organisation is not None:
        about.append(f"organisation:{organisation.pk}")
    evidence.record(kind=kind, actor=actor, subject=f"account:{account.pk}", about=about, body=body, now=now)
