"""What happened, for people: timelines and single entries."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from zhenxue.evidence.data import (
    ACTOR_FIELD,
    EntryDetail,
    Kind,
    LoggedBody,
    Proof,
    ProofState,
    TimelineEntry,
    find_kind,
)
from zhenxue.evidence.models import Checkpoint, Entry, EntryRef
from zhenxue.evidence.queries.inspection import salted_digest
from zhenxue.evidence.queries.log import find_head, read_stored_tile
from zhenxue.kernel.errors import NotFound
from zhenxue.tlog.errors import LogError
from zhenxue.tlog.hashing import leaf_hash
from zhenxue.tlog.proofs import check_inclusion, inclusion_proof
from zhenxue.tlog.tiles import TileNodes

PAGE = 100
CHUNK = 2_000


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


def iterate_bodies(*, kinds: Collection[str]) -> Iterator[LoggedBody]:
    """Every entry of some kinds, oldest first, however many there are: for projections (``register_projection``)."""
    rows = Entry.objects.filter(kind__in=kinds).order_by("id")
    for entry in rows.iterator(CHUNK):
        body = visible_body(json.loads(entry.envelope), json.loads(entry.private))
        yield LoggedBody(entry.number, entry.kind, entry.subject, entry.at, entry.account_id, body)


def count_entries(*, refs: Collection[str]) -> int:
    """How many entries are about any of these refs."""
    return EntryRef.objects.filter(ref__in=refs).values("entry_id").distinct().count()


def get_entry(number: int) -> EntryDetail:
    """One logged entry with its digest and its inclusion proof in the newest checkpoint; raises ``NotFound``.

    The proof is checked before it is handed out; what does not hold is told in ``fault``, never shown as proven.
    The caller checks who may see it: ``policies.check_can_view(actor, detail.entry.refs)``.
    """
    entry = Entry.objects.filter(number=number).first()
    row = Checkpoint.objects.order_by("-size").first()
    if entry is None or row is None or number > row.size:
        raise NotFound("evidence.no_entry", "没有这个编号的存证，请核对编号。")
    envelope = json.loads(entry.envelope)
    private = json.loads(entry.private)
    path, fault = _prove(entry, number)
    return EntryDetail(
        entry=as_timeline_entry(entry),
        envelope=entry.envelope,
        body=visible_body(envelope, private),
        erased=tuple(sorted(name for name in envelope["private"] if "salt" not in private.get(name, {}))),
        salt=bytes(entry.salt).hex(),
        digest=bytes(entry.digest).hex(),
        leaf_hash=leaf_hash(bytes(entry.digest)).hex(),
        tree_size=row.size,
        root=bytes(row.root).hex(),
        path=tuple(node.hex() for node in path),
        checkpoint=row.note,
        fault=fault,
    )


def _prove(entry: Entry, number: int) -> tuple[list[bytes], str]:
    """The inclusion proof in the newest signed head and an empty text, or nothing and what does not fit."""
    digest = salted_digest(entry)
    if digest != bytes(entry.digest):
        return [], "正文与登记的摘要不符，这条存证被改动过。"
    try:
        head = find_head()
        if head is None or number > head.size:
            return [], "签名检查点不包含这条存证。"
        path = inclusion_proof(number - 1, head.size, TileNodes(head.size, read_stored_tile).read)
        check_inclusion(leaf=leaf_hash(digest), index=number - 1, size=head.size, proof=path, root=head.root)
    except LogError:
        return [], "按现有数据算不出签名检查点的树根，存证链被改动过。"
    return path, ""


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
