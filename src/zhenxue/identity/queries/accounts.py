"""Accounts, memberships, sign-ins and the access log as an actor may see them."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef, Q, QuerySet

from zhenxue.identity.data import ANONYMOUS, Actor, OrganisationKind, OrganisationState, Role, SignIn
from zhenxue.identity.models import AccessLogEntry, Account, LoginSession, Membership
from zhenxue.identity.queries import people
from zhenxue.identity.validators import check_phone
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.kernel.prepared import Prepared, padded


def visible_accounts(actor: Actor) -> QuerySet[Account]:
    """The operator all; a bureau accounts of organisations in its region; a manager those of the own organisation
    and of the people a registered reach adds; everybody the own."""
    rows = Account.objects.select_related("person")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_anonymous:
        return rows.none()
    if actor.is_manager or actor.is_bureau:
        return rows.filter(person_id__in=people.visible_people(actor).values("pk"))
    return rows.filter(pk=actor.account_id or 0)


def roles_by_account(account_ids: Iterable[int]) -> dict[int, list[Membership]]:
    """The active memberships of many accounts, with their organisations. One query."""
    found: dict[int, list[Membership]] = {account_id: [] for account_id in account_ids}
    rows = Membership.objects.filter(account_id__in=list(found), is_active=True).select_related("organisation")
    for row in rows.order_by("pk"):
        found[row.account_id].append(row)
    return found


def never_signed_in(actor: Actor, person_ids: Iterable[int], *, without_password: bool = False) -> QuerySet[Account]:
    """The visible, active accounts of these people on which nobody ever signed in and whose password is still to be
    changed; ``without_password``: only those that never got one."""
    signed_in = LoginSession.objects.filter(account=OuterRef("pk"))
    rows = visible_accounts(actor).filter(person_id__in=list(person_ids), is_active=True, must_change_password=True)
    rows = rows.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX) if without_password else rows
    return rows.exclude(Exists(signed_in))


def get_visible_account(actor: Actor, account_id: int) -> Account:
    found = visible_accounts(actor).filter(pk=account_id).first()
    if found is None:
        raise NotFound("identity.account_not_found", "没有找到该账号，或您没有查看权限。")
    return found


def get_account(account_id: int) -> Account:
    found = Account.objects.select_related("person").filter(pk=account_id).first()
    if found is None:
        raise NotFound("identity.account_not_found", "没有找到该账号。")
    return found


def list_memberships(account_id: int, *, active_only: bool = True) -> list[Membership]:
    """Roles of an account with their organisations, oldest first."""
    return _memberships(account_id, active_only)


def _memberships_of(account_id: int, active_only: bool) -> QuerySet[Membership]:
    rows = Membership.objects.filter(account_id=account_id).select_related("organisation__region", "account__person")
    if active_only:
        rows = rows.filter(is_active=True).exclude(organisation__state="suspended")
    return rows.order_by("pk")


_memberships = Prepared(_memberships_of)


def account_ids_of_organisation(organisation_id: int) -> QuerySet[Membership, int]:
    rows = Membership.objects.filter(organisation_id=organisation_id, is_active=True)
    return rows.values_list("account_id", flat=True)


def find_account_by_identifier(identifier: str) -> Account | None:
    """The account meant by a login name, a phone or a citizen number; none if unknown, or if a phone fits several
    people.

    Always two queries, whatever is found, so that the time taken says little.
    """
    text = identifier.strip()
    try:
        phones = people.phone_indexes(check_phone(text))
    except Invalid:
        phones = ["-"]
    numbers = people.citizen_indexes(text.upper())
    by_name, by_number = _by_name(text), _by_numbers(numbers, phones)
    return by_name[0] if by_name else by_number[0] if len(by_number) == 1 else None


_by_name = Prepared(lambda name: Account.objects.filter(username=name))

_by_numbers = Prepared(
    lambda numbers, phones: Account.objects.filter(
        Q(person__citizen_index__in=numbers) | Q(person__phone_index__in=phones)
    ).order_by("pk")[:2]
)


def actor_of(membership: Membership) -> Actor:
    """The actor for a membership whose account, person, organisation and region are loaded."""
    organisation = membership.organisation
    return Actor(
        role=Role(membership.role),
        account_id=membership.account_id,
        person_id=membership.account.person_id,
        name=membership.account.person.name,
        organisation_id=membership.organisation_id,
        organisation_name=organisation.name if organisation else "",
        organisation_kind=OrganisationKind(organisation.kind) if organisation else None,
        region_code=organisation.region_id if organisation else "",
        region_name=organisation.region.name if organisation else "",
    )


def key_digest(key: str) -> str:
    """What the table keeps of a sign-in's secret key."""
    return hashlib.sha256(key.encode()).hexdigest()


