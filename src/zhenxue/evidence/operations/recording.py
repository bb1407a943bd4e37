"""Records what happened, inside the transaction of the change itself.

Everything that is worth proving passes here, so it is lean: statements written out, one call for all random bytes.
"""

import datetime as dt
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from zhenxue.evidence.data import ACTOR_FIELD, SALT_BYTES, ActorLike, find_kind, moment_text
from zhenxue.evidence.errors import BadBody, NotInTransaction, UnknownKind
from zhenxue.evidence.models import Entry
from zhenxue.evidence.queries.inspection import commitment
from zhenxue.tlog import canonical

REF = re.compile(r"[a-z][a-z_]*(:[0-9A-Za-z._-]+)?", re.ASCII)
REF_LENGTH = 80
FORMAT = 1

COLUMNS = "kind, account_id, subject, at, envelope, private, salt, digest"
INSERT_ENTRY = f"INSERT INTO evidence_entry ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"
INSERT_REFS = "INSERT INTO evidence_entryref (entry_id, ref) SELECT %s, value FROM json_each(%s)"
INSERT_BOTH = (  # PostgreSQL: one trip to the server
    f"WITH entry AS ({INSERT_ENTRY}) INSERT INTO evidence_entryref (entry_id, ref)"
    " SELECT entry.id, ref FROM entry, jsonb_array_elements_text(%s) AS ref RETURNING entry_id"
)


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
    if not connection.in_atomic_block:
        raise NotInTransaction(kind)
    refs = sorted({subject, *about})
    for ref in refs:
        if len(ref) > REF_LENGTH or not REF.fullmatch(ref):
            raise BadBody(f"{kind}: {ref!r} is no reference like cohort:12")
    if now.tzinfo is None:
        raise BadBody(f"{kind}: the time has no zone")
    private = {name: body[name] for name in known.erasable if body.get(name) is not None}
    private[ACTOR_FIELD] = actor.label
    salt, *salts = _salts(1 + len(private))
    try:
        parts = {name: commit(name, private[name], own) for name, own in zip(private, salts, strict=True)}
        envelope = canonical.dumps(
            {
                "about": refs,
                "account": actor.account_id,
                "at": moment_text(now),
                "body": {name: value for name, value in body.items() if name not in known.erasable},
                "kind": kind,
                "private": {name: part["digest"] for name, part in parts.items()},
                "subject": subject,
                "v": FORMAT,
            }
        )
        private_text = canonical.dumps(parts).decode()
    except canonical.NotCanonical as error:
        raise BadBody(f"{kind}: {error}") from error
    entry = Entry(
        kind=kind,
        account_id=actor.account_id,
        subject=subject,
        at=now,
        envelope=envelope.decode(),
        private=private_text,
        salt=salt,
        digest=hashlib.sha256(salt + envelope).digest(),
    )
    _insert(entry, refs)
    return entry


def commit(name: str, value: Any, salt: bytes) -> dict[str, Any]:
    """A private value with its salt and its ``commitment``; salt and digest in hex."""
    return {"digest": commitment(name, value, salt), "salt": salt.hex(), "value": value}


def _salts(count: int) -> list[bytes]:
    """So many independent salts from one call."""
    pool = os.urandom(SALT_BYTES * count)
    return [pool[at : at + SALT_BYTES] for at in range(0, len(pool), SALT_BYTES)]


def _insert(entry: Entry, refs: list[str]) -> None:
    """The rows of an entry, on the connection of the caller's transaction; ``entry`` gets its id."""
    at = connection.ops.adapt_datetimefield_value(entry.at)
    values: tuple[Any, ...] = (
        entry.kind,
        entry.account_id,
        entry.subject,
        at,
        entry.envelope,
        entry.private,
        entry.salt,
        entry.digest,
    )
    listed = canonical.dumps(refs).decode()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(INSERT_BOTH, (*values, listed))
            entry.id = cursor.fetchone()[0]
        else:
            cursor.execute(INSERT_ENTRY, values)
            entry.id = cursor.fetchone()[0]
            cursor.execute(INSERT_REFS, (entry.id, listed))
    entry._state.adding, entry._state.db = False, connection.alias
