"""Binding a sign-in to the device it was made on, and letting go of a device."""

import datetime as dt

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies
from zhenxue.identity.data import Actor, SessionEnd
from zhenxue.identity.models import DeviceKey, LoginSession
from zhenxue.identity.operations.ending import end_sign_ins
from zhenxue.identity.queries import devices as queries
from zhenxue.identity.validators import check_public_key, fingerprint_of
from zhenxue.kernel.errors import Conflict, NotFound, TooMany

#: So many new devices an account may bring within a day; more is a script that makes keys.
NEW_DEVICES_A_DAY = 20


def register_device_key(*, actor: Actor, login_session_id: int, public_key: str, now: dt.datetime) -> DeviceKey:
    """Bind a learner's own live sign-in to the key of the browser it is in, once and for all.

    ``public_key`` is a raw uncompressed P-256 point in base64url without padding. The same key again changes nothing; a
    second, different key for the same sign-in raises ``Conflict``, a key that is none ``Invalid``, a sign-in that is
    over or somebody else's ``NotFound``, and more than 20 new devices of one account within a day ``TooMany``.
    """
    policies.check_can_register_device(actor)
    fingerprint = fingerprint_of(check_public_key(public_key))
    with transaction.atomic():
        rows = LoginSession.objects.select_for_update(of=("self",)).select_related("device_key")
        session = rows.filter(pk=login_session_id, account_id=actor.account_id or 0, ended_at__isnull=True).first()
        if session is None:
            raise NotFound("identity.sign_in_not_found", "这次登录已结束，请重新登录。")
        if session.device_key is not None:
            if session.device_key.public_key != public_key:
                raise Conflict("identity.device_bound", "这次登录已经绑定了另一台设备，请重新登录。")
            return session.device_key
        found = _known_or_new(session, public_key, fingerprint, now)
        session.device_key = found
        session.save(update_fields=["device_key"])
        evidence.record(
            kind="identity.device_bound",
            actor=actor,
            subject=f"account:{session.account_id}",
            about=[f"person:{actor.person_id}"],
            body={"sign_in": session.pk, "device_key": found.pk, "device": found.label, "fingerprint": fingerprint},
            now=now,
        )
    return found


def remove_device(*, actor: Actor, device_key_id: int, now: dt.datetime) -> DeviceKey:
    """Take a device off the own list and end what is signed in there; it comes back by signing in on it again.

    Raises ``NotFound`` for a device that is not one's own or was removed before.
    """
    with transaction.atomic():
        found = queries.get_own_device(actor, device_key_id)
        DeviceKey.objects.filter(pk=found.pk).update(removed_at=now)
        here = LoginSession.objects.filter(device_key=found)
        ended = end_sign_ins(here, reason=SessionEnd.DEVICE_REMOVED, now=now)
        evidence.record(
            kind="identity.device_removed",
            actor=actor,
            subject=f"account:{found.account_id}",
            about=[f"person:{actor.person_id}"],
            body={"device_key": found.pk, "device": found.label, "ended_sign_ins": ended},
            now=now,
        )
    return found


def _known_or_new(session: LoginSession, public_key: str, fingerprint: str, now: dt.datetime) -> DeviceKey:
    """Called with the sign-in locked; of one account at most one lives, so nobody else makes the same row now."""
    found = DeviceKey.objects.filter(account_id=session.account_id, public_key=public_key).first()
    if found is None:
        lately = DeviceKey.objects.filter(
            account_id=session.account_id, first_seen_at__gt=now - dt.timedelta(days=1)
        ).count()
        if lately >= NEW_DEVICES_A_DAY:
            raise TooMany("identity.too_many_devices", "这个账号一天内更换的设备太多，请明天再试，或联系所在机构。")
        return DeviceKey.objects.create(
            account_id=session.account_id,
            public_key=public_key,
            fingerprint=fingerprint,
            label=session.device,
            first_seen_at=now,
            last_seen_at=now,
        )
    found.label, found.last_seen_at, found.removed_at = session.device, max(now, found.last_seen_at), None
    found.save(update_fields=["label", "last_seen_at", "removed_at"])
    return found
