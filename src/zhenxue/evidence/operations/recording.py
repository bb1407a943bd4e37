"""Records what happened, inside the transaction of the change itself.

Everything that is worth proving passes here, so it is lean: statements written out, one call for all random bytes.
"""

import datetime as dt
import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from zhenxue.evidence.data import ACTOR_FIELD, SALT_BYTES, ActorLike, Draft, find_kind, moment_text
from zhenxue.evidence.errors import BadBody, NotInTransaction, UnknownKind
from zhenxue.evidence.models import Entry
from zhenxue.evidence.queries.inspection import commitment
from zhenxue.kernel.bulk import array
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
INSERT_MANY = (  # PostgreSQL: in the order of the arrays, which is that of the log; the salted digest tells them apart
    "WITH given AS (SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::timestamptz[], %s::text[],"
    f" %s::text[], %s::bytea[], %s::bytea[], %s::text[]) WITH ORDINALITY AS g({COLUMNS}, refs, place)),"
    f" entry AS (INSERT INTO evidence_entry ({COLUMNS})"
    f" SELECT {COLUMNS} FROM given ORDER BY place RETURNING id, digest)"
    " INSERT INTO evidence_entryref (entry_id, ref) SELECT entry.id, ref"
    " FROM entry JOIN given USING (digest), jsonb_array_elements_text(given.refs::jsonb) AS ref"
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
    entry, refs = _made(Draft(kind, actor, subject, body, about), now)
    _insert(entry, refs)
    return entry


def record_many(drafts: Sequence[Draft], *, now: dt.datetime) -> None:
    """Adds an entry for each, in their order, as ``record`` does one by one; on PostgreSQL in one statement."""
    made = [_made(draft, now) for draft in drafts]
    if connection.vendor == "postgresql" and len(made) > 1:
        _insert_many(made)
        return
    for entry, refs in made:
        _insert(entry, refs)


def _made(draft: Draft, now: dt.datetime) -> tuple[Entry, list[str]]:
    """An entry that is not in the log yet, and its refs."""
    kind, actor, subject, body = draft.kind, draft.actor, draft.subject, draft.body
    known = find_kind(kind)
    if known is None:
        raise UnknownKind(kind)
    if not connection.in_atomic_block:
        raise NotInTransaction(kind)
    refs = sorted({subject, *draft.about})
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
    return entry, refs


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


def _insert_many(made: Sequence[tuple[Entry, list[str]]]) -> None:
    """As ``_insert``, but nobody learns the ids."""
    entries = [entry for entry, _ in made]
    columns: list[Sequence[str | None]] = [
        [one.kind for one in entries],
        [None if one.account_id is None else str(one.account_id) for one in entries],
        [one.subject for one in entries],
        [one.at.isoformat() for one in entries],
        [one.envelope for one in entries],
        [one.private for one in entries],
        [f"\\x{one.salt.hex()}" for one in entries],
        [f"\\x{one.digest.hex()}" for one in entries],
        [canonical.dumps(refs).decode() for _, refs in made],
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT_MANY, [array(texts) for texts in columns])
