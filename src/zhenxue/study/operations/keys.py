"""Gives out content keys, no faster than time passes, and remembers what it gave."""

import datetime as dt

from django.db import transaction

from zhenxue.catalogue import api as catalogue
from zhenxue.identity.data import Actor
from zhenxue.ledger.data import coverage
from zhenxue.study import protocol
from zhenxue.study.operations.settling import lock_session
from zhenxue.study.policies import check_brings_ticket, check_may_release, check_owns


def release_key(
    *, actor: Actor, session_id: int, sign_in_digest: str, ticket: str, rung: str, index: int, now: dt.datetime
) -> bytes:
    """The 16 bytes of one content key, for the open session's current ticket (or the one before: a beat may be under
    way).

    What it opens is written to the session: a beat earns nothing beyond. Raises ``Refused`` without the ticket, or when
    the content cannot have been reached yet; ``NotFound`` for a key that is none.
    """
    with transaction.atomic():
        session = lock_session(session_id)
        check_owns(actor, session, sign_in_digest)
        check_brings_ticket(session, ticket)
        key = catalogue.content_key(session.unit.material_id or 0, rung, index)
        check_may_release(session, from_ms=key.from_ms, now=now)
        released = coverage.add(protocol.decode_covered(session.released), key.from_ms, key.to_ms)
        encoded = protocol.encode_covered(released)
        if encoded != session.released:
            session.released = encoded
            session.save(update_fields=["released"])
    return bytes.fromhex(key.key_hex)
