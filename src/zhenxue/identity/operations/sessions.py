"""Signing in and out: one live sign-in per account (N16), passwords, the access log."""

import datetime as dt
import secrets
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import ANONYMOUS, Actor, Device, Request, SessionEnd, SignIn
from zhenxue.identity.errors import AlreadySignedIn
from zhenxue.identity.models import AccessLogEntry, Account, LoginSession, Membership
from zhenxue.identity.operations.ending import end_sign_ins
from zhenxue.identity.queries import accounts as queries
from zhenxue.kernel.errors import Invalid, NotFound, Refused
from zhenxue.kernel.prepared import PreparedInsert

#: A sign-in that was not used for so long gives way to a new one without the hand-over page.
STALE_AFTER = dt.timedelta(minutes=30)
#: Two sign-ins from the same browser and address within so long are one double click.
SECOND_CLICK = dt.timedelta(seconds=10)
#: How often the last use of a sign-in is written down.
SEEN_EVERY = dt.timedelta(seconds=60)


def open_session(
    *, account: Account, device: Device, now: dt.datetime, take_over: bool = False, replaces: int | None = None
) -> tuple[LoginSession, str]:
    """Start a sign-in for an account whose password was just checked; returns it and its secret key.

    It acts in the role used last, else in the oldest one. Raises ``AlreadySignedIn`` when another sign-in was used
    within half an hour, unless ``take_over``: then that one ends and the hand-over is recorded. No other device, and so
    no question, is the sign-in that this browser itself holds (``replaces``) or a second click on the button. Raises
    ``Refused`` for an account without any active role.
    """
    memberships = queries.list_memberships(account.pk)
    if not memberships:
        raise Refused("identity.no_role", "您的账号还没有可用的角色，或所在机构已停用，请联系机构管理员或平台管理员。")
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)
        live = LoginSession.objects.filter(account=account, ended_at__isnull=True).first()
        elsewhere = live is not None and _is_elsewhere(live, device, now, replaces)
        if elsewhere and not take_over:
            raise AlreadySignedIn("identity.already_signed_in", "这个账号正在另一台设备上使用。")
        if live is not None:
            reason = SessionEnd.HANDED_OVER if elsewhere else _quiet_end(live, now)
            end_sign_ins(LoginSession.objects.filter(pk=live.pk), reason=reason, now=now)
        key = secrets.token_urlsafe(32)
        session = LoginSession.objects.create(
            account=account,
            key_digest=queries.key_digest(key),
            membership=_usual(account, memberships),
            device=device.name[:80],
            user_agent=device.user_agent[:300],
            ip=device.ip,
            opened_at=now,
            seen_at=now,
        )
        if live is not None and elsewhere:
            _record_hand_over(live, session, memberships[0], now)
    return session, key


def end_session(*, session_id: int, reason: SessionEnd, now: dt.datetime) -> None:
    """End a sign-in; ending it twice changes nothing."""
    end_sign_ins(LoginSession.objects.filter(pk=session_id), reason=reason, now=now)


def touch_session(*, session: LoginSession | SignIn, now: dt.datetime) -> None:
    """Note that a sign-in is in use; written at most once a minute."""
    if now - session.seen_at >= SEEN_EVERY:
        LoginSession.objects.filter(pk=session.pk, seen_at__lt=now).update(seen_at=now)


def choose_role(*, session_id: int, actor: Actor, membership_id: int) -> Membership:
    """Let a sign-in act in another role of its account. Raises ``NotFound`` for a role that is not one's own."""
    for membership in queries.list_memberships(actor.account_id or 0):
        if membership.pk == membership_id:
            LoginSession.objects.filter(pk=session_id, account_id=actor.account_id or 0).update(membership=membership)
            return membership
    raise NotFound("identity.membership_not_found", "没有找到这一角色，它可能已被撤销。请刷新后重新选择。")


def change_password(*, account: Account, session_id: int | None, old: str, new: str, now: dt.datetime) -> Account:
    """Set a new password by its owner; other sign-ins end. Raises ``Invalid`` that answers the field."""
    if not account.check_password(old):
        raise _field("old", "当前密码不正确，请重新输入。")
    if old == new:
        raise _field("new", "新密码不能与当前密码相同，请换一个。")
    check_password_rules(new, account)
    with transaction.atomic():
        account.set_password(new)
        account.must_change_password = False
        account.save(update_fields=["password", "must_change_password"])
        others = LoginSession.objects.filter(account=account).exclude(pk=session_id or 0)
        end_sign_ins(others, reason=SessionEnd.PASSWORD_CHANGED, now=now)
        evidence.record(
            kind="identity.password_changed",
            actor=Actor(account_id=account.pk, name=account.person.name),
            subject=f"account:{account.pk}",
            about=[f"person:{account.person_id}"],
            body={},
            now=now,
        )
    return account


