"""Which device asks: the one that the sign-in is bound to."""

from zhenxue.identity import api as identity
from zhenxue.identity.api import ActorRequest


def fingerprint(request: ActorRequest) -> str:
    """The fingerprint of the device key of this sign-in; empty where it is bound to none."""
    found = identity.device_key_of(request.login_session.pk) if request.login_session else None
    return found.fingerprint if found else ""
