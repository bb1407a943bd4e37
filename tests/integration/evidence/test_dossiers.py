"""Dossiers from asking to taking: built, sealed, cosigned, checked by the independent tool, refused, removed."""

import datetime as dt
import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import transaction
from django_tasks_db.models import DBTaskResult

import zhenxue_verify
from tests.factories.dossiers import LATER, READER, STRANGER, file_of, known_kind, make_dossier
from tests.factories.evidence import NOW, Person, make_entry, make_log
from tests.factories.witnesses import make_cosignature, make_witness, witness_signer
from tests.support import dossiers as parts
from zhenxue.evidence import api as evidence
from zhenxue.evidence import tasks
from zhenxue.evidence.models import Dossier, Entry, Tile
from zhenxue.evidence.operations import dossiers
from zhenxue.evidence.queries import log_verifier
from zhenxue.kernel import storage
from zhenxue.kernel.errors import Conflict, Invalid, NotFound
from zhenxue.tlog.notes import Signer

pytestmark = pytest.mark.django_db
WITNESS = "witness.example/city"
NEXT_KEY = "44" * 32


def check(content: bytes, *, trusted: bool = True, witnesses: tuple[str, ...] = ()) -> zhenxue_verify.Report:
    return check_by(content, [str(log_verifier())] if trusted else [], witnesses)


def check_by(content: bytes, log_keys: Sequence[str], witnesses: Sequence[str] = ()) -> zhenxue_verify.Report:
    keys = [zhenxue_verify.read_key(text, zhenxue_verify.LOG_KEY) for text in log_keys]
    cosigners = [zhenxue_verify.read_key(text, zhenxue_verify.WITNESS_KEY) for text in witnesses]
    now = LATER + dt.timedelta(hours=1)
    return zhenxue_verify.check_dossier(io.BytesIO(content), log_keys=keys, witness_keys=cosigners, now=now)


def ask(**options: Any) -> Dossier:
    with known_kind(), transaction.atomic():
        wanted = {"actor": READER, "ref": "cohort:1", "with_names": True, "reason": "", "now": LATER, **options}
        return evidence.request_dossier(**wanted)[0]


def build(dossier: Dossier) -> Dossier:
    with known_kind():
        dossiers.build_dossier(dossier_id=dossier.pk, clock=lambda: LATER)
    dossier.refresh_from_db()
    return dossier


def finish(dossier: Dossier, *, patient: bool = False) -> bool:
    done = dossiers.finish_dossier(dossier_id=dossier.pk, now=LATER, patient=patient)
    dossier.refresh_from_db()
    return done


