"""The first half of a dossier: entries and summary are written, and their digests go into the log (the seal)."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from zhenxue.evidence.data import DossierState
from zhenxue.evidence.models import Dossier, Entry
from zhenxue.evidence.operations.dossiers.summary import Story, write_summary
from zhenxue.evidence.operations.recording import record
from zhenxue.evidence.operations.sequencing import integrate
from zhenxue.evidence.queries.covers import dossier_kind
from zhenxue.evidence.queries.dossiers import entry_numbers, iterate_entries
from zhenxue.evidence.queries.inspection import commitment, salted_digest
from zhenxue.evidence.queries.log import find_head
from zhenxue.kernel import storage
from zhenxue.tlog import canonical

SEALED = "evidence.dossier_sealed"
ENTRIES, SUMMARY, LEAVES = "entries.jsonl", "summary.html", "leaves"
STEP = 2_000  # entries between two notes of progress

type Clock = Callable[[], dt.datetime]


class DossierBroken(Exception):
    """What was stored does not verify; the message is Chinese and names the entry."""


@dataclass(frozen=True)
class System:
    """The platform itself, which seals what somebody asked for."""

    account_id: int | None = None
    label: str = "系统"


def build_dossier(*, dossier_id: int, clock: Clock) -> bool:
    """Writes entries and summary of a waiting dossier and seals them; whether it now waits to be finished.

    Harmless to run twice: only a waiting dossier is built. What does not verify is never handed out: the dossier fails
    and says which entry it was.
    """
    started = Dossier.objects.filter(pk=dossier_id, state=DossierState.WAITING)
    if not started.update(state=DossierState.BUILDING, moved_at=clock()):
        return False
    dossier = Dossier.objects.get(pk=dossier_id)
    dossier.work_path = f"dossiers/{storage.new_name()}.work"
    folder = storage.full_path(dossier.work_path)
    folder.mkdir(parents=True)
    Dossier.objects.filter(pk=dossier_id).update(work_path=dossier.work_path)
    try:
        _build(dossier, folder, clock)
    except DossierBroken as broken:
        give_up(dossier, str(broken), clock())
        return False
    except Exception:
        give_up(dossier, "制作时出错，平台管理员会在日志里看到原因。请稍后重新制作。", clock())
        raise
    return True


def give_up(dossier: Dossier, words: str, now: dt.datetime) -> None:
    """Ends a dossier that cannot be made."""
    under_way = Dossier.objects.filter(pk=dossier.pk, state__in=[DossierState.BUILDING, DossierState.SEALED])
    under_way.update(state=DossierState.FAILED, failure=words[:300], moved_at=now)
    if dossier.work_path:
        storage.delete(dossier.work_path)


def _build(dossier: Dossier, folder: Path, clock: Clock) -> None:
    integrate(now=clock())
    head = find_head()
    numbers = entry_numbers(dossier.ref, head.size if head else 0)
    Dossier.objects.filter(pk=dossier.pk).update(total=len(numbers), moved_at=clock())
    story = Story()
    digest = hashlib.sha256()
    with (folder / ENTRIES).open("xb") as lines, (folder / LEAVES).open("xb") as leaves:
        for done, entry in enumerate(iterate_entries([entry_id for _, entry_id in numbers]), 1):
            opened = opened_parts(entry, dossier)
            line = entry_line(entry, opened)
            lines.write(line)
            digest.update(line)
            leaves.write(int(entry.number or 0).to_bytes(8, "big") + bytes(entry.digest))
            story.add(entry, opened)
            if done % STEP == 0:
                Dossier.objects.filter(pk=dossier.pk).update(done=done, moved_at=clock())
    kind, number = dossier_kind(dossier.ref)
    now = clock()
    summary = write_summary(dossier, kind.label, kind.cover(number, dossier.with_names), story, now).encode()
    (folder / SUMMARY).write_bytes(summary)
    _seal(dossier, len(numbers), digest.hexdigest(), hashlib.sha256(summary).hexdigest(), now)


def _seal(dossier: Dossier, count: int, entries_sha256: str, summary_sha256: str, now: dt.datetime) -> None:
    body = {
        "count": count,
        "dossier": dossier.pk,
        "entries_sha256": entries_sha256,
        "names": "open" if dossier.with_names else "masked",
        "summary_sha256": summary_sha256,
        "title_sha256": hashlib.sha256(dossier.title.encode()).hexdigest(),
    }
    with transaction.atomic():
        entry = record(kind=SEALED, actor=System(), subject=dossier.ref, body=body, now=now)
        Dossier.objects.filter(pk=dossier.pk, state=DossierState.BUILDING).update(
            state=DossierState.SEALED, seal_entry=entry, done=count, moved_at=now
        )
    integrate(now=now)


def opened_parts(entry: Entry, dossier: Dossier) -> dict[str, Any]:
    """The private values that go into this dossier, by name; ``withheld`` or ``erased`` for the others.

    Without names only what the reader did or wrote is open. Raises ``DossierBroken`` for a value that was changed.
    """
    own = entry.account_id is not None and entry.account_id == dossier.account_id
    found: dict[str, Any] = {}
    for name, part in json.loads(entry.private).items():
        if "salt" not in part:
            found[name] = "erased"
        elif commitment(name, part["value"], bytes.fromhex(part["salt"])) != part["digest"]:
            raise DossierBroken(
                f"第 {entry.number} 号存证的字段被改动过，不能做进档案包。请平台管理员运行 zhenxue verify。"
            )
        elif dossier.with_names or own:
            found[name] = {"salt": part["salt"], "value": part["value"]}
        else:
            found[name] = "withheld"
    return found


def entry_line(entry: Entry, opened: Mapping[str, Any]) -> bytes:
    """One line of ``entries.jsonl``; raises ``DossierBroken`` for an entry that was changed."""
    digest = salted_digest(entry)
    if digest != bytes(entry.digest):
        raise DossierBroken(f"第 {entry.number} 号存证被改动过，不能做进档案包。请平台管理员运行 zhenxue verify。")
    row = {
        "digest": digest.hex(),
        "envelope": entry.envelope,
        "number": entry.number,
        "private": dict(opened),
        "salt": bytes(entry.salt).hex(),
    }
    return canonical.dumps(row) + b"\n"
