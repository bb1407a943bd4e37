"""Changes of the log's key, written into the log itself (docs/how-to/keys.md)."""

import datetime as dt

from django.db import transaction

from zhenxue.evidence.data import KEY_RETIRED, KEY_ROTATED, SECRET_CHANGED, ActorLike
from zhenxue.evidence.errors import KeyChangeRefused
from zhenxue.evidence.models import Checkpoint, Entry
from zhenxue.evidence.operations.recording import record
from zhenxue.evidence.queries.keys import (
    configured_signers,
    key_changes,
    key_ring,
    ring_of,
    waiting_key_changes,
)
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.keyrings import KeyRing
from zhenxue.tlog.notes import Verifier

SUBJECT = "log"
ENDS_AT_ONCE = frozenset({"lost", "compromised"})


def rotate_log_key(
    *, how: str, reason: str, by: str, actor: ActorLike, now: dt.datetime, old: Verifier | None = None
) -> Entry:
    """Announce the successor of the log's key in the log.

    ``planned``: ``LOG_KEY`` is the old key and ``LOG_KEY_NEXT`` the new one; from the number of this entry on both sign
    every head, until ``retire_log_key``. ``lost`` and ``compromised``: ``LOG_KEY`` is the new key, ``old`` the public
    key that signs no more from this entry on. The origin stays. Raises ``KeyChangeRefused``.
    """
    new, former = _pair(how, old)
    with transaction.atomic():
        _check_nothing_waits()
        ring = ring_of(key_changes(), former)
        if ring.newest != former:
            raise KeyChangeRefused(f"the key that signs now is {ring.newest}, not {former}")
        if ring.find(new) is not None:
            raise KeyChangeRefused(f"{new} was a key of this log before; a key never comes back")
        if len(ring.at(_size())) > 1:
            raise KeyChangeRefused("two keys sign already; first end that change with retire-log")
        _check_last_head(ring)
        body = {"how": how, "old": str(former), "new": str(new), "reason": reason, "by": by}
        return record(kind=KEY_ROTATED, actor=actor, subject=SUBJECT, body=body, now=now)


def retire_log_key(*, reason: str, by: str, actor: ActorLike, now: dt.datetime) -> Entry:
    """End the overlap: from the number of this entry on only the newer key signs. Raises ``KeyChangeRefused``.

    Refused until a head is there that both keys signed: whoever knows the old key alone must find the way to the new.
    """
    with transaction.atomic():
        _check_nothing_waits()
        ring = key_ring()
        signing = ring.at(_size())
        if len(signing) < 2:
            raise KeyChangeRefused("only one key signs; there is none to retire")
        row = Checkpoint.objects.order_by("-size").values_list("note", flat=True).first()
        if row is None or len(ring.open_by(row)[1]) < 2:
            raise KeyChangeRefused("no head is signed by both keys yet; let the sequencer sign one first")
        configured = {signer.verifier for signer in configured_signers()}
        if ring.newest not in configured:
            raise KeyChangeRefused(f"the newer key {ring.newest} is not configured here")
        body = {"key": str(signing[0]), "reason": reason, "by": by}
        return record(kind=KEY_RETIRED, actor=actor, subject=SUBJECT, body=body, now=now)


def record_secret_change(
    *, what: str, step: str, old: str, new: str, reason: str, by: str, actor: ActorLike, now: dt.datetime
) -> Entry:
    """Note that a secret of the installation was changed; ``old`` and ``new`` are fingerprints, never secrets."""
    body = {"what": what, "step": step, "old": old, "new": new, "reason": reason, "by": by}
    with transaction.atomic():
        return record(kind=SECRET_CHANGED, actor=actor, subject="installation", body=body, now=now)


def _pair(how: str, old: Verifier | None) -> tuple[Verifier, Verifier]:
    """The new and the former key."""
    configured = [signer.verifier for signer in configured_signers()]
    if how == "planned":
        if len(configured) < 2:
            raise KeyChangeRefused("give the new key as ZHENXUE_LOG_KEY_NEXT, beside the old one as ZHENXUE_LOG_KEY")
        if configured[0] == configured[1]:
            raise KeyChangeRefused("ZHENXUE_LOG_KEY_NEXT is the same key as ZHENXUE_LOG_KEY")
        return configured[1], configured[0]
    if how not in ENDS_AT_ONCE:
        raise KeyChangeRefused(f"{how!r} is no way to change a key: planned, lost, compromised")
    if old is None:
        raise KeyChangeRefused("name the public key that is gone (it is on the protocol sheet and in kept dossiers)")
    if len(configured) > 1:
        raise KeyChangeRefused("give only the new key, as ZHENXUE_LOG_KEY; ZHENXUE_LOG_KEY_NEXT must be empty")
    if configured[0] == old:
        raise KeyChangeRefused("ZHENXUE_LOG_KEY is still the key that is said to be gone")
    return configured[0], old


def _check_nothing_waits() -> None:
    if waiting_key_changes():
        raise KeyChangeRefused("a change of keys waits to be numbered; start the sequencer first")


def _check_last_head(ring: KeyRing) -> None:
    row = Checkpoint.objects.order_by("-size").values_list("note", flat=True).first()
    if row is None:
        return
    try:
        ring.open(row)
    except NoteBroken as error:
        raise KeyChangeRefused(f"the last head of the log was not signed by {ring.newest}: {error}") from error


def _size() -> int:
    return Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