#: Of the sign-in, its account and person, its membership with organisation and region; ``_sign_in`` takes them so.
SIGN_IN_COLUMNS = (
    "pk",
    "device",
    "ip",
    "opened_at",
    "seen_at",
    "ended_at",
    "end_reason",
    "device_key_id",
    "account_id",
    "account__is_active",
    "account__must_change_password",
    "account__large_type",
    "account__unread",
    "account__person_id",
    "account__person__name",
    "account__person__verified_strength",
    "membership_id",
    "membership__role",
    "membership__is_active",
    "membership__organisation_id",
    "membership__organisation__name",
    "membership__organisation__kind",
    "membership__organisation__state",
    "membership__organisation__region_id",
    "membership__organisation__region__name",
)


def find_session(key: str) -> SignIn | None:
    """The sign-in behind a key, alive or ended. One query that reads no more than a request needs: every page asks."""
    return next((_sign_in(row) for row in _sign_ins(key_digest(key))), None)


def find_sessions(digests: Iterable[str]) -> dict[str, SignIn]:
    """The sign-ins behind many keys, by the digests of these; one query."""
    wanted = padded(digests)
    return {row[0]: _sign_in(row[1:]) for row in _many_sign_ins(wanted)} if wanted else {}


_sign_ins = Prepared(lambda digest: LoginSession.objects.filter(key_digest=digest).values_list(*SIGN_IN_COLUMNS)[:1])

_many_sign_ins = Prepared(
    lambda digests: LoginSession.objects.filter(key_digest__in=digests).values_list("key_digest", *SIGN_IN_COLUMNS)
)


def _sign_in(row: tuple[Any, ...]) -> SignIn:
    pk, device, ip, opened_at, seen_at, ended_at, end_reason, device_key = row[:8]
    account, account_is_active, must_change_password, large_type, unread, person, name, strength = row[8:16]
    membership, role, role_is_active, organisation, organisation_name, kind, state, region, region_name = row[16:]
    actor = ANONYMOUS
    if membership is not None:
        actor = Actor(
            role=Role(role),
            account_id=account,
            person_id=person,
            name=name,
            organisation_id=organisation,
            organisation_name=organisation_name or "",
            organisation_kind=OrganisationKind(kind) if kind else None,
            region_code=region or "",
            region_name=region_name or "",
        )
    return SignIn(
        pk=pk,
        membership_id=membership,
        device=device,
        ip=ip,
        opened_at=opened_at,
        seen_at=seen_at,
        ended_at=ended_at,
        end_reason=end_reason,
        usable=bool(role_is_active and account_is_active and state != OrganisationState.SUSPENDED),
        must_change_password=must_change_password,
        large_type=large_type,
        unread=unread,
        strength=strength,
        actor=actor,
        device_key_id=device_key,
    )


def find_live_session(account_id: int, *, seen_after: dt.datetime) -> LoginSession | None:
    """A sign-in of the account that is alive and was seen lately."""
    rows = LoginSession.objects.filter(account_id=account_id, ended_at__isnull=True, seen_at__gt=seen_after)
    return rows.first()


def visible_sessions(actor: Actor) -> QuerySet[LoginSession]:
    """Own sign-ins; the operator's administrator all; a bureau those of organisations in its region; a manager of
    the own organisation."""
    rows = LoginSession.objects.select_related("account__person", "membership__organisation", "device_key")
    if actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}:
        return rows
    own = Q(account_id=actor.account_id or 0)
    if actor.is_anonymous:
        return rows.none()
    if actor.is_bureau and actor.region_code:
        return rows.filter(own | Q(membership__organisation__region__code__startswith=actor.region_code))
    if actor.is_manager:
        return rows.filter(own | Q(membership__organisation_id=actor.organisation_id or 0))
    return rows.filter(own)


def list_own_sessions(actor: Actor, *, limit: int = 20) -> list[LoginSession]:
    rows = LoginSession.objects.filter(account_id=actor.account_id or 0).select_related("membership__organisation")
    return list(rows.order_by("-opened_at", "-pk")[:limit])


def visible_access_log(actor: Actor) -> QuerySet[AccessLogEntry]:
    """The operator's administrator all; a bureau what was opened from organisations of its region; a manager what was
    opened from the own organisation; others none."""
    rows = AccessLogEntry.objects.select_related("account__person", "organisation")
    if actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}:
        return rows
    if actor.is_bureau and actor.region_code:
        return rows.filter(organisation__region__code__startswith=actor.region_code)
    if actor.is_manager:
        return rows.filter(organisation_id=actor.organisation_id or 0)
    return rows.none()


def of_organisation(rows: QuerySet[Account], organisation_id: str) -> QuerySet[Account]:
    """Narrowed to the accounts with a role at one organisation; anything but a number narrows nothing."""
    if not (organisation_id.isascii() and organisation_id.isdigit()):
        return rows
    return rows.filter(pk__in=account_ids_of_organisation(int(organisation_id)))


def with_role(rows: QuerySet[Account], role: str) -> QuerySet[Account]:
    """Narrowed to the accounts that hold a role."""
    return rows.filter(pk__in=Membership.objects.filter(role=role, is_active=True).values("account_id"))


def list_sessions_of(actor: Actor, account_id: int, *, limit: int = 10) -> list[LoginSession]:
    """The latest sign-ins of an account, as far as the actor may see them."""
    return list(visible_sessions(actor).filter(account_id=account_id).order_by("-opened_at", "-pk")[:limit])
