"""``verify`` names the first entry that does not fit, whatever was changed behind the application's back."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from tests.factories.evidence import NOW, Person, make_entry, make_log
from zhenxue.evidence import api as evidence
from zhenxue.evidence import data
from zhenxue.evidence.data import Fault, Finding
from zhenxue.evidence.errors import BadBody
from zhenxue.evidence.management.commands import verify
from zhenxue.evidence.models import Checkpoint, Entry, EntryRef, Tile
from zhenxue.evidence.queries.report import Report
from zhenxue.tlog.hashing import leaf_hash
from zhenxue.tlog.notes import Signer

#: What this file does to the tables, the database itself refuses (test_guards.py): whoever owns it lifts that first.
pytestmark = pytest.mark.usefixtures("unguarded")
SIZE = 300


def sql(statement: str, *values: str | bytes | int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount == 1


def entry_at(number: int) -> Entry:
    return Entry.objects.get(number=number)


def edit_text() -> None:
    sql("UPDATE evidence_entry SET envelope = replace(envelope, '\"n\":42', '\"n\":43') WHERE number = 42")


def edit_digest() -> None:
    sql("UPDATE evidence_entry SET digest = %s WHERE number = 42", b"\x00" * 32)


def edit_salt() -> None:
    sql("UPDATE evidence_entry SET salt = %s WHERE number = 42", b"\x00" * 32)


def edit_column() -> None:
    sql("UPDATE evidence_entry SET subject = 'cohort:2' WHERE number = 42")


def edit_account() -> None:
    sql("UPDATE evidence_entry SET account_id = 8 WHERE number = 42")


def edit_time() -> None:
    sql("UPDATE evidence_entry SET at = '2026-03-01 01:00:00+00:00' WHERE number = 42")


def add_ref() -> None:
    EntryRef.objects.create(entry=entry_at(42), ref="enrolment:99")


def drop_ref() -> None:
    EntryRef.objects.get(entry=entry_at(42), ref="enrolment:5").delete()


def edit_private() -> None:
    sql("UPDATE evidence_entry SET private = replace(private, '自述', '他述') WHERE number = 42")


def drop_private() -> None:
    private = json.loads(entry_at(42).private)
    private["note"] = {"digest": private["note"]["digest"]}
    text = json.dumps(private, ensure_ascii=False, separators=(",", ":"))
    sql("UPDATE evidence_entry SET private = %s WHERE number = 42", text)


def spoil_private() -> None:
    sql("UPDATE evidence_entry SET private = 'nothing' WHERE number = 42")


def delete_entry() -> None:
    EntryRef.objects.filter(entry=entry_at(42)).delete()
    sql("DELETE FROM evidence_entry WHERE number = 42")


def delete_the_last_entry() -> None:
    EntryRef.objects.filter(entry=entry_at(SIZE)).delete()
    sql("DELETE FROM evidence_entry WHERE number = %s", SIZE)


def swap_entries() -> None:
    sql("UPDATE evidence_entry SET number = 1000000 WHERE number = 42")
    sql("UPDATE evidence_entry SET number = 42 WHERE number = 77")
    sql("UPDATE evidence_entry SET number = 77 WHERE number = 1000000")


def replace_entry() -> None:
    """Whole: text, salt and digest belong together, only the tree knows better."""
    other = make_entry(4242)
    digest, salt = bytes(other.digest), bytes(other.salt)
    sql(
        "UPDATE evidence_entry SET envelope = %s, private = %s, salt = %s, digest = %s WHERE number = 42",
        *(other.envelope, other.private, salt, digest),
    )
    EntryRef.objects.filter(entry=other).delete()
    Entry.objects.filter(id=other.id).delete()


def edit_leaf() -> None:
    tile = Tile.objects.get(level=0, index=0)
    hashes = bytes(tile.hashes)
    Tile.objects.filter(id=tile.id).update(hashes=hashes[: 41 * 32] + b"\x00" * 32 + hashes[42 * 32 :])


def cut_tile() -> None:
    tile = Tile.objects.get(level=0, index=1)
    Tile.objects.filter(id=tile.id).update(hashes=bytes(tile.hashes)[:-64])


def edit_upper_tile() -> None:
    Tile.objects.filter(level=1, index=0).update(hashes=b"\x00" * 32)


def replace_entry_and_leaf() -> None:
    """Entry and tile agree with each other, only the signed roots know better."""
    replace_entry()
    tile = Tile.objects.get(level=0, index=0)
    hashes = bytes(tile.hashes)
    leaf = leaf_hash(bytes(entry_at(42).digest))
    Tile.objects.filter(id=tile.id).update(hashes=hashes[: 41 * 32] + leaf + hashes[42 * 32 :])


def forge_signature() -> None:
    row = Checkpoint.objects.get(size=200)
    forged = Signer(evidence.describe_log().origin, b"\x01" * 32)
    text = row.note.partition("\n\n")[0] + "\n"
    Checkpoint.objects.filter(id=row.id).update(note=f"{text}\n{forged.line(text)}")


def edit_checkpoint_text() -> None:
    row = Checkpoint.objects.get(size=200)
    Checkpoint.objects.filter(id=row.id).update(note=row.note.replace("\n200\n", "\n201\n"))


def edit_checkpoint_column() -> None:
    sql("UPDATE evidence_checkpoint SET root = %s WHERE size = 200", b"\x00" * 32)


def drop_the_last_checkpoint() -> None:
    sql("DELETE FROM evidence_checkpoint WHERE size = %s", SIZE)


CHANGES: tuple[tuple[Callable[[], None], Fault, int | None], ...] = (
    (edit_text, Fault.EDITED, 42),
    (edit_digest, Fault.EDITED, 42),
    (edit_salt, Fault.EDITED, 42),
    (edit_column, Fault.COLUMNS, 42),
    (edit_account, Fault.COLUMNS, 42),
    (edit_time, Fault.COLUMNS, 42),
    (add_ref, Fault.REFS, 42),
    (drop_ref, Fault.REFS, 42),
    (edit_private, Fault.PRIVATE, 42),
    (spoil_private, Fault.PRIVATE, 42),
    (drop_private, Fault.ERASED, 42),
    (delete_entry, Fault.MISSING, 42),
    (delete_the_last_entry, Fault.MISSING, SIZE),
    (swap_entries, Fault.ORDER, 42),
    (replace_entry, Fault.EDITED, 42),
    (edit_leaf, Fault.TILE, 42),
    (cut_tile, Fault.TILE, 257),
    (edit_upper_tile, Fault.TILE, 1),
    (replace_entry_and_leaf, Fault.ROOT, 1),
    (forge_signature, Fault.SIGNATURE, None),
    (edit_checkpoint_text, Fault.SIGNATURE, None),
    (edit_checkpoint_column, Fault.CHECKPOINT, 200),
    (drop_the_last_checkpoint, Fault.CHECKPOINT, 201),
)


@pytest.mark.django_db
def test_a_change_behind_the_application_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is taken back before the next."""
    reports: list[Report] = []

    def told_here(**how: Any) -> Report:
        reports.append(evidence.verify_log(**how))
        return reports[-1]

    monkeypatch.setattr(verify, "verify_log", told_here)
    make_log(SIZE)
    call_command("verify")
    assert "全部相符" in capsys.readouterr().out
    for tamper, fault, number in CHANGES:
        with transaction.atomic():
            tamper()
            with pytest.raises(SystemExit) as ending:
                call_command("verify")
            first, told = reports[-1].findings[0], capsys.readouterr()
            assert (first.fault, first.number) == (fault, number), f"{tamper.__name__}: {first}"
            assert ending.value.code == 1, tamper.__name__
            assert f"首个不符之处：{first}" in told.err, tamper.__name__
            assert "全部相符" not in told.out, tamper.__name__
            transaction.set_rollback(True)
    call_command("verify")
    assert "全部相符" in capsys.readouterr().out


