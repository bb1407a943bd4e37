"""Django's own sessions, which keep the key of a sign-in."""

import datetime as dt
from collections.abc import Collection
from functools import lru_cache

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from zhenxue.identity.data import SignIn
from zhenxue.identity.queries.accounts import find_sessions, key_digest
from zhenxue.kernel.prepared import Prepared, padded

#: Where the key of the sign-in lies in Django's session.
SESSION_KEY = "sign_in"

#: The session of a key while it lasts, at most one; every page asks for one.
lasting_sessions = Prepared(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))

#: Django's column takes no more.
LONGEST_KEY = 40

_data_of = Prepared(
    lambda keys, now: Session.objects.filter(session_key__in=keys, expire_date__gt=now).values_list(
        "session_key", "session_data"
    )
)


def is_session_key(text: str) -> bool:
    """Whether a cookie may be the key of a session: Django's are of letters and digits. Others are not looked up, for
    there are texts that PostgreSQL does not take (with a NUL), and the look-up of many must not fail for one."""
    return len(text) <= LONGEST_KEY and text.isascii() and text.isalnum()


def sign_ins_of(cookies: Collection[str], now: dt.datetime) -> dict[str, SignIn]:
    """The sign-ins behind many session cookies, alive or ended; two queries."""
    wanted = padded(one for one in cookies if is_session_key(one))
    digests = {key: _digest_in(data) for key, data in _data_of(wanted, now)} if wanted else {}
    found = find_sessions({digest for digest in digests.values() if digest})
    return {cookie: found[digest] for cookie, digest in digests.items() if digest in found}


@lru_cache(maxsize=20_000)
def _digest_in(data: str) -> str:
    """The digest of the sign-in key that a session's signed data hold; empty for a session without one."""
    key = SessionStore().decode(data).get(SESSION_KEY)
    return key_digest(key) if key else ""
