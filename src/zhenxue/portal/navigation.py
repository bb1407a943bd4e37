"""The shell around every page: who is here, where one can go, which form the page takes."""

import logging
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from zhenxue.identity.data import ANONYMOUS, Actor
from zhenxue.kernel import navigation

log = logging.getLogger(__name__)
BAR_SIZE = 4
#: The learner's bar is fixed in look.md: 学习 · 课表 · 考试 · 我的.
LARGE_TYPE_COOKIE = "large_type"


@dataclass(frozen=True, slots=True)
class Entry:
    """A navigation entry; ``current`` is ``page`` where the person stands, ``true`` inside that place, else empty."""

    label: str
    url: str
    icon: str
    current: str


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    entries: tuple[Entry, ...]


class Shell:
    """What ``base.html`` asks for; each part is worked out only when a template uses it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.actor: Actor = getattr(request, "actor", ANONYMOUS)

    @property
    def kind(self) -> str:
        """``learner`` (bottom bar), ``staff`` (left rail) or ``public`` (plain header)."""
        if self.actor.is_anonymous:
            return "public"
        return "learner" if self.actor.is_learner else "staff"

    @cached_property
    def entries(self) -> list[tuple[str, Entry]]:
        """Pairs of group label and entry, in order, the present place marked (the longest address that fits wins)."""
        found = [(item, url) for item in navigation.items_for(self.actor.role) if (url := find_address(item.url_name))]
        match = self.request.resolver_match
        view_name = match.view_name if match else ""
        inside = [url for _, url in found if self.request.path.startswith(url) and url != "/"]
        nearest = max(inside, key=len, default="")
        also = next((url for item, url in found if view_name in item.also), "")
        return [
            (item.group, Entry(item.label, url, item.icon, self._current(url, also or nearest))) for item, url in found
        ]

    def _current(self, url: str, chosen: str) -> str:
        if url == self.request.path:
            return "page"
        return "true" if url == chosen else ""

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The left rail: entries under their headings, in the order in which the headings first come."""
        found: dict[str, list[Entry]] = {}
        for label, entry in self.entries:
            found.setdefault(label, []).append(entry)
        return tuple(Group(label, tuple(entries)) for label, entries in found.items())

    @cached_property
    def bar(self) -> tuple[Entry, ...]:
        """The learner's bottom bar."""
        return tuple(entry for _, entry in self.entries[:BAR_SIZE])

    @cached_property
    def home_url(self) -> str:
        return find_address("portal:landing" if self.actor.is_anonymous else "portal:home") or "/"

    @cached_property
    def is_large(self) -> bool:
        """Large type (关怀版): kept with the account, and in a cookie for visitors."""
        if self.actor.is_anonymous:
            return self.request.COOKIES.get(LARGE_TYPE_COOKIE) == "1"
        return bool(getattr(self.request, "large_type", False))

    @cached_property
    def account_url(self) -> str:
        return find_address("identity:me") or find_address("identity:account")

    @cached_property
    def notices_url(self) -> str:
        return find_address("notices:notices")

    @property
    def unread(self) -> int:
        """Notices not yet read; known with the sign-in, no query."""
        return getattr(getattr(self.request, "login_session", None), "unread", 0)

    @property
    def sign_in_url(self) -> str:
        return str(settings.LOGIN_URL)

    @property
    def initial(self) -> str:
        return self.actor.name[:1]

    @property
    def may_hold_drafts(self) -> bool:
        """Whether what is typed may wait in this browser for a new sign-in."""
        return not self.actor.is_anonymous

    @property
    def device_key_url(self) -> str:
        """Where a learner's browser brings its key, as long as this sign-in has none; else empty. No query."""
        sign_in = getattr(self.request, "login_session", None)
        waiting = sign_in is not None and sign_in.device_key_id is None and not sign_in.must_change_password
        return find_address("identity:device_key") if waiting and self.actor.is_learner else ""

    @property
    def draft_owner(self) -> str:
        """Drafts kept in the browser belong to one account; another person at the same machine never sees them."""
        return str(self.actor.account_id or "")


def find_address(url_name: str) -> str:
    """The address of a URL name, or an empty string (and a line in the log) when nothing answers to it."""
    try:
        return _address(url_name)
    except NoReverseMatch:
        log.warning("navigation names %s, which has no address", url_name)
        return ""


@lru_cache(maxsize=256)
def _address(url_name: str) -> str:
    return reverse(url_name)


def context(request: HttpRequest) -> dict[str, Any]:
    """The context processor named in the settings."""
    shell = Shell(request)
    return {"shell": shell, "actor": shell.actor}