@pytest.mark.django_db
def test_both_ends_of_a_swap_are_told_where_they_belong() -> None:
    make_log(100)
    swap_entries()
    findings = evidence.verify_log().findings
    assert [(finding.fault, finding.number) for finding in findings] == [(Fault.ORDER, 42), (Fault.ORDER, 77)]
    assert "第 77 号" in findings[0].text
    assert "第 42 号" in findings[1].text


@pytest.mark.django_db
def test_one_wrong_entry_does_not_blame_its_neighbours() -> None:
    make_log(SIZE)
    edit_text()
    delete_the_last_entry()
    assert [finding.number for finding in evidence.verify_log().findings] == [42, SIZE]


@pytest.mark.django_db
def test_a_record_not_yet_in_the_log_is_checked_too() -> None:
    make_log(3)
    make_entry(4)
    report = evidence.verify_log()
    assert (report.is_clean, report.entries, report.waiting) == (True, 3, 1)
    sql("UPDATE evidence_entry SET envelope = replace(envelope, '\"n\":4', '\"n\":5') WHERE number IS NULL")
    finding = evidence.verify_log().findings[0]
    assert (finding.fault, finding.number) == (Fault.EDITED, None)
    assert "未入链的记录" in finding.text


@pytest.mark.django_db
def test_an_empty_log_is_clean() -> None:
    assert evidence.verify_log().is_clean
    evidence.integrate(NOW)
    report = evidence.verify_log()
    assert (report.is_clean, report.size, report.checkpoints) == (True, 0, 1)


