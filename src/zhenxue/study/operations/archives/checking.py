"""Archives against their files and the log."""

import datetime as dt
from collections.abc import Iterator

from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import Fault
from zhenxue.study.models import BeatArchive
from zhenxue.study.operations.archives import files
from zhenxue.study.operations.archives.moving import archive_facts, lock_archive

#: A verification that has not answered for so long is taken for dead and may be asked for again.
STALE = dt.timedelta(minutes=30)


def ask_verification(*, archive_id: int, now: dt.datetime) -> bool:
    """Note that a verification is under way; false when one is already. The caller starts the work."""
    asked = BeatArchive.objects.filter(pk=archive_id).exclude(checking_since__gt=now - STALE)
    if asked.update(checking_since=now):
        return True
    if not BeatArchive.objects.filter(pk=archive_id).exists():
        lock_archive(archive_id)
    return False


def verify_archive(*, archive_id: int, now: dt.datetime) -> str:
    """Read the file again, compare it with row and log, and write the answer down; empty when all fits."""
    archive = BeatArchive.objects.filter(pk=archive_id).first() or lock_archive(archive_id)
    logged = _logged().get(archive.pk)
    fault = why_broken(archive, logged)
    BeatArchive.objects.filter(pk=archive.pk).update(verified_at=now, fault=fault[:300], checking_since=None)
    return fault


def check_archives() -> Iterator[evidence.Finding]:
    """For ``zhenxue verify``: every archive is what the log says, and its file is what was archived."""
    logged = _logged()
    for archive in BeatArchive.objects.order_by("month", "part"):
        fault = why_broken(archive, logged.pop(archive.pk, None))
        if fault:
            yield evidence.Finding(Fault.PROJECTION, f"study_beatarchive：{archive.name} {fault}")
    for body in logged.values():
        yield evidence.Finding(
            Fault.PROJECTION, f"study_beatarchive：{body['month']} 第 {body['part']} 部分的记录缺失，存证里有"
        )


def why_broken(archive: BeatArchive, logged: dict[str, object] | None) -> str:
    """What does not fit, in words."""
    if logged is None:
        return "没有存证"
    facts = archive_facts(archive)
    wrong = sorted(name for name, value in facts.items() if logged.get(name) != value)
    if wrong:
        return f"与存证不一致（{'、'.join(wrong)}）"
    return files.what_is_wrong(
        archive.path, sha256=archive.sha256, size_bytes=archive.size_bytes, row_count=archive.row_count
    )


def _logged() -> dict[int, dict[str, object]]:
    bodies = evidence.iterate_bodies(kinds=("study.beats_archived",))
    return {entry.body["archive"]: dict(entry.body) for entry in bodies}