def files_of(dossier: Dossier) -> dict[str, bytes]:
    with zipfile.ZipFile(file_of(dossier)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_dossier_holds_every_entry_of_its_subject_and_verifies_without_the_platform() -> None:
    make_log(30)
    for number in range(300):
        make_entry(number, subject="cohort:2", about=())
    make_entry(31)
    dossier = make_dossier()
    assert (dossier.state, dossier.failure, dossier.done, dossier.total) == ("ready", "", 32, 32)
    report = check(file_of(dossier).read_bytes())
    assert (report.faults, report.status) == ([], 0)
    files = files_of(dossier)
    rows = [json.loads(line) for line in files["entries.jsonl"].splitlines()]
    assert [row["number"] for row in rows[:30]] == list(range(1, 31))
    assert len(rows) == 32
    assert rows[0]["private"]["note"]["value"] == "自述"
    for words in ("测试1班", "王小明", "发生了一件事", "怎样核验", str(log_verifier())):
        assert words in files["summary.html"].decode()
    assert "<script" not in files["summary.html"].decode()
    assert check(file_of(dossier).read_bytes(), trusted=False).status == 3


def test_the_zip_is_written_exactly_as_the_format_says() -> None:
    make_log(3)
    dossier = make_dossier()
    assert tuple(files_of(dossier)) == parts.ORDER
    again = parts.pack([parts.Part(name, data) for name, data in files_of(dossier).items()])
    assert check(again).faults == []


@pytest.mark.parametrize("name", parts.ORDER)
def test_a_change_in_any_of_its_files_is_named(name: str) -> None:
    make_entry(9, subject="cohort:2", about=())
    make_log(3)
    files = files_of(make_dossier())
    middle = len(files[name]) // 2
    files[name] = files[name][:middle] + bytes([files[name][middle] ^ 1]) + files[name][middle + 1 :]
    careless = check(parts.pack([parts.Part(one, data) for one, data in files.items()]))
    assert careless.status == 1
    assert name in "\n".join(careless.faults) or name == "manifest.json"
    if name != "manifest.json":
        careful = check(parts.Draft(files).relist().zip())
        assert careful.status == 1, "the list follows, and still it is found"


def test_each_dossier_is_proven_by_the_log_keys_that_signed_when_it_was_made(settings: Any) -> None:
    old, new = str(log_verifier()), str(Signer(log_verifier().name, bytes.fromhex(NEXT_KEY)).verifier)
    told = {"reason": "年度更换", "by": "操作人", "actor": Person(), "now": NOW}
    make_log(5)
    before = make_dossier()
    settings.LOG_KEY_NEXT = NEXT_KEY
    evidence.rotate_log_key(how="planned", **told)
    evidence.integrate(NOW)
    during = make_dossier()
    evidence.retire_log_key(**told)
    settings.LOG_KEY, settings.LOG_KEY_NEXT = NEXT_KEY, ""
    evidence.integrate(NOW)
    after = make_dossier()
    key_ids = {key: key.split("+")[1] for key in (old, new)}
    for made, signers in ((before, [old]), (during, [old, new]), (after, [new])):
        for given in ([old], [new], [old, new], [new, old]):
            report = check_by(file_of(made).read_bytes(), given)
            if set(given) & set(signers):
                assert (report.status, report.faults) == (0, [])
                signed = [text for text in report.proven if "由日志公钥" in text]
                assert signed == [f"检查点由日志公钥 {key} 签名。" for key in given if key in signers]
            else:
                assert report.status == 1
                [fault] = report.faults
                assert fault.startswith("检查点没有用给定的日志公钥签名；上面的签名来自")
                assert key_ids[signers[0]] in fault
                assert fault.endswith("如果平台更换过公钥，请从人社部门或公示文件取得这一把，再来核对。")
                assert not report.proven


def test_without_names_private_values_stay_out_but_for_the_readers_own() -> None:
    make_entry(1, note="我写的")
    with transaction.atomic():
        evidence.record(
            kind="tests.happened",
            actor=Person(8, "李四（教师）"),
            subject="cohort:1",
            body={"n": 2, "note": "别人写的"},
            now=NOW,
        )
    erased = make_entry(3, note="删掉的")
    evidence.erase(entry_id=erased.id, fields=["note"], reason="本人申请", actor=STRANGER, now=NOW)
    text = b"".join(files_of(make_dossier(with_names=False)).values()).decode(errors="replace")
    assert "我写的" in text
    for private in ("别人写的", "李四", "删掉的", "本人申请"):
        assert private not in text
    whole = make_dossier()
    assert "别人写的" in files_of(whole)["entries.jsonl"].decode()
    assert "删掉的" not in files_of(whole)["entries.jsonl"].decode()
    report = check(file_of(whole).read_bytes())
    assert report.status == 0
    assert "1 个已按规定删除" in "\n".join(report.limits)


def test_a_dossier_waits_for_the_witness_and_goes_without_when_patience_ends() -> None:
    make_log(5)
    witness, signer = make_witness(), witness_signer()
    make_cosignature(witness, signer, at=LATER)
    dossier = build(ask())
    assert (dossier.state, finish(dossier, patient=True), dossier.state) == ("sealed", False, "sealed")
    make_cosignature(witness, signer, at=LATER)
    assert finish(dossier, patient=True)
    assert (dossier.state, dossier.witnesses) == ("ready", "市人社局")
    report = check(file_of(dossier).read_bytes(), witnesses=(witness.vkey,))
    assert (report.faults, report.status) == ([], 0)
    assert WITNESS in "\n".join(report.proven)
    other = build(ask())
    assert finish(other)
    assert (other.state, other.witnesses) == ("ready", "")
    assert check(file_of(other).read_bytes(), witnesses=(witness.vkey,)).status == 1


def test_the_worker_looks_for_the_witness_again_and_again_but_not_for_ever() -> None:
    make_log(2)
    make_witness()
    dossier = ask()
    with known_kind():
        tasks.build_dossier.func(dossier.pk)
    dossier.refresh_from_db()
    waiting = DBTaskResult.objects.filter(task_path=tasks.finish_dossier.module_path)
    assert (dossier.state, waiting.count()) == ("sealed", 1)
    assert waiting.get().run_after is not None
    tasks.finish_dossier.func(dossier.pk, 1)
    assert waiting.count() == 2
    tasks.finish_dossier.func(dossier.pk, 0)
    dossier.refresh_from_db()
    assert (dossier.state, dossier.witnesses, waiting.count()) == ("ready", "", 2)


def test_the_worker_finishes_what_somebody_asked_for() -> None:
    make_log(2)
    dossier = ask()
    with known_kind():
        tasks.build_dossier.func(dossier.pk)
        tasks.build_dossier.func(dossier.pk)
    dossier.refresh_from_db()
    assert dossier.state == "ready"
    assert Entry.objects.filter(kind="evidence.dossier_sealed").count() == 1
    assert tasks.finish_dossier.func(dossier.pk, 3) is None


def test_asking_twice_makes_one_and_each_step_stands_in_the_log() -> None:
    make_log(2)
    first, second = ask(), ask()
    assert first.pk == second.pk
    assert ask(with_names=False).pk != first.pk
    finish(build(first))
    assert ask().pk != first.pk
    with known_kind():
        with pytest.raises(Conflict):
            evidence.take_dossier(actor=READER, dossier_id=ask().pk, now=LATER)
        assert evidence.take_dossier(actor=READER, dossier_id=first.pk, now=LATER).sha256
        taken = Entry.objects.get(kind="evidence.dossier_downloaded")
        assert json.loads(taken.envelope)["body"]["sha256"] == first.sha256
        assert len(evidence.list_dossiers(actor=READER, ref="cohort:1")) == 3
        assert evidence.list_dossiers(actor=STRANGER, ref="cohort:1") == []


def test_who_may_not_have_it_gets_nothing_and_leaves_nothing() -> None:
    make_log(2)
    for options in ({"actor": STRANGER}, {"ref": "cohort:101"}, {"ref": "claim:1"}, {"ref": "cohort:x"}, {"ref": "no"}):
        with pytest.raises(NotFound):
            ask(**options)
    made = finish(build(ask()))
    assert made
    with known_kind(), pytest.raises(NotFound):
        evidence.take_dossier(actor=STRANGER, dossier_id=Dossier.objects.get().pk, now=LATER)
    assert not Entry.objects.filter(kind="evidence.dossier_downloaded").exists()


def test_names_need_a_reason_where_the_rule_says_so() -> None:
    make_log(1)
    asked = {"actor": READER, "ref": "cohort:1", "with_names": True, "now": LATER}
    with known_kind(asks_reason=True), transaction.atomic():
        with pytest.raises(Invalid) as refusal:
            evidence.request_dossier(**asked, reason="  ")
        assert set(refusal.value.fields) == {"reason"}
        evidence.request_dossier(**asked, reason="来函第 7 号")
    assert Dossier.objects.get().with_names


@pytest.mark.usefixtures("unguarded")
def test_what_was_tampered_with_in_the_database_is_never_made_into_a_dossier() -> None:
    make_entry(9, subject="cohort:2", about=())
    make_log(5)
    row = Entry.objects.get(number=3)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"envelope": row.envelope.replace('"n":2', '"n":4')}, "第 3 号存证被改动过"),
        ({"private": row.private.replace("自述", "他述")}, "第 3 号存证的字段被改动过"),
        ({"salt": b"\0" * 32}, "第 3 号存证被改动过"),
    ]
    for changes, words in cases:
        Entry.objects.filter(pk=row.pk).update(**changes)
        dossier = build(ask())
        assert dossier.state == "failed"
        assert words in dossier.failure
        assert not storage.full_path(dossier.work_path).exists()
        Entry.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in changes})
    dossier = build(ask())
    tile = Tile.objects.get(level=0)
    Tile.objects.update(hashes=b"\0" * 32 + bytes(tile.hashes)[32:])
    assert finish(dossier)
    assert (dossier.state, dossier.path) == ("failed", "")
    assert "存证链被改动过" in dossier.failure


def test_a_mistake_while_it_is_made_fails_it_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    make_log(1)
    monkeypatch.setattr(dossiers.building, "write_summary", lambda *values: 1 / 0)
    dossier = ask()
    with pytest.raises(ZeroDivisionError):
        build(dossier)
    dossier.refresh_from_db()
    assert (dossier.state, dossier.is_under_way) == ("failed", False)
    assert "请稍后重新制作" in dossier.failure


def test_old_files_go_after_a_week_and_what_a_dead_worker_left_is_given_up() -> None:
    make_log(1)
    ready = make_dossier()
    stuck = ask()
    path = file_of(ready)
    assert dossiers.remove_old_dossiers(now=LATER + dt.timedelta(minutes=30)) == 0
    assert dossiers.remove_old_dossiers(now=LATER + dt.timedelta(hours=2)) == 1
    assert dossiers.remove_old_dossiers(now=LATER + dt.timedelta(days=8)) == 1
    for one in (ready, stuck):
        one.refresh_from_db()
    assert (ready.state, stuck.state) == ("removed", "failed")
    assert not path.exists()
    with known_kind(), pytest.raises(Conflict):
        evidence.take_dossier(actor=READER, dossier_id=ready.pk, now=LATER)
