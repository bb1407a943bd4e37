"""Evidence of an act on many people at once."""

import datetime as dt
from collections.abc import Sequence

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.identity.models import Account, Person


def record_batch(
    kind: str, actor: Actor, rows: Sequence[Person] | Sequence[Account], now: dt.datetime, **body: object
) -> None:
    """One entry about all of them (none when there is nobody), found again from each person and account.

    Its subject is the organisation that acted, or the account, or the log for the system; the body has the ``count``.
    """
    if not rows:
        return
    if actor.organisation_id:
        subject = f"organisation:{actor.organisation_id}"
    else:
        subject = f"account:{actor.account_id}" if actor.account_id else "log"
    about = []
    for row in rows:
        about += [f"person:{row.pk}"] if isinstance(row, Person) else [f"account:{row.pk}", f"person:{row.person_id}"]
    evidence.record(kind=kind, actor=actor, subject=subject, about=about, body={"count": len(rows), **body}, now=now)
