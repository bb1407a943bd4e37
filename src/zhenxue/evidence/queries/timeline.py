"""What happened, for people: timelines and single entries."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from zhenxue.evidence.data import (
    ACTOR_FIELD,
    EntryDetail,
    Kind,
    Proof,
    ProofState,
    TimelineEntry,
    find_kind,
)
from zhenxue.evidence.models import Entry, EntryRef
from zhenxue.evidence.queries.log import find_head, read_stored_tile
from zhenxue.kernel.errors import NotFound
from zhenxue.tlog.hashing import leaf_hash
from zhenxue.tlog.proofs import inclusion_proof
from zhenxue.tlog.tiles import TileNodes

PAGE = 100


def list_entries(
    *,
    refs: Collection[str] | None = None,
    kinds: Collection[str] | None = None,
    limit: int = PAGE,
    before: int | None = None,
) -> list[TimelineEntry]:
    """Newest first; one query. ``refs``: about any of these; ``before``: the ``id`` of the last one on the page before.

    Who may see them is the caller's business (pass refs the actor may see).
    """
    rows = Entry.objects.order_by("-id")
    if refs is not None:
        rows = rows.filter(id__in=EntryRef.objects.filter(ref__in=refs).values("entry_id"))
    if kinds is not None:
        rows = rows.filter(kind__in=kinds)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [as_timeline_entry(entry) for entry in rows[:limit]]


def count_entries(*, refs: Collection[str]) -> int:
    """How many entries are about any of these refs."""
    return EntryRef.objects.filter(ref__in=refs).values("entry_id").distinct().count()


def get_entry(number: int) -> EntryDetail:
    """One logged entry with its digest and its inclusion proof in the newest checkpoint; raises ``NotFound``.

    The caller checks who may see it: ``policies.check_can_view(actor, detail.entry.refs)``.
    """
    entry = Entry.objects.filter(number=number).first()
    head = find_head()
    if entry is None or head is None or number > head.size:
        raise NotFound("evidence.no_entry", "没有这个编号的存证，请核对编号。")
    digest = bytes(entry.digest)
    envelope = json.loads(entry.envelope)
    private = json.loads(entry.private)
    path = inclusion_proof(number - 1, head.size, TileNodes(head.size, read_stored_tile).read)
    return EntryDetail(
        entry=as_timeline_entry(entry),
        envelope=entry.envelope,
        body=visible_body(envelope, private),
        erased=tuple(sorted(name for name in envelope["private"] if "salt" not in private.get(name, {}))),
        salt=bytes(entry.salt).hex(),
        digest=digest.hex(),
        leaf_hash=leaf_hash(digest).hex(),
        tree_size=head.size,
        root=head.root.hex(),
        path=tuple(node.hex() for node in path),
        checkpoint=head.note,
    )


def as_timeline_entry(entry: Entry) -> TimelineEntry:
    """A row in the words a page shows."""
    envelope: dict[str, Any] = json.loads(entry.envelope)
    private: dict[str, Any] = json.loads(entry.private)
    kind = find_kind(entry.kind)
    state = ProofState.PENDING if entry.number is None else ProofState.LOGGED
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
