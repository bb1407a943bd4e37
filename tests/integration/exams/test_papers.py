"""Papers: pick, order, score, finish; final ones never change."""

from decimal import Decimal

import pytest

from tests.factories.exams import choice, make_bank, make_draft_paper, make_paper, questions_of
from tests.factories.identity import NOW, make_provider
from zhenxue.evidence.models import Entry
from zhenxue.exams.models import Paper
from zhenxue.exams.operations import banks, papers
from zhenxue.kernel.errors import Conflict, Invalid, Refused

pytestmark = pytest.mark.django_db


def positions(paper: Paper) -> list[int]:
    return list(paper.lines.order_by("position").values_list("question__number", flat=True))


def test_a_paper_is_picked_ordered_and_scored_and_its_total_is_kept() -> None:
    manager = make_provider()
    paper = make_draft_paper(manager)
    paper.refresh_from_db()
    assert (paper.questions, paper.total) == (6, Decimal(12))
    assert positions(paper) == [1, 2, 3, 4, 5, 6]
    line = {one.question.number: one.question_id for one in paper.lines.select_related("question")}
    papers.move_question(actor=manager, paper=paper, question_id=line[6], to_position=1)
    papers.shift_question(actor=manager, paper=paper, question_id=line[1], step=1)
    assert positions(paper) == [6, 2, 1, 3, 4, 5]
    papers.remove_question(actor=manager, paper=paper, question_id=line[2])
    papers.remove_question(actor=manager, paper=paper, question_id=line[2])
    assert positions(paper) == [6, 1, 3, 4, 5]
    assert list(paper.lines.order_by("position").values_list("position", flat=True)) == [1, 2, 3, 4, 5]
    papers.set_scores(actor=manager, paper=paper, scores={line[6]: Decimal("2.5")})
    paper.refresh_from_db()
    assert paper.total == Decimal("11.5")
    with pytest.raises(Invalid):
        papers.set_scores(actor=manager, paper=paper, scores={line[6]: Decimal("0.25")})


def test_a_question_is_added_once_and_only_from_the_own_banks_in_use() -> None:
    manager = make_provider()
    paper = make_draft_paper(manager)
    held = next(iter(paper.lines.values_list("question_id", flat=True)))
    assert papers.add_questions(actor=manager, paper=paper, question_ids=[held, held]) == 0
    strange = questions_of(make_bank(make_provider()))[0]
    with pytest.raises(Invalid, match="不在本机构题库"):
        papers.add_questions(actor=manager, paper=paper, question_ids=[strange.pk])


def test_a_final_paper_never_changes_but_can_be_copied() -> None:
    manager = make_provider()
    paper = make_paper(manager)
    assert papers.finish_paper(actor=manager, paper=paper, now=NOW).digest == paper.digest
    held = next(iter(paper.lines.values_list("question_id", flat=True)))
    for change in (
        lambda: papers.remove_question(actor=manager, paper=paper, question_id=held),
        lambda: papers.set_scores(actor=manager, paper=paper, scores={held: 5}),
        lambda: papers.move_question(actor=manager, paper=paper, question_id=held, to_position=2),
    ):
        with pytest.raises(Conflict, match="已定稿"):
            change()
    copy = papers.copy_paper(actor=manager, paper=paper, title="副本", now=NOW)
    assert positions(copy) == positions(paper)
    assert copy.state == "draft"
    entry = Entry.objects.get(kind="exams.paper_made")
    assert paper.digest in entry.envelope
    assert "直播" not in entry.envelope


def test_an_edited_question_leaves_the_paper_as_it_was() -> None:
    manager = make_provider()
    bank = make_bank(manager)
    paper = make_paper(manager, bank=bank)
    question = questions_of(bank)[0]
    banks.edit_question(
        actor=manager,
        question=question,
        facts=choice("新的问法？", score=Decimal(9)),
        now=NOW,
    )
    lines = list(paper.lines.select_related("question").order_by("position"))
    assert lines[0].question.stem == question.stem
    assert papers.paper_digest(lines) == paper.digest


def test_an_empty_paper_and_a_stranger_are_refused() -> None:
    manager = make_provider()
    paper = papers.create_paper(actor=manager, title="空卷", now=NOW)
    with pytest.raises(Invalid, match="还没有题目"):
        papers.finish_paper(actor=manager, paper=paper, now=NOW)
    with pytest.raises(Refused):
        papers.finish_paper(actor=make_provider(), paper=paper, now=NOW)
    with pytest.raises(Invalid, match="同名试卷"):
        papers.create_paper(actor=manager, title="空卷", now=NOW)
