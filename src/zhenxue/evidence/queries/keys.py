"""The log's keys: those configured here, and those the log itself has announced.

The log is the record of its own keys: ``evidence.key_rotated`` and ``evidence.key_retired`` say from which number a key
signs and from which it signs no more. Settings say only which private keys this process can use; where the two do not
fit, nothing is signed.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from zhenxue.evidence.data import KEY_RETIRED, KEY_ROTATED, Fault, Finding, LogKey
from zhenxue.evidence.errors import LogBroken
from zhenxue.evidence.models import Checkpoint, Entry
from zhenxue.kernel.keys import KeyRefused, signing_key
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.keyrings import HeldSigner, KeyRing, KeySpan
from zhenxue.tlog.notes import Signer, Verifier


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One entry about keys. ``how``: planned (both sign until the old one is retired), lost, compromised, retired."""

    number: int | None
    at: dt.datetime
    how: str
    old: str
    new: str  # empty when a key is retired


def configured_signers() -> tuple[Signer, ...]:
    """The log's private key, and its successor while the key changes (settings ``LOG_KEY``, ``LOG_KEY_NEXT``).

    Raises ``ImproperlyConfigured`` for a key or origin that is none, or a key service that gives no key.
    """
    names = [name for name in ("LOG_KEY", "LOG_KEY_NEXT") if getattr(settings, name)]
    return tuple(_signer(name, settings.LOG_ORIGIN, getattr(settings, name)) for name in names)


def signers_at(size: int) -> tuple[Signer, ...]:
    """Who signs a head of this size; raises ``LogBroken`` when the log says a key that is not configured here."""
    configured = {signer.verifier: signer for signer in configured_signers()}
    wanted = key_ring().at(size)
    missing = [verifier for verifier in wanted if verifier not in configured]
    if missing:
        raise LogBroken(
            f"the log is to be signed by {missing[0]} at {size} entries; give that key as ZHENXUE_LOG_KEY or "
            "ZHENXUE_LOG_KEY_NEXT (docs/how-to/keys.md)"
        )
    return tuple(configured[verifier] for verifier in wanted)


def log_verifier() -> Verifier:
    """The public key that signs now (while two do, the newer); its text form is what a checker is given."""
    return key_ring().newest


def signing_problems() -> list[str]:
    """Why the next head could not be signed, or the last one does not fit the keys; empty when all is well."""
    row = Checkpoint.objects.order_by("-size").first()
    try:
        signers_at(row.size if row else 0)
        if row is not None:
            key_ring().open(row.note)
    except (LogBroken, NoteBroken) as error:
        return [str(error)]
    return []


def key_ring() -> KeyRing:
    """All keys of this log with the sizes they are good for; raises ``LogBroken`` when the changes contradict."""
    configured = configured_signers()[0].verifier
    changes, waiting = _read_changes()
    return ring_of(changes, _first(waiting, configured))


def log_keys() -> tuple[LogKey, ...]:
    """The keys of this log for people and dossiers, oldest first."""
    configured = configured_signers()[0].verifier
    changes, waiting = _read_changes()
    ring = ring_of(changes, _first(waiting, configured))
    begun = Checkpoint.objects.order_by("size").values_list("signed_at", flat=True).first()
    since: dict[str, dt.datetime | None] = {str(ring.spans[0].verifier): begun}
    until: dict[str, dt.datetime | None] = {}
    how: dict[str, str] = {}
    for change in changes:
        if change.new:
            since[change.new] = change.at
        if change.how != "planned":
            until[change.old] = change.at
            how[change.old] = change.how
    return tuple(
        LogKey(
            vkey=str(span.verifier),
            since=since.get(str(span.verifier)),
            until=until.get(str(span.verifier)),
            first=span.first,
            end=span.end,
            ended=how.get(str(span.verifier), ""),
        )
        for span in ring.spans
    )


def key_changes() -> list[KeyChange]:
    """Every numbered entry about keys, in the order of the log."""
    return _read_changes()[0]


def waiting_key_changes() -> list[KeyChange]:
    """Entries about keys that have no number yet."""
    return _read_changes()[1]


def ring_of(changes: Sequence[KeyChange], first: Verifier) -> KeyRing:
    """The ring that follows from the changes; ``first`` is the key of a log that has never changed it."""
    try:
        spans = [KeySpan(Verifier.from_text(changes[0].old) if changes else first)]
        for change in changes:
            number = change.number or 0
            place = next((at for at, span in enumerate(spans) if str(span.verifier) == change.old), None)
            if place is None or spans[place].end is not None:
                raise LogBroken(f"entry {number} ends a key of the log that does not sign: {change.old}")
            if change.new:
                if place != len(spans) - 1:
                    raise LogBroken(f"entry {number} follows a key that has a successor already")
                spans.append(KeySpan(Verifier.from_text(change.new), number))
            elif place == len(spans) - 1:
                raise LogBroken(f"entry {number} retires the only key of the log")
            if change.how != "planned":
                spans[place] = KeySpan(spans[place].verifier, spans[place].first, number)
        return KeyRing(spans[0].verifier.name, tuple(spans))
    except NoteBroken as error:
        raise LogBroken(f"an entry about keys cannot be read: {error}") from error


