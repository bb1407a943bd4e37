"""Raw beats of closed cohorts leave the table for a sealed file, whatever breaks, and come back row for row."""

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from pytest_django.fixtures import Settings

from tests.factories.archives import LATER, MARCH, make_closed, make_studied
from tests.factories.identity import make_operator
from tests.support.triggers import lifted
from zhenxue.evidence import api as evidence
from zhenxue.kernel import parquet, partitions, storage
from zhenxue.kernel.errors import Conflict, Invalid
from zhenxue.ledger import api as ledger
from zhenxue.ledger.models import Span
from zhenxue.ledger.queries import check_against_log
from zhenxue.study.data import ArchiveState
from zhenxue.study.models import ArchivedSession, Beat, BeatArchive
from zhenxue.study.operations import archives
from zhenxue.study.operations.archives import files, moving

pytestmark = pytest.mark.django_db
type Rows = list[tuple[object, ...]]


def rows() -> Rows:
    return list(Beat.objects.order_by("session_id", "number", "id").values_list(*files.BEAT_COLUMNS))


def run() -> BeatArchive:
    [archive] = archives.archive_month(month=MARCH, now=LATER).archives
    return archive


def test_a_month_is_archived_and_restored_row_for_row() -> None:
    running = make_closed()
    before = rows()
    assert len(before) >= 16
    assert {row[3] for row in before} == {True, False}
    spans = list(Span.objects.order_by("pk").values())
    archive = run()
    assert rows() == []
    assert list(Span.objects.order_by("pk").values()) == spans
    assert list(files.read_rows(archive.path)) == before
    path = storage.full_path(archive.path)
    assert (archive.row_count, archive.session_count, archive.sha256) == (len(before), 2, storage.digest_of(path))
    assert path.stat().st_mode & 0o222 == 0
    assert archive.keep_until >= dt.date(2031, 6, 1)
    [entry] = evidence.list_entries(refs=[f"cohort:{running.cohort.pk}"], kinds=["study.beats_archived"])
    assert ("SHA-256", archive.sha256) in entry.lines
    assert list(archives.check_archives()) == list(check_against_log()) == []
    archives.restore_archive(archive_id=archive.pk, now=LATER)
    assert rows() == before
    assert [done.archives for done in archives.archive_due(now=LATER)] == [[]]
    assert rows() == before
    with pytest.raises(Conflict, match="已经恢复"):
        archives.restore_archive(archive_id=archive.pk, now=LATER)
    archives.seal_again(archive_id=archive.pk, now=LATER)
    assert (rows(), BeatArchive.objects.get().state) == ([], ArchiveState.SEALED)
    with pytest.raises(Conflict, match="没有恢复过"):
        archives.seal_again(archive_id=archive.pk, now=LATER)
    assert archives.archive_month(month=MARCH, now=LATER).archives == []


def test_an_emptied_month_gives_its_room_back_and_takes_its_beats_again() -> None:
    make_closed(learners=1)
    before = rows()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    partitions.ensure(now=LATER)
    archive = run()
    made = set(partitions.ensure(now=dt.datetime(2026, 9, 1, tzinfo=dt.UTC)))
    if connection.vendor == "postgresql":
        assert "study_beat_2026_12" not in made  # there since the installation
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname FROM pg_class WHERE relispartition")
            known = {name for (name,) in cursor.fetchall()}
        assert "study_beat_2026_03" not in known
        assert "ledger_span_2026_03" in known
    archives.restore_archive(archive_id=archive.pk, now=LATER)
    assert rows() == before


def test_a_large_month_goes_in_parts_of_whole_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    make_closed(learners=3)
    before = rows()
    monkeypatch.setattr(moving, "PART_ROWS", {"sqlite": 17, "postgresql": 17})
    done = archives.archive_month(month=MARCH, now=LATER)
    assert [(one.part, one.session_count) for one in done.archives] == [(1, 2), (2, 1)]
    assert (done.row_count, rows()) == (len(before), [])
    for one in done.archives:
        archives.restore_archive(archive_id=one.pk, now=LATER)
    assert rows() == before


def test_the_columns_of_the_file_are_those_of_the_table() -> None:
    assert list(files.BEAT_COLUMNS) == [field.attname for field in Beat._meta.concrete_fields]


def test_what_still_runs_or_closed_lately_stays(settings: Settings) -> None:
    make_studied(learners=1)
    kept = rows()
    closed = make_closed(learners=1)
    closing = closed.cohort.closed_at
    assert closing is not None
    settings.ARCHIVE_GRACE_DAYS = 30
    assert archives.archive_month(month=MARCH, now=closing + dt.timedelta(days=29)).archives == []
    with pytest.raises(Invalid, match="还没有结束"):
        archives.archive_month(month=MARCH, now=dt.datetime(2026, 3, 31, 15, 59, tzinfo=dt.UTC))
    assert [done.archives for done in archives.archive_due(now=LATER)] == [[]]
    done = archives.archive_month(month=MARCH, now=LATER)
    assert len(done.archives) == 1
    assert done.choice.waiting_rows == len(kept)
    assert rows() == kept


class PowerCutError(Exception):
    """The process is gone."""


