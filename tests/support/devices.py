"""Sign-ins of people and the keys that they are bound to."""

import datetime as dt

from tests.factories.identity import DEVICE, NOW
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Device
from zhenxue.identity.models import DeviceKey, LoginSession


def sign_in(who: Actor, *, now: dt.datetime = NOW, device: Device = DEVICE) -> LoginSession:
    """A new sign-in of somebody, on a device that is not bound yet."""
    account = identity.get_account(who.account_id or 0)
    return identity.open_session(account=account, device=device, now=now, take_over=True)[0]


def register(who: Actor, session: LoginSession, key: str, *, now: dt.datetime = NOW) -> DeviceKey:
    """Binds a sign-in to a key, as its first page does."""
    return identity.register_device_key(actor=who, login_session_id=session.pk, public_key=key, now=now)