def checked_ring(key: Verifier | None) -> tuple[KeyRing, list[Finding]]:
    """The log's keys for somebody who knows one key (None: those configured here), with what does not follow from it.

    Never raises for what the tables hold: entries about keys that contradict are a finding.
    """
    anchors = [key] if key else [signer.verifier for signer in configured_signers()]
    try:
        changes, waiting = _read_changes()
        ring = ring_of(changes, _first(waiting, anchors[0]) if key is None else key)
    except (LogBroken, NoteBroken) as error:
        return KeyRing.of(*anchors), [Finding(Fault.SIGNATURE, f"关于密钥更换的存证自相矛盾：{error}")]
    return ring, check_trust(ring, anchors)


def check_trust(ring: KeyRing, anchors: Collection[Verifier]) -> list[Finding]:
    """What does not follow from the keys that the checker knows already.

    From a known key one comes to its successor only by a head that the known key signed and that holds the announcement
    (that is what the overlap is for); to older keys by the entries of the log, which the newest head covers.
    """
    known = [place for place, span in enumerate(ring.spans) if span.verifier in anchors]
    if not known:
        return [Finding(Fault.SIGNATURE, f"存证链现用的公钥是 {ring.newest}，与您给出的公钥不同，也不是由它更换而来")]
    found = []
    for old, new in zip(ring.spans[known[-1] :], ring.spans[known[-1] + 1 :], strict=False):
        if not _signed_over(ring, old, new.first):
            found.append(
                Finding(
                    Fault.SIGNATURE,
                    f"更换为公钥 {new.verifier} 没有旧公钥的签名（旧密钥遗失或泄露），"
                    "请向平台运营方和主管部门核对新公钥后，用 --key 给出新公钥再核对",
                    new.first,
                )
            )
    return found


def _signed_over(ring: KeyRing, old: KeySpan, number: int) -> bool:
    """Whether the old key signed a head that holds entry ``number``."""
    if old.end is not None and old.end <= number:
        return False
    rows = Checkpoint.objects.filter(size__gte=number).order_by("size")
    if old.end is not None:
        rows = rows.filter(size__lt=old.end)
    for note in rows.values_list("note", flat=True)[:100]:
        try:
            if old.verifier in ring.open_by(note)[1]:
                return True
        except NoteBroken:
            continue
    return False


def _read_changes() -> tuple[list[KeyChange], list[KeyChange]]:
    """Those with a number, and those that wait for one. One query, by the index of kinds."""
    rows = Entry.objects.filter(kind__in=(KEY_ROTATED, KEY_RETIRED)).order_by("number", "id")
    found = [_change(*row) for row in rows.values_list("number", "at", "kind", "envelope")]
    return [one for one in found if one.number is not None], [one for one in found if one.number is None]


def _first(waiting: Sequence[KeyChange], configured: Verifier) -> Verifier:
    """The key of a log that has not changed it yet; with the change on its way the configured one may be the new."""
    return Verifier.from_text(waiting[0].old) if waiting else configured


def _change(number: int | None, at: dt.datetime, kind: str, envelope: str) -> KeyChange:
    try:
        body = json.loads(envelope)["body"]
        if kind == KEY_RETIRED:
            return KeyChange(number, at, "retired", str(body["key"]), "")
        return KeyChange(number, at, str(body["how"]), str(body["old"]), str(body["new"]))
    except (ValueError, KeyError, TypeError) as error:
        raise LogBroken(f"entry {number} about keys cannot be read: {error}") from error


@lru_cache(maxsize=8)
def _signer(name: str, origin: str, reference: str) -> Signer:
    """Asked of a key service once a process."""
    try:
        key = signing_key(reference, token=settings.KEY_SERVICE_TOKEN, service=settings.KEY_SERVICE)
        return HeldSigner(origin, key.public, key.sign)
    except (KeyRefused, ValueError) as error:
        raise ImproperlyConfigured(
            f"ZHENXUE_{name} must be an Ed25519 seed of 64 hex digits or name where one is kept (docs/how-to/keys.md), "
            f"ZHENXUE_LOG_ORIGIN a name without blanks or +: {error}"
        ) from error
