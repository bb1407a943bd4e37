"""What happened, for people: timelines and single entries."""

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from zhenxue.evidence.data import (
    ACTOR_FIELD,
    CosignedHead,
    EntryDetail,
    Kind,
    LoggedBody,
    Proof,
    ProofState,
    TimelineEntry,
    find_kind,
)
from zhenxue.evidence.models import Checkpoint, Entry, EntryRef
from zhenxue.evidence.queries.health import cosigned_head
from zhenxue.evidence.queries.inspection import salted_digest
from zhenxue.evidence.queries.log import find_head, inclusion
from zhenxue.kernel.errors import NotFound
from zhenxue.tlog.errors import LogError
from zhenxue.tlog.hashing import leaf_hash
from zhenxue.tlog.proofs import check_inclusion

PAGE = 100
CHUNK = 2_000


def list_entries(
    *,
    refs: Collection[str] | None = None,
    kinds: Collection[str] | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    limit: int = PAGE,
    before: int | None = None,
    witnessed: int = 0,
) -> list[TimelineEntry]:
    """Newest first; one query. ``refs``: about any of these; ``before``: the ``id`` of the last one on the page before;
    ``since`` ≤ time of the act < ``until``; ``witnessed``: up to which number the log is cosigned.

    Who may see them is the caller's business (pass refs the actor may see).
    """
    rows = Entry.objects.order_by("-id")
    if refs is not None:
        rows = rows.filter(id__in=EntryRef.objects.filter(ref__in=refs).values("entry_id"))
    if kinds is not None:
        rows = rows.filter(kind__in=kinds)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [as_timeline_entry(entry, witnessed) for entry in rows[:limit]]


def iterate_bodies(*, kinds: Collection[str]) -> Iterator[LoggedBody]:
    """Every entry of some kinds, oldest first, however many there are: for projections (``register_projection``)."""
    rows = Entry.objects.filter(kind__in=kinds).order_by("id")
    for entry in rows.iterator(CHUNK):
        body = visible_body(json.loads(entry.envelope), json.loads(entry.private))
        yield LoggedBody(entry.number, entry.kind, entry.subject, entry.at, entry.account_id, body)


def count_entries(*, refs: Collection[str]) -> int:
    """How many entries are about any of these refs."""
    return EntryRef.objects.filter(ref__in=refs).values("entry_id").distinct().count()


def get_entry(number: int, *, now: dt.datetime | None = None) -> EntryDetail:
    """One logged entry with its digest and its inclusion proof; raises ``NotFound``.

    The proof leads to the newest cosigned checkpoint where ``now`` is given and that one holds the entry, else to the
    newest of all. It is checked before it is handed out; what does not hold is told in ``fault``. The caller
    checks who may see it: ``policies.check_can_view(actor, detail.entry.refs)``.
    """
    entry = Entry.objects.filter(number=number).first()
    row = Checkpoint.objects.order_by("-size").first()
    if entry is None or row is None or number > row.size:
        raise NotFound("evidence.no_entry", "没有这个编号的存证，请核对编号。")
    envelope = json.loads(entry.envelope)
    private = json.loads(entry.private)
    head, path, fault = _prove(entry, number, now)
    return EntryDetail(
        entry=as_timeline_entry(entry, head.size if head and head.witnesses else 0),
        envelope=entry.envelope,
        body=visible_body(envelope, private),
        private=private,
        erased=tuple(sorted(name for name in envelope["private"] if "salt" not in private.get(name, {}))),
        salt=bytes(entry.salt).hex(),
        digest=bytes(entry.digest).hex(),
        leaf_hash=leaf_hash(bytes(entry.digest)).hex(),
        tree_size=head.size if head else row.size,
        root=(head.root if head else bytes(row.root)).hex(),
        path=tuple(node.hex() for node in path),
        sides=_sides(number - 1, head.size if head else row.size, len(path)),
        checkpoint=head.note if head else row.note,
        witnesses=head.witnesses if head else (),
        fault=fault,
    )


def _prove(entry: Entry, number: int, now: dt.datetime | None) -> tuple[CosignedHead | None, list[bytes], str]:
    """The head that the proof leads to, the inclusion proof and an empty text; or no proof and what does not fit."""
    digest = salted_digest(entry)
    head: CosignedHead | None = None
    try:
        head = _head_for(number, now)
        if digest != bytes(entry.digest):
            return head, [], "正文与登记的摘要不符，这条存证被改动过。"
        if head is None or number > head.size:
            return head, [], "签名检查点不包含这条存证。"
        path = inclusion(number, head.size)
        check_inclusion(leaf=leaf_hash(digest), index=number - 1, size=head.size, proof=path, root=head.root)
    except LogError:
        return head, [], "按现有数据算不出签名检查点的树根，存证链被改动过。"
    return head, path, ""


def _head_for(number: int, now: dt.datetime | None) -> CosignedHead | None:
    """The cosigned head if it holds the number, else the newest one, without marks."""
    cosigned = cosigned_head(now) if now is not None else None
    if cosigned is not None and cosigned.size >= number:
        return cosigned
    plain = find_head()
    return None if plain is None else CosignedHead(plain.size, plain.root, plain.note, plain.signed_at, ())


def _sides(index: int, size: int, steps: int) -> tuple[str, ...]:
    """On which side of the path each hash of an inclusion proof stands, leaf side first (RFC 9162 section 2.1.3.2)."""
    sides = []
    last = size - 1
    for _ in range(steps):
        is_left = bool(index & 1) or index == last
        sides.append("left" if is_left else "right")
        if is_left:
            while index and not index & 1:
                index >>= 1
                last >>= 1
        index >>= 1
        last >>= 1
    return tuple(sides)


def as_timeline_entry(entry: Entry, witnessed: int = 0) -> TimelineEntry:
    """A row in the words a page shows; entries up to the number ``witnessed`` are under a cosigned head."""
    envelope: dict[str, Any] = json.loads(entry.envelope)
    private: dict[str, Any] = json.loads(entry.private)
    kind = find_kind(entry.kind)
    state = ProofState.PENDING
    if entry.number is not None:
        state = ProofState.WITNESSED if entry.number <= witnessed else ProofState.LOGGED
    return TimelineEntry(
        id=entry.id,
        kind=entry.kind,
        label=kind.label if kind else entry.kind,
        at=entry.at,
        who=private.get(ACTOR_FIELD, {}).get("value") or f"（姓名已删除，账号 {entry.account_id or '—'}）",
        subject=entry.subject,
        refs=tuple(envelope["about"]),
        lines=_lines(kind, visible_body(envelope, private)),
        proof=Proof(state, entry.number),
    )


def visible_body(envelope: Mapping[str, Any], private: Mapping[str, Any]) -> dict[str, Any]:
    """The body as it was recorded, less what has been erased."""
    kept = {name: part["value"] for name, part in private.items() if name != ACTOR_FIELD and "value" in part}
    return {**envelope["body"], **kept}


def _lines(kind: Kind | None, body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((label, str(text)) for label, text in kind.lines(body)) if kind else ()