@pytest.mark.parametrize("step", ["written", "checked", "placed", "booked", "removed"])
def test_a_crash_between_two_steps_loses_nothing_and_the_next_run_finishes(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_closed()
    before = rows()
    with monkeypatch.context() as cut:
        where: tuple[object, str] = {
            "written": (parquet, "write"),
            "checked": (files, "facts_of"),
            "placed": (files, "place"),
            "booked": (moving, "_record"),
            "removed": (moving, "_remove"),
        }[step]
        cut.setattr(*where, after(getattr(*where)))
        with pytest.raises(PowerCutError):
            run()
    assert rows() == before
    assert not BeatArchive.objects.exists()
    assert not evidence.list_entries(kinds=["study.beats_archived"])
    archive = run()
    assert list(files.read_rows(archive.path)) == before
    assert rows() == []
    assert archives.unknown_files([archive.path]) == []
    assert archives.unknown_files([]) == [archive.path]
    left = [file.name for file in storage.full_path(files.FOLDER).iterdir()]
    assert sorted(left) == [".lock", Path(archive.path).name]


def after(does: Callable[..., object]) -> Callable[..., object]:
    """The power fails when the step is done."""

    def then_fails(*args: object, **options: object) -> object:
        does(*args, **options)
        raise PowerCutError

    return then_fails


def test_beats_that_the_spans_do_not_explain_are_not_removed() -> None:
    running = make_closed()
    odd = Beat.objects.filter(session__enrolment=running.enrolments[0]).first()
    assert odd is not None
    with lifted():
        Span.objects.filter(enrolment=running.enrolments[0], seconds__gt=0).update(seconds=20, claimed_seconds=20)
    done = archives.archive_month(month=MARCH, now=LATER)
    assert done.choice.unexplained == [odd.session_id]
    assert [one.session_count for one in done.archives] == [1]
    assert set(Beat.objects.values_list("session_id", flat=True)) == {odd.session_id}


def test_the_database_keeps_beats_and_archives_from_every_other_way() -> None:
    make_closed(learners=1)
    for forbidden in (Beat.objects.all().delete, lambda: Beat.objects.update(credit_ms=0)):
        with pytest.raises(IntegrityError), transaction.atomic():
            forbidden()
    archive = run()
    forged: list[Callable[[], object]] = [
        archive.delete,
        ArchivedSession.objects.all().delete,
        lambda: BeatArchive.objects.update(sha256="0" * 64),
        lambda: BeatArchive.objects.update(keep_until=dt.date(2026, 6, 2)),
        lambda: ArchivedSession.objects.update(row_count=1),
    ]
    for way in forged:
        with pytest.raises(IntegrityError), transaction.atomic():
            way()
    archives.restore_archive(archive_id=archive.pk, now=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Beat.objects.all().delete()


def test_what_is_held_is_not_archived_until_it_is_released() -> None:
    running = make_closed()
    operator = make_operator()
    hold = ledger.set_hold(
        actor=operator,
        cohort_id=running.cohort.pk,
        enrolment_id=running.enrolments[0].pk,
        reason="投诉第 12 号正在核查",
        now=LATER,
    )
    done = archives.archive_month(month=MARCH, now=LATER)
    assert (done.choice.held, [one.session_count for one in done.archives]) == (1, [1])
    assert set(Beat.objects.values_list("session__enrolment_id", flat=True)) == {running.enrolments[0].pk}
    ledger.release_hold(actor=operator, hold_id=hold.pk, reason="核查结束，没有问题", now=LATER)
    second = run()
    assert (second.part, second.name, rows()) == (2, "2026-03/2", [])


def test_a_changed_file_or_row_is_found_and_not_restored() -> None:
    make_closed()
    archive = run()
    path = storage.full_path(archive.path)
    good = path.read_bytes()
    os.chmod(path, 0o644)
    for bad, words in ((good[:-1] + b"x", "SHA-256"), (good[:-9], "大小"), (None, "文件不在")):
        path.write_bytes(bad) if bad is not None else path.unlink()
        assert words in archives.verify_archive(archive_id=archive.pk, now=LATER)
        assert words in BeatArchive.objects.get().fault
        [finding] = archives.check_archives()
        assert "2026-03" in str(finding)
        with pytest.raises(Conflict, match="备份"):
            archives.restore_archive(archive_id=archive.pk, now=LATER)
    path.write_bytes(good)
    assert archives.verify_archive(archive_id=archive.pk, now=LATER) == ""
    with lifted():
        BeatArchive.objects.update(row_count=5)
    [finding] = archives.check_archives()
    assert "rows" in str(finding)
    with lifted():
        ArchivedSession.objects.all().delete()
        BeatArchive.objects.all().delete()
    [finding] = archives.check_archives()
    assert "缺失" in str(finding)


def test_the_command_lists_archives_verifies_and_restores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_closed()
    before = rows()
    call_command("archive", "run", "2026-03")
    call_command("archive", "list")
    call_command("archive", "verify")
    call_command("archive", "restore", "2026-03", "--to", str(tmp_path / "march.duckdb"))
    assert rows() == []
    with duckdb.connect(str(tmp_path / "march.duckdb")) as database:
        found = database.execute("SELECT count(*), sum(credit_ms) FROM study_beat").fetchall()
    assert found == [(len(before), 120_000)]
    call_command("archive", "restore", "2026-03")
    assert rows() == before
    said = capsys.readouterr().out
    assert f"已归档 {len(before)} 行" in said
    assert "2026-03  相符" in said
    for wrong in (["restore", "2026-04"], ["restore", "march"]):
        with pytest.raises(CommandError):
            call_command("archive", *wrong)
    call_command("archive", "run", "2026-03")
    assert rows() == []
    assert "已重新移出" in capsys.readouterr().out