def check_password_rules(password: str, account: Account) -> None:
    """Raises ``Invalid`` at field ``new`` with every rule the password breaks, in Chinese."""
    problems: list[str] = []
    try:
        validate_password(password, account)
    except ValidationError as error:
        problems = [_in_chinese(one) for one in error.error_list]
    kinds = sum(
        any(test(letter) for letter in password)
        for test in (str.isdigit, str.isalpha, lambda letter: not letter.isalnum())
    )
    if kinds < 2:
        problems.append("请至少混用两种字符：字母、数字、符号。")
    name, phone = account.person.name, account.person.phone
    if (name and name in password) or (phone and phone in password):
        problems.append("密码里不要包含自己的姓名或手机号码。")
    if problems:
        raise _field("new", " ".join(dict.fromkeys(problems)))


def log_access(*, actor: Actor, method: str, path: str, status: int, ip: str | None, now: dt.datetime) -> None:
    """Write one line of the access log (A4)."""
    _add_access(
        account_id=actor.account_id,
        organisation_id=actor.organisation_id,
        role=actor.role or "",
        at=now,
        method=method[:8],
        path=path[:300],
        status=status,
        ip=plain_address(ip),
    )


_add_access = PreparedInsert(AccessLogEntry)


@lru_cache(maxsize=10_000)
def plain_address(text: str | None) -> str | None:
    """An address as the log's column takes it: of one on this link without the name of the link, of no address none."""
    try:
        return str(ip_address((text or "").partition("%")[0]))
    except ValueError:
        return None


def note_requests(*, requests: Iterable[Request], now: dt.datetime) -> None:
    """What the middleware notes of each request, for many at once: the access log, and that sign-ins are in use."""
    entries, used = [], set()
    for one in requests:
        found = one.sign_in if one.sign_in and one.sign_in.ended_at is None and one.sign_in.usable else None
        actor = found.actor if found else ANONYMOUS
        if found is not None and now - found.seen_at >= SEEN_EVERY:
            used.add(found.pk)
        if one.is_logged:
            entries.append(
                {
                    "account_id": actor.account_id,
                    "organisation_id": actor.organisation_id,
                    "role": actor.role.value if actor.role else "",
                    "at": now,
                    "method": one.method[:8],
                    "path": one.path[:300],
                    "status": one.status,
                    "ip": plain_address(one.ip),
                }
            )
    _add_access.many(entries)
    if used:
        LoginSession.objects.filter(pk__in=used, seen_at__lt=now).update(seen_at=now)


def _is_elsewhere(live: LoginSession, device: Device, now: dt.datetime, replaces: int | None) -> bool:
    """Whether a live sign-in is somebody's present work on another device."""
    same_device = (live.user_agent, live.ip) == (device.user_agent[:300], device.ip)
    second_click = same_device and live.opened_at > now - SECOND_CLICK
    return live.seen_at > now - STALE_AFTER and live.pk != replaces and not second_click


def _quiet_end(live: LoginSession, now: dt.datetime) -> SessionEnd:
    return SessionEnd.REPLACED if live.seen_at > now - STALE_AFTER else SessionEnd.EXPIRED


def _usual(account: Account, memberships: list[Membership]) -> Membership:
    last = (
        LoginSession.objects.filter(account=account, membership__in=memberships)
        .order_by("-opened_at", "-pk")
        .values_list("membership_id", flat=True)
        .first()
    )
    return next((one for one in memberships if one.pk == last), memberships[0])


def _record_hand_over(old: LoginSession, new: LoginSession, membership: Membership, now: dt.datetime) -> None:
    evidence.record(
        kind="identity.signed_in_by_hand_over",
        actor=queries.actor_of(membership),
        subject=f"account:{new.account_id}",
        about=[f"person:{membership.account.person_id}"],
        body={"ended_session": old.pk, "opened_session": new.pk, "from_device": old.device, "to_device": new.device},
        now=now,
    )


CHINESE = {
    "password_too_short": "密码太短，至少 10 位。",
    "password_too_common": "这个密码太常见，容易被猜到，请换一个。",
    "password_entirely_numeric": "密码不能全是数字。",
    "password_too_similar": "密码与登录名太像，请换一个。",
}


def _in_chinese(error: ValidationError) -> str:
    return CHINESE.get(error.code or "", " ".join(error.messages))


def _field(field: str, message: str) -> Invalid:
    return Invalid("identity.password", message, fields={field: message})
