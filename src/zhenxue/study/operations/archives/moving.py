"""Raw beats out of the hot table into a sealed file, and back.

The order makes a crash at any point harmless: the file is whole, on the disk and read again before a transaction writes
the archive's row, its log entry and removes the beats, all or nothing. What a crash leaves is a file without a row;
the next run makes the same bytes under the same name.
"""

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched, zip_longest
from pathlib import Path

from django.db import IntegrityError, connection, transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel import clock, parquet, partitions, storage
from zhenxue.kernel.errors import Conflict, Invalid, NotFound
from zhenxue.kernel.guards import YEARS
from zhenxue.study.data import ArchiveState
from zhenxue.study.models import ArchivedSession, Beat, BeatArchive
from zhenxue.study.operations.archives import files
from zhenxue.study.operations.archives.choosing import Choice, Chosen, choose, finished_months, first_free_part, is_over
from zhenxue.training import api as training

log = logging.getLogger(__name__)
#: The timer writes a part of a month whose cohorts have not all closed only for so many rows: few files, not many.
WORTHWHILE_ROWS = 100_000
INSERTED_AT_ONCE = 2_000
#: Rows of one file, and so of one transaction that removes them: SQLite has one writer, beats must not wait for long.
PART_ROWS = {"sqlite": 100_000, "postgresql": 5_000_000}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run over a month did: the archives it made, if anything could be archived, and what stayed."""

    month: dt.date
    choice: Choice
    archives: list[BeatArchive]

    @property
    def row_count(self) -> int:
        return sum(one.row_count for one in self.archives)


def archive_month(*, month: dt.date, now: dt.datetime, actor: Actor = SYSTEM, least_rows: int = 1) -> Run:
    """Archive what may be archived of a month now, as its next part (or parts, of ``PART_ROWS`` each).

    Raises ``Invalid`` for a month that is not over, ``Conflict`` when another run was faster or a file does not hold
    what the table holds; then nothing of that part has changed.
    """
    month = partitions.month_of(month)
    if not is_over(month, now):
        raise Invalid("study.month_not_over", f"{month:%Y-%m} 还没有结束，不能归档。", fields={})
    with files.only_one():
        choice = choose(month, now=now)
        if choice.row_count < least_rows:
            return Run(month, choice, [])
        parts = in_parts(choice.sessions, PART_ROWS[connection.vendor])
        return Run(month, choice, [_archive(month, some, actor, now) for some in parts])


def in_parts(sessions: Sequence[Chosen], most_rows: int) -> Iterator[list[Chosen]]:
    """Runs of sessions of at most so many rows together; a longer session stands alone."""
    part: list[Chosen] = []
    rows = 0
    for one in sessions:
        if part and rows + one.row_count > most_rows:
            yield part
            part, rows = [], 0
        part.append(one)
        rows += one.row_count
    if part:
        yield part


def _archive(month: dt.date, sessions: list[Chosen], actor: Actor, now: dt.datetime) -> BeatArchive:
    part = first_free_part(list(BeatArchive.objects.filter(month=month).values_list("part", flat=True)))
    draft = files.write([one.session_id for one in sessions], month=month, part=part)
    found = draft.facts
    chosen = (sum(one.row_count for one in sessions), len(sessions), sum(one.credit_ms for one in sessions))
    if (found.row_count, found.session_count, found.credit_ms) != chosen:
        raise Conflict("study.archive_differs", f"{month:%Y-%m} 的文件与数据库不一致，没有归档。请重试。")
    path = files.place(draft, month=month, part=part)
    try:
        with transaction.atomic():
            return _book(month, part, path, draft, sessions, actor, now)
    except IntegrityError as error:
        words = f"{month:%Y-%m} 正由另一处归档，或有记录刚被保全，没有归档。请稍后再试。"
        raise Conflict("study.archive_raced", words) from error


def archive_due(*, now: dt.datetime) -> list[Run]:
    """Archive every finished month that is complete, or where enough waits; a month that fails does not stop others."""
    runs = []
    for month in list(finished_months(now)):
        least = 1 if not choose(month, now=now).waiting_rows else WORTHWHILE_ROWS
        try:
            runs.append(archive_month(month=month, now=now, least_rows=least))
        except Conflict:
            log.exception("month %s was not archived", month)
    return runs


def restore_archive(*, archive_id: int, now: dt.datetime, actor: Actor = SYSTEM) -> BeatArchive:
    """Put the beats of an archive back into the table, row for row; the file stays.

    Raises ``Conflict`` where the file is not what was archived, or the beats are back already.
    """
    with transaction.atomic():
        archive = lock_archive(archive_id)
        if archive.state != ArchiveState.SEALED:
            raise Conflict("study.restored_already", f"{archive.name} 的学习上报已经恢复在数据库里。")
        check_file(archive)
        for some in batched(files.read_rows(archive.path), INSERTED_AT_ONCE, strict=False):
            Beat.objects.bulk_create([Beat(**dict(zip(files.BEAT_COLUMNS, row, strict=True))) for row in some])
        if not same_rows(archive):
            raise Conflict("study.restore_differs", f"{archive.name} 恢复后与文件不一致，没有恢复。请联系技术支持。")
        _move(archive, ArchiveState.RESTORED, now)
        _record("study.beats_restored", archive, actor, now)
        return archive


def seal_again(*, archive_id: int, now: dt.datetime, actor: Actor = SYSTEM) -> BeatArchive:
    """Take restored beats out again, against the same file.

    Raises ``Conflict`` where they are not restored, or the table no longer holds what the file holds.
    """
    with transaction.atomic():
        archive = lock_archive(archive_id)
        if archive.state != ArchiveState.RESTORED:
            raise Conflict("study.sealed_already", f"{archive.name} 没有恢复过，不需要再次归档。")
        check_file(archive)
        if not same_rows(archive):
            raise Conflict("study.archive_differs", f"{archive.name} 在数据库里的记录与文件不一致，没有移出。")
        _move(archive, ArchiveState.SEALED, now)
        _remove(archive)
        _record("study.beats_sealed_again", archive, actor, now)
        return archive


def export_archives(*, archives: Sequence[BeatArchive], database: Path) -> int:
    """Copy archives into a new DuckDB database file for analysis, table ``study_beat``; returns the rows.

    Raises ``Conflict`` for a file that is there already, or an archive that is not what was archived.
    """
    if database.exists():
        raise Conflict("study.target_exists", f"{database} 已经存在，请换一个文件名。")
    rows = 0
    for archive in archives:
        check_file(archive)
        rows = parquet.load(storage.full_path(archive.path), database, "study_beat")
    return rows


def lock_archive(archive_id: int) -> BeatArchive:
    """An archive's row, held by this transaction; raises ``NotFound``."""
    found = BeatArchive.objects.select_for_update().filter(pk=archive_id).first()
    if found is None:
        raise NotFound("study.no_archive", "没有这份归档。")
    return found


