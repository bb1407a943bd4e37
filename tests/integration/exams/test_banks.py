"""Banks: import with an answer per row, editing as versions, doubles, scope."""

from decimal import Decimal
from typing import Any

import pytest

from tests.factories.exams import HEADER, choice, make_bank, question_rows, questions_of
from tests.factories.identity import NOW, make_bureau, make_learner, make_operator, make_provider, make_teacher
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams import queries
from zhenxue.exams.models import Question, QuestionBank
from zhenxue.exams.operations import banks
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


def test_an_import_shows_every_row_and_changes_nothing_before_it_is_saved() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    preview = banks.preview_import(actor=manager, bank=bank, source=DIRTY.encode("gbk"), file_name="题.csv", now=NOW)
    answers = {row["number"]: row["problems"] or row["duplicate"] for row in preview.rows}
    assert [number for number, problem in answers.items() if not problem] == [2, 6]
    assert "公式" in answers[5][0]
    assert not questions_of(bank)
    with pytest.raises(Invalid, match="一道题也没有导入"):
        banks.save_import(actor=manager, preview=preview, only_good=False, now=NOW)
    assert not questions_of(bank)
    assert banks.save_import(actor=manager, preview=preview, only_good=True, now=NOW) == 2
    assert [question.stem for question in questions_of(bank)] == ["好题一？", "好题二。"]
    with pytest.raises(Conflict):
        banks.save_import(actor=manager, preview=preview, only_good=True, now=NOW)


def test_an_import_leaves_evidence_without_texts_or_answers() -> None:
    bank = make_bank()
    entry = Entry.objects.get(kind="exams.questions_imported", subject=f"bank:{bank.pk}")
    assert "直播第" not in entry.envelope
    assert "content_sha256" in entry.envelope


def test_questions_that_are_in_the_bank_are_named_and_left_out() -> None:
    manager = make_provider()
    bank = make_bank(manager)
    preview = banks.preview_import(
        actor=manager, bank=bank, source=question_rows(9).encode(), file_name="题.csv", now=NOW
    )
    doubles = [row["duplicate"] for row in preview.rows if row["duplicate"]]
    assert len(doubles) == 6
    assert "题号 1" in doubles[0]
    assert banks.save_import(actor=manager, preview=preview, only_good=False, now=NOW) == 3
    assert len(questions_of(bank)) == 9


def test_an_xlsx_imports_like_a_csv() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    rows = [line.split(",") for line in question_rows(3).splitlines()]
    made = exams.import_questions(
        actor=manager, bank=bank, source=write_xlsx("题", rows[0], rows[1:]), file_name="题.xlsx", now=NOW
    )
    assert [question.kind for question in made] == ["single", "multiple", "true_false"]


def test_an_edit_is_a_new_version_and_a_stale_page_is_told() -> None:
    manager = make_provider()
    bank = make_bank(manager)
    first = questions_of(bank)[0]
    facts = choice("换个问法？", options=["关灯", "开灯"], answer=["B"], score=Decimal(2))
    new = banks.edit_question(actor=manager, question=first, facts=facts, now=NOW)
    assert (new.number, new.version, new.state) == (first.number, 2, "active")
    assert Question.objects.get(pk=first.pk).state == "replaced"
    same = banks.edit_question(actor=manager, question=new, facts=facts, now=NOW)
    assert same.pk == new.pk
    with pytest.raises(Conflict):
        banks.edit_question(actor=manager, question=first, facts=choice("再换？"), now=NOW)
    banks.retire_question(actor=manager, question=new, now=NOW)
    banks.retire_question(actor=manager, question=new, now=NOW)
    assert len(questions_of(bank)) == 5


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stem": " "}, "stem"),
        ({"options": ["甲"]}, "options"),
        ({"options": ["甲", "甲"]}, "options"),
        ({"answer": ["C"]}, "key"),
        ({"answer": ["A", "B"]}, "key"),
        ({"kind": "multiple"}, "key"),
        ({"kind": "essay"}, "kind"),
        ({"score": Decimal(0)}, "score"),
    ],
)
def test_a_wrong_question_is_answered_by_field(changes: dict[str, Any], field: str) -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    with pytest.raises(Invalid) as caught:
        banks.add_question(actor=manager, bank=bank, facts=choice(**changes), now=NOW)
    assert field in caught.value.fields
    assert banks.add_question(actor=manager, bank=bank, facts=choice(), now=NOW).number == 1
    with pytest.raises(Invalid, match="相同的题"):
        banks.add_question(actor=manager, bank=bank, facts=choice(), now=NOW)


def test_banks_belong_to_their_organisation_and_bureaus_only_read() -> None:
    manager, stranger, bureau = make_provider(), make_provider(), make_bureau("3715")
    bank = make_bank(manager)
    teacher = make_teacher(manager.organisation_id)
    for actor, sees in (
        (manager, True),
        (teacher, True),
        (bureau, True),
        (make_bureau("371502"), True),
        (make_bureau("371521"), False),
        (make_operator(), True),
        (stranger, False),
        (make_learner(), False),
    ):
        assert queries.visible_banks(actor).filter(pk=bank.pk).exists() is sees, actor.label
        assert queries.visible_questions(actor).filter(bank=bank).exists() is sees
    for actor in (stranger, bureau, make_learner(), make_operator()):
        with pytest.raises(Refused):
            banks.preview_import(actor=actor, bank=bank, source=b"x", file_name="x.csv", now=NOW)
    assert banks.preview_import(actor=teacher, bank=bank, source=question_rows().encode(), file_name="x.csv", now=NOW)


def test_two_banks_of_one_name_are_refused_without_harm() -> None:
    manager = make_provider()
    make_bank(manager, questions=0)
    with pytest.raises(Invalid, match="同名题库"):
        make_bank(manager, questions=0)
    assert QuestionBank.objects.count() == 1