@pytest.mark.django_db
def test_an_erased_field_is_gone_and_the_log_still_verifies() -> None:
    make_log(5)
    entry = entry_at(3)
    trace = evidence.erase(entry_id=entry.id, fields=["note", "actor"], reason="本人申请", actor=Person(), now=NOW)
    evidence.integrate(NOW)
    entry.refresh_from_db()
    assert "自述" not in entry.private + entry.envelope
    assert "王小明" not in entry.private + entry.envelope
    assert entry.erased_at == NOW
    report = evidence.verify_log()
    assert (report.findings, report.erased_fields) == ([], 2)
    with pytest.raises(BadBody):
        evidence.erase(entry_id=entry.id, fields=["note"], reason="再来一次", actor=Person(), now=NOW)
    with pytest.raises(BadBody):
        evidence.erase(entry_id=entry.id, fields=["n"], reason="公开字段", actor=Person(), now=NOW)
    assert evidence.list_entries(kinds=[trace.kind])[0].lines[1:] == (
        ("删除的字段", "操作人姓名、note"),
        ("理由", "本人申请"),
    )
    EntryRef.objects.filter(entry=trace).delete()
    Entry.objects.filter(id=trace.id).delete()
    assert {finding.fault for finding in evidence.verify_log().findings} == {Fault.ERASED, Fault.MISSING}


@pytest.mark.django_db
def test_a_checkpoint_put_aside_finds_a_log_that_was_rolled_back_or_rewritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_log(200)
    kept = tmp_path / "checkpoint"
    kept.write_text(Checkpoint.objects.get(size=200).note)
    call_command("verify", checkpoint=[kept])
    Entry.objects.filter(number__gt=100).update(number=None)
    Checkpoint.objects.filter(size=200).delete()
    Tile.objects.filter(level=0).update(hashes=bytes(Tile.objects.get(level=0).hashes)[: 100 * 32])
    call_command("verify")
    with pytest.raises(SystemExit):
        call_command("verify", checkpoint=[kept])
    assert "存证链被回退" in capsys.readouterr().err
    make_entry(1)  # the history is continued otherwise than it was
    first = Entry.objects.filter(number=None).order_by("id").first()
    assert first is not None
    EntryRef.objects.filter(entry=first).delete()
    first.delete()
    evidence.integrate(NOW)
    call_command("verify")
    with pytest.raises(SystemExit):
        call_command("verify", checkpoint=[kept])
    assert "重算的树根不符" in capsys.readouterr().err


@pytest.mark.django_db
def test_another_key_and_unreadable_files_are_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_log(3)
    call_command("verify", key=evidence.describe_log().key)
    other = str(Signer(evidence.describe_log().origin, b"\x01" * 32).verifier)
    with pytest.raises(SystemExit):
        call_command("verify", key=other)
    assert "不是这条存证链的密钥签发的" in capsys.readouterr().err
    for arguments in ({"key": "nonsense"}, {"checkpoint": [tmp_path / "missing"]}):
        with pytest.raises(CommandError, match="无法读取"):
            call_command("verify", **arguments)


@pytest.mark.django_db
def test_living_tables_are_checked_by_registered_projections(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data, "_projections", {})
    make_log(3)
    wrong: list[Finding] = []

    def check() -> Iterator[Finding]:
        yield from wrong

    evidence.register_projection("学时账本", check)
    report = evidence.verify_log()
    assert (report.is_clean, report.projections) == (True, 1)
    wrong.append(Finding(Fault.PROJECTION, "有效学时 60 秒，存证中是 30 秒", 2))
    with pytest.raises(SystemExit):
        call_command("verify")
    assert "第 2 号：业务数据与存证不符——［学时账本］有效学时 60 秒，存证中是 30 秒" in capsys.readouterr().err


@pytest.mark.django_db
def test_many_faults_are_listed_up_to_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    make_log(100)
    Entry.objects.filter(number__gt=10).update(salt=b"\x00" * 32)
    with pytest.raises(SystemExit):
        call_command("verify")
    told = capsys.readouterr().err
    assert told.startswith("不相符！首个不符之处：第 11 号")
    assert "未一一列出" in told
    assert len(told.splitlines()) < 30
