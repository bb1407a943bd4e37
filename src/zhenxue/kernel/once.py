"""Forms that create something are used once: a second press, a reload or the way back makes nothing twice.

Every rendering of such a form carries a random token; the one that created something is written down with where it led.
The note stands in the database and not in the login session: two presses a moment apart would each load their own copy
of the session and both find the token unused. Here the second waits for the first one's transaction.
"""

import re
import secrets
from datetime import datetime, timedelta

from zhenxue.kernel.models import UsedForm

FIELD = "form_token"
KEPT = timedelta(days=7)  # longer than a form stays open in a tab
_SHAPE = re.compile(r"[A-Za-z0-9_-]{22}")


def new_token() -> str:
    """A token for one rendering of a form."""
    return secrets.token_urlsafe(16)


def is_token(text: str) -> bool:
    """Whether this has the shape of a token."""
    return _SHAPE.fullmatch(text) is not None


def use(*, account_id: int, token: str, now: datetime) -> str:
    """Take the token, inside the transaction of what the form creates; where it led if it was used before, else empty.

    Waits while another transaction holds the same token.
    """
    made, is_new = UsedForm.objects.get_or_create(account_id=account_id, token=token, defaults={"used_at": now})
    return "" if is_new else made.location


def settle(*, account_id: int, token: str, location: str) -> None:
    """Note where the form led."""
    UsedForm.objects.filter(account_id=account_id, token=token).update(location=location)


def forget(*, now: datetime) -> int:
    """Delete old notes; how many."""
    return UsedForm.objects.filter(used_at__lt=now - KEPT).delete()[0]