def check_file(archive: BeatArchive) -> None:
    """Raises ``Conflict`` unless the file is what was archived."""
    wrong = files.what_is_wrong(
        archive.path, sha256=archive.sha256, size_bytes=archive.size_bytes, row_count=archive.row_count
    )
    if wrong:
        raise Conflict("study.archive_broken", f"归档 {archive.name}：{wrong}。请从备份取回文件 {archive.path}。")


def same_rows(archive: BeatArchive) -> bool:
    """Whether the table holds exactly the rows of the file for the archive's sessions in its month."""
    sessions = list(archive.sessions.order_by("session_id").values_list("session_id", flat=True))
    beats = len(files.BEAT_COLUMNS)
    here = (row[:beats] for row in files.rows_of(sessions, archive.month))
    return all(one == other for one, other in zip_longest(here, files.read_rows(archive.path)))


def _book(
    month: dt.date, part: int, path: str, draft: files.Draft, sessions: list[Chosen], actor: Actor, now: dt.datetime
) -> BeatArchive:
    cohorts = training.visible_cohorts(SYSTEM).filter(pk__in={one.cohort_id for one in sessions})
    years = max([YEARS, *(training.rules_of(one)["retention_years"] for one in cohorts)])
    archive = BeatArchive.objects.create(
        month=month,
        part=part,
        path=path,
        sha256=draft.sha256,
        size_bytes=draft.size_bytes,
        row_count=draft.facts.row_count,
        session_count=draft.facts.session_count,
        credit_ms=draft.facts.credit_ms,
        first_ms=draft.facts.first_ms,
        last_ms=draft.facts.last_ms,
        schema_version=files.SCHEMA_VERSION,
        keep_until=years_later(clock.civil_day(now), years),
        archived_at=now,
        changed_at=now,
        verified_at=now,
    )
    ArchivedSession.objects.bulk_create(
        [
            ArchivedSession(
                archive=archive, session_id=one.session_id, row_count=one.row_count, credit_ms=one.credit_ms
            )
            for one in sessions
        ],
        batch_size=INSERTED_AT_ONCE,
    )
    _record("study.beats_archived", archive, actor, now, about=[f"cohort:{one.pk}" for one in cohorts])
    _remove(archive)
    return archive


def _remove(archive: BeatArchive) -> None:
    low, high = partitions.first_ms(archive.month), partitions.first_ms(partitions.next_month(archive.month))
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM study_beat WHERE received_ms >= %s AND received_ms < %s"
            " AND session_id IN (SELECT session_id FROM study_archivedsession WHERE archive_id = %s)",
            [low, high, archive.pk],
        )
        if cursor.rowcount != archive.row_count:
            words = f"{archive.name} 的记录在归档时有变化，没有移出。请重试。"
            raise Conflict("study.archive_differs", words)


def _move(archive: BeatArchive, state: ArchiveState, now: dt.datetime) -> None:
    archive.state, archive.changed_at = state, now
    archive.save(update_fields=["state", "changed_at"])


def _record(kind: str, archive: BeatArchive, actor: Actor, now: dt.datetime, about: list[str] | None = None) -> None:
    evidence.record(
        kind=kind,
        actor=actor,
        subject=f"archive:{archive.pk}",
        about=about or [],
        body=archive_facts(archive),
        now=now,
    )


def archive_facts(archive: BeatArchive) -> dict[str, object]:
    """What the log says of an archive: whole, so that any later change of the row or the file is found."""
    return {
        "archive": archive.pk,
        "month": f"{archive.month:%Y-%m}",
        "part": archive.part,
        "path": archive.path,
        "sha256": archive.sha256,
        "size": archive.size_bytes,
        "rows": archive.row_count,
        "sessions": archive.session_count,
        "credit_ms": archive.credit_ms,
        "first_ms": archive.first_ms,
        "last_ms": archive.last_ms,
        "schema": archive.schema_version,
    }


def years_later(day: dt.date, years: int) -> dt.date:
    """The same day so many years on; 1 March where there is no 29 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)
