"""Sign-in by the electronic social-security card: an OAuth 2.0 code flow with PKCE (RFC 7636), state and nonce
(contract ``social-card/1``)."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from zhenxue.identity.services.answers import broken, text_of
from zhenxue.kernel.outside import Caller


@dataclass(frozen=True, slots=True)
class Errand:
    """What a person takes along to the card's pages, and what must come back."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who signed in, as the card's service says."""

    name: str
    citizen_number: str
    card_number: str
    reference: str


def new_errand(redirect_uri: str) -> Errand:
    return Errand(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), redirect_uri)


def address_of(caller: Caller, errand: Errand) -> str:
    """Where the person signs in; holds nothing about them."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(errand.verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": caller.service.app_id,
        "redirect_uri": errand.redirect_uri,
        "scope": "identity",
        "state": errand.state,
        "nonce": errand.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{caller.service.url.rstrip('/')}/authorize?{urlencode(query)}"


def redeem(caller: Caller, errand: Errand, code: str) -> Holder:
    """Who signed in; a code is good once, so this is never tried twice. Raises ``OutsideError``."""
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": errand.redirect_uri,
        "code_verifier": errand.verifier,
    }
    answer = caller.post("/token", body)
    if not secrets.compare_digest(text_of(caller, answer, "nonce"), errand.nonce):
        raise broken(caller, "the nonce is another")
    return Holder(
        name=text_of(caller, answer, "name"),
        citizen_number=text_of(caller, answer, "citizen_number"),
        card_number=text_of(caller, answer, "card_number"),
        reference=text_of(caller, answer, "reference"),
    )
