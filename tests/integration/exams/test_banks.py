"""Banks: import with an answer per row, editing as versions, doubles, scope."""

from decimal import Decimal
from typing import Any

import pytest

from tests.factories.exams import choice, make_bank, question_rows, questions_of
from tests.factories.identity import NOW, make_bureau, make_learner, make_operator, make_provider, make_teacher
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams import queries
from zhenxue.exams.models import Question, QuestionBank
from zhenxue.exams.operations import banks, importing
from zhenxue.exams.operations.questions import set_of_questions
from zhenxue.kernel.errors import Conflict, Invalid, Refused

pytestmark = pytest.mark.django_db


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
            importing.preview_import(actor=actor, bank=bank, source=b"x", file_name="x.csv", now=NOW)
    assert importing.preview_import(
        actor=teacher, bank=bank, source=question_rows().encode(), file_name="x.csv", now=NOW
    )


def test_two_banks_of_one_name_are_refused_without_harm() -> None:
    manager = make_provider()
    make_bank(manager, questions=0)
    with pytest.raises(Invalid, match="同名题库"):
        make_bank(manager, questions=0)
    assert QuestionBank.objects.count() == 1


def test_a_change_of_many_makes_a_version_of_what_is_used_and_changes_what_is_not() -> None:
    manager = make_provider()
    bank = make_bank(manager)
    used, free = questions_of(bank)[0], questions_of(bank)[-1]
    exams.create_paper(actor=manager, title="卷", lines=[(used.pk, None)], now=NOW)
    ids, made = [used.pk, free.pk], Entry.objects.filter(kind="exams.questions_changed")
    assert set_of_questions(actor=manager, bank=bank, question_ids=ids, difficulty=5, now=NOW) == 2
    first, last = questions_of(bank)[0], questions_of(bank)[-1]
    assert (first.number, first.version, first.difficulty, first.stem) == (used.number, 2, 5, used.stem)
    assert (last.pk, last.version, last.difficulty) == (free.pk, 1, 5)
    old = Question.objects.get(pk=used.pk)
    assert (old.state, old.difficulty) == ("replaced", 3)
    assert made.count() == 1
    assert f"{used.number}.2" in made.get().envelope
    assert set_of_questions(actor=manager, bank=bank, question_ids=[first.pk], difficulty=5, now=NOW) == 0
