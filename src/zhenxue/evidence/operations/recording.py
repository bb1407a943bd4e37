"""Records what happened, inside the transaction of the change itself."""

import datetime as dt
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from zhenxue.evidence.data import ACTOR_FIELD, SALT_BYTES, ActorLike, find_kind, moment_text
from zhenxue.evidence.errors import BadBody, NotInTransaction, UnknownKind
from zhenxue.evidence.models import Entry, EntryRef
from zhenxue.evidence.queries.inspection import commitment
from zhenxue.tlog import canonical

REF = re.compile(r"[a-z][a-z_]*(:[0-9A-Za-z._-]+)?", re.ASCII)
REF_LENGTH = 80
FORMAT = 1


def record(
    *,
    kind: str,
    actor: ActorLike,
    subject: str,
    body: Mapping[str, Any],
    now: dt.datetime,
    about: Iterable[str] = (),
) -> Entry:
    """Adds one entry to the log, to be committed or rolled back with the caller's change.

    ``subject`` and ``about`` are refs like ``cohort:12``. ``body`` holds JSON without floats; names, numbers and free
    text about persons only in the fields that the kind declares erasable. The entry has no number yet; the sequencer
    gives it within about a second of the commit.

    Raises ``UnknownKind`` for a kind that no app registered, ``NotInTransaction`` outside a transaction, ``BadBody``
    for a body, ref or time that cannot be logged.
    """
    known = find_kind(kind)
    if known is None:
        raise UnknownKind(kind)
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(kind)
    refs = sorted({subject, *about})
    for ref in refs:
        if len(ref) > REF_LENGTH or not REF.fullmatch(ref):
            raise BadBody(f"{kind}: {ref!r} is no reference like cohort:12")
    if now.tzinfo is None:
        raise BadBody(f"{kind}: the time has no zone")
    try:
        private = {name: commit(name, body[name]) for name in known.erasable if body.get(name) is not None}
        private[ACTOR_FIELD] = commit(ACTOR_FIELD, actor.label)
        envelope = canonical.dumps(
            {
                "about": refs,
                "account": actor.account_id,
                "at": moment_text(now),
                "body": {name: value for name, value in body.items() if name not in known.erasable},
                "kind": kind,
                "private": {name: part["digest"] for name, part in private.items()},
                "subject": subject,
                "v": FORMAT,
            }
        )
        private_text = canonical.dumps(private).decode()
    except canonical.NotCanonical as error:
        raise BadBody(f"{kind}: {error}") from error
    salt = os.urandom(SALT_BYTES)
    entry = Entry.objects.create(
        kind=kind,
        account_id=actor.account_id,
        subject=subject,
        at=now,
        envelope=envelope.decode(),
        private=private_text,
        salt=salt,
        digest=hashlib.sha256(salt + envelope).digest(),
    )
    EntryRef.objects.bulk_create([EntryRef(entry=entry, ref=ref) for ref in refs])
    return entry


def commit(name: str, value: Any) -> dict[str, Any]:
    """A private value with its own salt and its ``commitment``; salt and digest in hex."""
    salt = os.urandom(SALT_BYTES)
    return {"digest": commitment(name, value, salt), "salt": salt.hex(), "value": value}
