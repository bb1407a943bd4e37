"""The steps of signing in that belong to the web: who is meant, the waiting hand-over, the way back."""

import datetime as dt
import logging
from dataclasses import dataclass

from django.contrib.auth import HASH_SESSION_KEY, authenticate, login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from zhenxue.identity.data import Role
from zhenxue.identity.errors import AlreadySignedIn
from zhenxue.identity.models import Account, LoginSession, Membership
from zhenxue.identity.operations import devices, sessions
from zhenxue.identity.queries import accounts as queries
from zhenxue.identity.queries.people import citizen_index
from zhenxue.identity.queries.sessions import SESSION_KEY
from zhenxue.identity.web.device import device_of
from zhenxue.kernel.errors import ZhenxueError

log = logging.getLogger(__name__)

PENDING_KEY = "pending_sign_in"
#: How long the hand-over page keeps a checked password good.
PENDING_FOR = dt.timedelta(minutes=5)
#: A public key has 87 letters; more is none.
DEVICE_KEY_LENGTH = 100
BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in whose password was right and that waits for the hand-over page."""

    account: Account
    next: str
    device_key: str


def check_credentials(request: HttpRequest, identifier: str, password: str) -> Account | None:
    """The account, if the password is right and the throttle lets it through.

    An unknown identifier is throttled like a known one and costs a hash as well; the throttle's table then keeps a
    keyed digest instead of what was typed, which may be a citizen number.
    """
    meant = queries.find_account_by_identifier(identifier)
    username = meant.username if meant else "?" + citizen_index(identifier.strip().upper())[:40]
    account = authenticate(request, username=username, password=password)
    return account if isinstance(account, Account) else None


def begin(
    request: HttpRequest,
    account: Account,
    back: str,
    now: dt.datetime,
    *,
    take_over: bool = False,
    device_key: str = "",
) -> HttpResponse:
    """Open the sign-in and go on: to the page asked for, to the choice of role, or to the hand-over page first.

    ``device_key`` is what the sign-in page brought of its browser; a learner's sign-in is bound to it before anybody
    holds its cookie.
    """
    try:
        own = getattr(request, "login_session", None)
        opened, key = sessions.open_session(
            account=account,
            device=device_of(request),
            now=now,
            take_over=take_over,
            replaces=own.pk if own else None,
        )
    except AlreadySignedIn:
        request.session.cycle_key()
        request.session[PENDING_KEY] = {
            "account": account.pk,
            "password": account.get_session_auth_hash(),
            "at": now.timestamp(),
            "next": back,
            "device_key": device_key[:DEVICE_KEY_LENGTH],
        }
        return redirect("identity:hand_over")
    memberships = queries.list_memberships(account.pk)
    _bind(opened, memberships, device_key, now)
    request.session.flush()
    login(request, account, backend=BACKEND)
    request.session[SESSION_KEY] = key
    target = back or home_address()
    if len(memberships) > 1:
        return redirect(reverse("identity:choose_role") + "?" + urlencode({"next": target}))
    return redirect(target)


def go_on(request: HttpRequest, pending: Pending, now: dt.datetime, *, take_over: bool = False) -> HttpResponse:
    """Open the sign-in that waited for the hand-over page, bound to the browser whose form brought the password."""
    return begin(request, pending.account, pending.next, now, take_over=take_over, device_key=pending.device_key)


def _bind(opened: LoginSession, memberships: list[Membership], device_key: str, now: dt.datetime) -> None:
    """Bind the new sign-in of a learner to its browser. No key, or none that fits, stops nobody from signing in: then
    the first page of a learner binds it."""
    learner = next((one for one in memberships if one.role == Role.LEARNER), None)
    if learner is None or not device_key:
        return
    try:
        actor = queries.actor_of(learner)
        devices.register_device_key(actor=actor, login_session_id=opened.pk, public_key=device_key, now=now)
    except ZhenxueError as refusal:
        log.info("a sign-in was not bound to its browser: %s", refusal.code)


def keep_signed_in(request: HttpRequest, account: Account) -> None:
    """Let this browser stay signed in after its owner set a new password, under a new session key.

    Not ``update_session_auth_hash``: that first loads ``request.user`` by the old hash, and so throws the session away.
    """
    request.session.cycle_key()
    request.session[HASH_SESSION_KEY] = account.get_session_auth_hash()


def find_pending(request: HttpRequest, now: dt.datetime) -> Pending | None:
    """The sign-in that waits in this browser, unless it waited too long or the password was changed meanwhile."""
    waiting = request.session.get(PENDING_KEY)
    if not waiting or not 0 <= now.timestamp() - waiting["at"] <= PENDING_FOR.total_seconds():
        return None
    account = queries.get_account(waiting["account"])
    if not account.is_active or not constant_time_compare(waiting["password"], account.get_session_auth_hash()):
        return None
    return Pending(account, waiting["next"], waiting.get("device_key", ""))


def find_live(account: Account, now: dt.datetime) -> LoginSession | None:
    return queries.find_live_session(account.pk, seen_after=now - sessions.STALE_AFTER)


def safe_next(request: HttpRequest, target: str) -> str:
    """The address to go back to if it lies on this site, else nothing (no open redirect)."""
    fits = target.startswith("/") and not target.startswith(str(reverse("identity:sign_in")))
    same_site = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if fits and same_site else ""


def home_address() -> str:
    """The signed-in person's home page."""
    try:
        return reverse("portal:home")
    except NoReverseMatch:
        return reverse("identity:me")
