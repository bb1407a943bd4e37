"""Which device asks: the one that the sign-in is bound to; and whether it is that device that answers."""

from zhenxue.identity import api as identity
from zhenxue.identity.api import ActorRequest
from zhenxue.integrity.errors import NotSigned, WrongSignature
from zhenxue.integrity.protocol import answer_text
from zhenxue.kernel.p256 import is_signed

#: A signature has 86 letters.
LONGEST = 100


def fingerprint(request: ActorRequest) -> str:
    """The fingerprint of the device key of this sign-in; empty where it is bound to none."""
    found = identity.device_key_of(request.login_session.pk) if request.login_session else None
    return found.fingerprint if found else ""


def proven_fingerprint(request: ActorRequest, check_id: int, *parts: str | bytes) -> str:
    """The same, once the field ``signature`` shows that the holder of the key sends these parts for this try.

    Raises ``NotSigned`` and ``WrongSignature``: a cookie can be copied, the key cannot. A sign-in without a key (an old
    browser) answers unsigned; ``study`` opens no session for it, so it is never asked about class hours of its own.
    """
    found = identity.device_key_of(request.login_session.pk) if request.login_session else None
    if found is None:
        return ""
    signature = request.POST.get("signature", "")[:LONGEST]
    if not signature:
        raise NotSigned
    if not is_signed(found.public_key, answer_text(check_id, request.POST.get("nonce", ""), parts), signature):
        raise WrongSignature
    return found.fingerprint
