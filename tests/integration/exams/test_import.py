"""Files of questions into a bank: every item answered, doubles by choice, all at once or nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.factories.exams import HEADER, make_bank, question_rows, questions_of
from tests.factories.identity import NOW, make_provider
from tests.unit.exams.formats import drafts as made
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams import formats, tasks
from zhenxue.exams.formats import exporting
from zhenxue.exams.formats.draft import Draft
from zhenxue.exams.models import ImportItem, Question, QuestionBank, QuestionImport
from zhenxue.exams.operations import banks, importing
from zhenxue.exams.queries import imports
from zhenxue.identity.data import Actor
from zhenxue.kernel import storage
from zhenxue.kernel.errors import Conflict, Invalid, Refused
from zhenxue.kernel.sheets import write_xlsx

pytestmark = pytest.mark.django_db

DIRTY = f"""{HEADER}
单选,1、好题一？,甲,乙,,,A,,2
单选,没有答案？,甲,乙,,,,,2
多选,答案越界？,甲,乙,,,AD,,2
判断,=A1,,,,,对,,1
判断,好题二。,,,,,√,,1
单选,1、好题一？,甲,乙,,,A,,2
"""


def preview(manager: Actor, bank: QuestionBank, data: bytes, name: str = "题.csv") -> QuestionImport:
    return importing.preview_import(actor=manager, bank=bank, source=data, file_name=name, now=NOW)


def confirm(manager: Actor, shown: QuestionImport, *, only_good: bool = False) -> int:
    return importing.confirm_import(actor=manager, preview=shown, only_good=only_good, now=NOW).saved


def sheet(*drafts: Draft) -> bytes:
    return exporting.xlsx(drafts)[0]


def test_an_import_shows_every_item_and_changes_nothing_before_it_is_saved() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    shown = preview(manager, bank, DIRTY.encode("gbk"))
    verdicts = dict(ImportItem.objects.filter(batch=shown).values_list("where", "verdict"))
    assert [verdicts[f"第 {row} 行"] for row in range(2, 8)] == [
        "good",
        "refused",
        "refused",
        "refused",
        "good",
        "same",
    ]
    assert "公式" in ImportItem.objects.get(batch=shown, where="第 5 行").problems[0]
    assert not questions_of(bank)
    with pytest.raises(Invalid, match="一道题也没有导入"):
        confirm(manager, shown)
    assert not questions_of(bank)
    assert confirm(manager, shown, only_good=True) == 2
    assert [question.stem for question in questions_of(bank)] == ["好题一？", "好题二。"]
    with pytest.raises(Conflict):
        confirm(manager, shown, only_good=True)
    with pytest.raises(Refused):
        preview(make_provider(), bank, DIRTY.encode())


def test_an_import_leaves_evidence_without_texts_or_answers() -> None:
    bank = make_bank()
    entry = Entry.objects.get(kind="exams.questions_imported", subject=f"bank:{bank.pk}")
    assert "直播第" not in entry.envelope
    assert "content_sha256" in entry.envelope


def test_questions_that_are_in_the_bank_are_named_and_left_out() -> None:
    manager = make_provider()
    bank = make_bank(manager)
    shown = preview(manager, bank, question_rows(9).encode())
    doubles = list(imports.items_of(shown).filter(verdict="same"))
    assert len(doubles) == 6
    assert doubles[0].double_of is not None
    assert doubles[0].double_of.number == 1
    assert confirm(manager, shown) == 3
    assert len(questions_of(bank)) == 9


def test_an_xlsx_imports_like_a_csv() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    rows = [line.split(",") for line in question_rows(3).splitlines()]
    found = exams.import_questions(
        actor=manager, bank=bank, source=write_xlsx("题", rows[0], rows[1:]), file_name="题.xlsx", now=NOW
    )
    assert [question.kind for question in found] == ["single", "multiple", "true_false"]


def test_every_kind_goes_through_a_bank_and_out_again_the_same() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    exams.import_questions(actor=manager, bank=bank, source=sheet(*made.EVERY), file_name="题.zip", now=NOW)
    assert bank.assets.count() == 1
    picture = bank.assets.get()
    hotspot = Question.objects.get(kind="hotspot")
    assert hotspot.body["asset"] == picture.pk
    assert f"asset:{picture.pk}" in Question.objects.get(stem__contains="看图").stem
    out = imports.drafts_of(bank)
    again = formats.read(exporting.xlsx(out)[0], "题.zip")
    assert [replace(one, assets=()) for one in out] == [
        replace(item.draft, assets=()) for item in again.items if item.draft
    ]
    assert [one.kind for one in out] == [one.kind for one in made.EVERY]
    other = make_bank(manager, title="另一题库", questions=0)
    exams.import_questions(actor=manager, bank=other, source=exporting.xlsx(out)[0], file_name="题.zip", now=NOW)
    assert other.assets.count() == 1


def test_a_double_is_skipped_kept_or_made_a_new_version_by_choice() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    first = replace(made.TRUE_FALSE, point="", source="")
    exams.import_questions(actor=manager, bank=bank, source=sheet(first), file_name="题.xlsx", now=NOW)
    changed = replace(first, key={"right": ["对"]})

    shown = preview(manager, bank, sheet(changed), "题.xlsx")
    assert confirm(manager, shown) == 0
    shown = preview(manager, bank, sheet(changed), "题.xlsx")
    importing.choose_doubles(actor=manager, preview=shown, choice="version")
    assert confirm(manager, shown) == 1
    assert [(one.number, one.version, one.key) for one in questions_of(bank)] == [(1, 2, {"right": ["对"]})]
    shown = preview(manager, bank, sheet(changed), "题.xlsx")
    importing.choose_doubles(actor=manager, preview=shown, choice="version")
    assert confirm(manager, shown) == 0  # it says the same: no version for nothing
    shown = preview(manager, bank, sheet(changed), "题.xlsx")
    importing.choose_doubles(actor=manager, preview=shown, choice="keep", position=1)
    assert confirm(manager, shown) == 1
    assert [(one.number, one.kept_double) for one in questions_of(bank)] == [(1, False), (2, True)]
    with pytest.raises(Conflict):
        importing.choose_doubles(actor=manager, preview=shown, choice="keep")
    with pytest.raises(Invalid):
        importing.choose_doubles(actor=manager, preview=shown, choice="all")


def test_the_same_stem_with_other_options_is_told_and_both_stay() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    other = replace(made.SINGLE, body={"options": ["一", "二", "三"]})
    shown = preview(manager, bank, sheet(made.SINGLE, other), "题.xlsx")
    assert list(imports.items_of(shown).values_list("verdict", "double_at")) == [("good", None), ("similar", 1)]
    assert imports.count_items(shown).will == 2
    importing.choose_doubles(actor=manager, preview=shown, choice="version", position=2)
    assert confirm(manager, shown) == 2
    assert [(one.number, one.version, len(one.body["options"])) for one in questions_of(bank)] == [(1, 2, 3)]


def test_a_large_file_is_read_and_saved_by_the_worker_with_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE_BYTES", 10)
    monkeypatch.setattr(importing, "AT_ONCE_ITEMS", 2)
    monkeypatch.setattr(importing, "CHUNK", 2)
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    shown = preview(manager, bank, question_rows(7).encode())
    assert (shown.state, imports.percent_done(shown)) == ("reading", 5)
    tasks.read_import.call(shown.pk)
    shown.refresh_from_db()
    assert (shown.state, shown.total, shown.done) == ("checked", 7, 7)
    found = importing.confirm_import(actor=manager, preview=shown, only_good=False, now=NOW)
    assert found.state == "saving"
    assert not questions_of(bank)
    importing.run_save(actor=manager, import_id=shown.pk, now=NOW)
    importing.run_save(actor=manager, import_id=shown.pk, now=NOW)  # run twice, saved once
    shown.refresh_from_db()
    assert (shown.state, shown.saved, len(questions_of(bank))) == ("saved", 7, 7)


def test_a_large_file_that_cannot_be_read_says_why_and_a_dropped_one_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importing, "AT_ONCE_BYTES", 10)
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    broken = preview(manager, bank, b"PK\x03\x04 this is no package")
    importing.read_import(import_id=broken.pk)
    broken.refresh_from_db()
    assert broken.state == "failed"
    assert "损坏" in broken.failure
    dropped = preview(manager, bank, question_rows(3).encode())
    importing.discard_import(actor=manager, preview=dropped)
    importing.read_import(import_id=dropped.pk)
    dropped.refresh_from_db()
    assert (dropped.state, dropped.items.count()) == ("discarded", 0)


def test_work_that_stood_still_can_be_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    monkeypatch.setattr(importing, "AT_ONCE_BYTES", 10)
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    shown = preview(manager, bank, question_rows(3).encode())
    with pytest.raises(Conflict):
        importing.resume_import(actor=manager, preview=shown, now=NOW + timedelta(minutes=1))
    later = importing.resume_import(actor=manager, preview=shown, now=NOW + timedelta(minutes=6))
    assert later.state == "reading"


def test_a_picture_of_another_bank_is_not_taken_over() -> None:
    manager = make_provider()
    bank, other = make_bank(manager, questions=0), make_bank(manager, title="另一题库", questions=0)
    exams.import_questions(actor=manager, bank=bank, source=sheet(made.WITH_PICTURE), file_name="题.zip", now=NOW)
    stolen = replace(made.TRUE_FALSE, stem=f"看 ![图](asset:{bank.assets.get().pk})")
    with pytest.raises(Invalid, match="不在这个题库里"):
        exams.import_questions(actor=manager, bank=other, source=sheet(stolen), file_name="题.xlsx", now=NOW)
    assert not questions_of(other)
    assert exams.import_questions(actor=manager, bank=bank, source=sheet(stolen), file_name="题.xlsx", now=NOW)


def test_files_of_an_import_go_when_it_is_dropped(django_capture_on_commit_callbacks: object) -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    shown = preview(manager, bank, sheet(made.WITH_PICTURE), "题.zip")
    path = storage.full_path(shown.media[0]["path"])
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # pytest-django's fixture
        importing.discard_import(actor=manager, preview=shown)
    assert not path.exists()


def test_refused_items_come_back_as_a_sheet_that_can_be_mended() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    shown = preview(manager, bank, DIRTY.encode())
    data = imports.refused_sheet(shown)
    items = formats.read(data, "改.xlsx").items
    assert [item.written.stem for item in items] == ["没有答案？", "答案越界？", ""]
    assert confirm(manager, shown, only_good=True) == 2
    shown.refresh_from_db()
    assert formats.read(imports.refused_sheet(shown), "改.xlsx").items[0].written.options == ("甲", "乙")


def test_scores_and_points_of_the_file_are_kept() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    exams.import_questions(actor=manager, bank=bank, source=sheet(made.SHORT_ANSWER), file_name="题.xlsx", now=NOW)
    found = questions_of(bank)[0]
    assert (found.score, found.difficulty, found.source) == (Decimal(2), 4, "自编")
    assert banks.question_digest(found.stem, found.body) == found.digest
