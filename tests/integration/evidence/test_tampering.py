"""The whole story: somebody who owns the database changes what happened; ``zhenxue verify`` finds, names and explains.

One town with study, attendance, an exam and a subsidy paid; every change is made behind the application, found, and
taken back before the next.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from tests.factories.evidence import NOW
from tests.factories.subsidy import make_paid_claim
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Checkpoint, Entry, EntryRef, Tile
from zhenxue.evidence.operations import sequencing
from zhenxue.evidence.queries.log import read_stored_tile
from zhenxue.exams.models import Attempt
from zhenxue.ledger.models import Span
from zhenxue.subsidy.models import Claim, ClaimLine
from zhenxue.tlog.tiles import TILE_WIDTH
from zhenxue.training.models import Attendance, Cohort

STEP = 25  # entries a checkpoint, so that there are several


def sql(statement: str, *values: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount >= 1


def edit_span() -> None:
    sql("UPDATE ledger_span SET seconds = seconds + 600 WHERE id = %s", first(Span, unit__isnull=False, seconds__gt=0))


def delete_span() -> None:
    sql("DELETE FROM ledger_span WHERE id = %s", first(Span, unit__isnull=False, seconds__gt=0))


def add_span() -> None:
    span = Span.objects.get(pk=first(Span, unit__isnull=False, seconds__gt=0))
    span.pk = None
    span.save()


def shift_seconds() -> None:
    """A minute moves to another stretch of the same unit and day: every sum stays as it was."""
    span = Span.objects.get(pk=first(Span, unit__isnull=False, seconds__gt=60))
    sql("UPDATE ledger_span SET seconds = seconds - 60 WHERE id = %s", span.pk)
    span.pk, span.seconds = None, 60
    span.save()


def move_span() -> None:
    span = Span.objects.get(pk=first(Span, unit__isnull=False, seconds__gt=0))
    Span.objects.filter(pk=span.pk).update(began_at=span.began_at - timedelta(minutes=5))


def edit_score() -> None:
    sql("UPDATE exams_attempt SET score = score - 1 WHERE id = %s", first(Attempt, state="marked"))


def edit_attendance() -> None:
    sql("UPDATE training_attendance SET minutes = minutes - 5 WHERE id = %s", first(Attendance, minutes__gt=5))


def delete_attendance() -> None:
    sql("DELETE FROM training_attendance WHERE id = %s", first(Attendance, minutes__gt=5))


def edit_amount() -> None:
    sql("UPDATE subsidy_claimline SET amount_cents = amount_cents + 100 WHERE id = %s", first(ClaimLine, eligible=True))


def edit_claim_total() -> None:
    sql("UPDATE subsidy_claim SET total_cents = total_cents + 100 WHERE id = %s", first(Claim))


def edit_voucher() -> None:
    sql("UPDATE subsidy_claim SET voucher_number = 'PZ-0' WHERE id = %s", first(Claim))


def edit_policy() -> None:
    sql("UPDATE subsidy_policy SET standard_cents = standard_cents + 1")


def edit_cohort() -> None:
    sql("UPDATE training_cohort SET state = 'closed' WHERE id = %s", first(Cohort, state="running"))


def delete_entry() -> None:
    EntryRef.objects.filter(entry__number=42).delete()
    sql("DELETE FROM evidence_entry WHERE number = 42")


def reorder_entries() -> None:
    sql("UPDATE evidence_entry SET number = 1000000 WHERE number = 42")
    sql("UPDATE evidence_entry SET number = 42 WHERE number = 7")
    sql("UPDATE evidence_entry SET number = 7 WHERE number = 1000000")


def swap_hashes_of_a_tile() -> None:
    hashes = read_stored_tile(0, 0)
    swapped = hashes[32:64] + hashes[:32] + hashes[64:]
    Tile.objects.filter(level=0, index=0).update(hashes=swapped)


def roll_back() -> None:
    """The log as it was two checkpoints ago, whole and signed."""
    size = Checkpoint.objects.order_by("-size").values_list("size", flat=True)[2]
    Checkpoint.objects.filter(size__gt=size).delete()
    EntryRef.objects.filter(entry__number__gt=size).delete()
    Entry.objects.filter(number__gt=size).delete()
    index, width = divmod(size, TILE_WIDTH)
    Tile.objects.filter(level=0, index__gt=index).delete()
    Tile.objects.filter(level=0, index=index).update(hashes=read_stored_tile(0, index)[: width * 32])


def first(model: type, **having: object) -> int:
    found = model._default_manager.filter(**having).order_by("pk").values_list("pk", flat=True).first()  # type: ignore[attr-defined]  # any model
    assert found is not None, f"the town has no {model.__name__}"
    return int(found)


STORY: tuple[tuple[Callable[[], None], tuple[str, ...]], ...] = (
    (edit_span, ("ledger_span：学籍", "秒，存证合计")),
    (delete_span, ("ledger_span：学籍", "存证合计")),
    (add_span, ("ledger_span：学籍", "秒，存证合计")),
    (shift_seconds, ("ledger_span：学籍", "秒，存证没有", "没有这样的行")),
    (move_span, ("ledger_span：学籍", "没有这样的行")),
    (edit_score, ("exams_attempt：第", "分、合格，存证是")),
    (edit_attendance, ("training_attendance：学籍", "分钟，存证是")),
    (delete_attendance, ("training_attendance：学籍", "的考勤缺失，存证是")),
    (edit_amount, ("subsidy_claimline：第", "元，存证是")),
    (edit_claim_total, ("subsidy_claim：第", "total_cents 记为", "存证是")),
    (edit_voucher, ("voucher_number 记为 PZ-0，存证是 PZ-2026-0001",)),
    (edit_policy, ("subsidy_policy：第", "standard_cents 记为 160001，存证是 160000")),
    (edit_cohort, ("training_cohort：班期", "记为已结班，存证是培训中")),
    (delete_entry, ("第 42 号：存证缺失",)),
    (reorder_entries, ("第 7 号：次序被改动——这里的内容原是第 42 号存证", "第 42 号：次序被改动")),
    (swap_hashes_of_a_tile, ("第 1 号：默克尔树数据块不符——数据块中的叶子与存证内容不符",)),
    (roll_back, ("存证链被回退",)),
)


@pytest.mark.django_db
def test_every_change_behind_the_application_is_found_named_and_explained(
    unguarded: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sequencing, "BATCH", STEP)
    make_paid_claim()
    evidence.integrate(NOW)
    kept = tmp_path / "checkpoint"
    kept.write_text(Checkpoint.objects.order_by("-size")[0].note)
    call_command("verify", checkpoint=[kept])
    assert "全部相符" in capsys.readouterr().out
    for tamper, words in STORY:
        with transaction.atomic():
            tamper()
            with pytest.raises(SystemExit) as ending:
                call_command("verify", checkpoint=[kept])
            told = capsys.readouterr()
            assert ending.value.code == 1, tamper.__name__
            assert "全部相符" not in told.out, tamper.__name__
            for word in words:
                assert word in told.err, f"{tamper.__name__}: {told.err}"
            if tamper is not add_span:
                assert "第 " in told.err.splitlines()[0].partition("首个不符之处：")[2][:2], told.err
            transaction.set_rollback(True)
    call_command("verify", checkpoint=[kept])
    assert "全部相符" in capsys.readouterr().out
