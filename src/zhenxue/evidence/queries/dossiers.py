"""Dossiers that were asked for, and the entries that go into one."""

from collections.abc import Iterator, Sequence
from itertools import batched

from zhenxue.evidence.data import ActorLike, DossierState, moment_text
from zhenxue.evidence.models import Dossier, Entry, EntryRef, Tile, Witness
from zhenxue.evidence.queries.keys import log_keys
from zhenxue.kernel import storage
from zhenxue.kernel.errors import NotFound

CHUNK = 500
LISTED = 10


def list_dossiers(*, actor: ActorLike, ref: str) -> list[Dossier]:
    """What this account asked for about a ref, newest first."""
    rows = Dossier.objects.filter(ref=ref, account_id=actor.account_id or 0)
    return list(rows.exclude(state=DossierState.REMOVED).order_by("-id")[:LISTED])


def get_dossier(*, actor: ActorLike, dossier_id: int) -> Dossier:
    """One that this account asked for; raises ``NotFound``. Whether it may still have it: ``dossier_subject``."""
    found = Dossier.objects.filter(pk=dossier_id, account_id=actor.account_id or 0).first()
    if found is None:
        raise NotFound("evidence.no_dossier", "没有这份档案包，可能已过期删除。请重新制作。")
    return found


def file_claims() -> Iterator[storage.Claim]:
    """The files of dossiers that can be taken (``storage.check_claims``)."""
    rows = Dossier.objects.filter(state=DossierState.READY).order_by("pk")
    for key, path, size, sha256 in rows.values_list("pk", "path", "size_bytes", "sha256"):
        yield storage.Claim(path, f"dossier:{key}", size, sha256)


def entry_numbers(ref: str, size: int) -> list[tuple[int, int]]:
    """(number, id) of every entry about a ref in the tree of this size, in the order of the log."""
    rows = Entry.objects.filter(id__in=EntryRef.objects.filter(ref=ref).values("entry_id"), number__lte=size)
    return [(number or 0, entry_id) for number, entry_id in rows.order_by("number").values_list("number", "id")]


def iterate_entries(ids: Sequence[int]) -> Iterator[Entry]:
    """Entries by id, in the order given, a few hundred a query: no cursor stays open while others write."""
    for some in batched(ids, CHUNK):
        found = Entry.objects.in_bulk(some)
        yield from (found[entry_id] for entry_id in some)


def fetch_tiles(level: int, indices: Sequence[int]) -> dict[int, bytes]:
    """Stored tiles of a level by index, for ``tlog.multiproofs``."""
    rows = Tile.objects.filter(level=level, index__in=indices).values_list("index", "hashes")
    return {index: bytes(hashes) for index, hashes in rows}


def published_keys() -> dict[str, list[dict[str, object]]]:
    """The keys that a dossier carries (docs/reference/dossier.md): hints for a reader, never a reason to trust."""
    witnesses = Witness.objects.order_by("id").values_list("organisation", "vkey", "added_at", "retired_at")
    return {
        "log": [{"end": key.end, "first": key.first, "vkey": key.vkey} for key in log_keys()],
        "witnesses": [
            {
                "organisation": organisation,
                "since": moment_text(since),
                "until": moment_text(until) if until else None,
                "vkey": vkey,
            }
            for organisation, vkey, since, until in witnesses
        ],
    }


def waits_for_witness() -> bool:
    """Whether anybody is there to cosign."""
    return Witness.objects.filter(retired_at__isnull=True).exists()
