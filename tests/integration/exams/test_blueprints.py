"""Blueprints: rules, what they find, finishing, and the sheets that are drawn from them."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from tests.factories.exams import CLOSES, OPENS, RIGHT, choice, finish_lessons, make_paper, questions_of, start
from tests.factories.exams import Sitting as Sat
from tests.factories.exams_plans import add, make_blueprint, make_draft_blueprint, make_graded_bank, rule
from tests.factories.identity import NOW, make_bureau, make_provider
from tests.factories.training import make_running_cohort
from zhenxue.evidence import api as evidence
from zhenxue.exams import api as exams
from zhenxue.exams import queries
from zhenxue.exams.data import PaperState
from zhenxue.exams.models import Attempt, Blueprint, Exam, Question
from zhenxue.exams.operations import banks, drawing
from zhenxue.exams.operations import blueprints as operations
from zhenxue.exams.operations.planning import plan_of, try_out
from zhenxue.kernel.errors import Conflict, Invalid, Refused

pytestmark = pytest.mark.django_db


def test_a_final_blueprint_is_frozen_with_its_pool_and_its_digest_in_the_log() -> None:
    manager = make_provider()
    bank = make_graded_bank(manager)
    draft = make_draft_blueprint(manager, bank=bank)
    with pytest.raises(Refused):
        operations.finish_blueprint(actor=make_provider(), blueprint=draft, now=NOW)
    final = operations.finish_blueprint(actor=manager, blueprint=draft, now=NOW)
    assert operations.finish_blueprint(actor=manager, blueprint=draft, now=NOW).digest == final.digest
    assert (final.state, final.total, final.questions, final.difficulty) == (PaperState.FINAL, 10, 5, Decimal("3.00"))
    assert final.pool_ids == {one.pk for one in questions_of(bank)}
    [entry] = evidence.iterate_bodies(kinds=["exams.blueprint_made"])
    assert entry.body["content_sha256"] == final.digest == operations.blueprint_digest(final)
    with pytest.raises(Conflict):
        operations.put_rule(actor=manager, blueprint=final, facts=rule(bank))
    before = Question.objects.get(pk=min(final.pool_ids))
    banks.edit_question(actor=manager, question=before, facts=choice("改过的题？"), now=NOW)
    assert before.pk in Blueprint.objects.get().pool_ids  # the version that was frozen stays
    Question.objects.filter(pk=before.pk).update(stem="暗中改了？")
    assert operations.blueprint_digest(final) != final.digest


def test_a_draft_says_what_its_rules_find_and_why_it_cannot_be_finished() -> None:
    manager = make_provider()
    bank = make_graded_bank(manager, levels=(1, 1, 1, 5, 5, 5))
    other = make_graded_bank(manager, title="另一个题库", levels=(3,))
    add(manager, other, replace(choice("分难度题库第 1 题选哪个？", options=["甲", "乙", "丙", "丁"]), difficulty=1))
    draft = make_draft_blueprint(manager, bank=bank, rules=(rule(bank, count=9),))

    def problems() -> str:
        return "".join(plan_of(Blueprint.objects.get(pk=draft.pk)).problems)

    assert "要抽 9 题，题库中只有 6 题" in problems()
    with pytest.raises(Invalid, match="只有 6 题"):
        operations.finish_blueprint(actor=manager, blueprint=draft, now=NOW)
    operations.put_rule(actor=manager, blueprint=draft, facts=rule(bank, count=4), position=1)
    operations.put_rule(actor=manager, blueprint=draft, facts=rule(bank, count=3))
    assert "第 1、2 条规则抽的是同一批题，一共要 7 题，题库中只有 6 题" in problems()
    operations.remove_rule(actor=manager, blueprint=draft, position=1)
    settings = {"title": draft.title, "multiple_rule": "all", "tolerance": Decimal("0.10")}
    operations.change_blueprint(actor=manager, blueprint=draft, **settings, difficulty=Decimal(4))
    assert "平均难度为 4.00" in problems()
    assert "3.67 和 5.00" in problems()  # 5, 5, 1 and 5, 5, 5
    operations.change_blueprint(actor=manager, blueprint=draft, **settings, difficulty=None)
    assert "3.00" in problems()  # three of 1 and 5 never come to 3
    operations.put_rule(actor=manager, blueprint=draft, facts=rule(other, count=2))
    assert "另一个题库" in [one.rule.bank.title for one in plan_of(draft).found]
    assert not plan_of(draft).problems
    assert [one.there for one in plan_of(draft).found] == [6, 2]
    assert plan_of(draft).warnings
    assert queries.count_matching(rule(bank, lowest=2)) == 3


def test_wrong_rules_and_settings_are_answered_by_field() -> None:
    manager = make_provider()
    bank, foreign = make_graded_bank(manager, levels=(3,)), make_graded_bank(make_provider(), levels=(3,))
    draft = make_draft_blueprint(manager, bank=bank, rules=(rule(bank, count=1),))
    for changes, field in (
        ({"bank_id": foreign.pk}, "bank"),
        ({"kind": "riddle"}, "kind"),
        ({"count": 0}, "count"),
        ({"score": Decimal("0.25")}, "score"),
        ({"lowest": 4, "highest": 2}, "highest"),
        ({"part": "长" * 31}, "part"),
        ({"point_id": 999}, "point"),
    ):
        with pytest.raises(Invalid) as caught:
            operations.put_rule(actor=manager, blueprint=draft, facts=rule(bank, **changes))
        assert set(caught.value.fields) == {field}
    for settings, field in (
        ({"title": " "}, "title"),
        ({"tolerance": 9}, "tolerance"),
        ({"difficulty": 6}, "difficulty"),
    ):
        with pytest.raises(Invalid) as caught:
            operations.create_blueprint(actor=manager, now=NOW, **{"title": "新方案", **settings})  # type: ignore[arg-type]  # wrong on purpose
        assert field in caught.value.fields
    with pytest.raises(Invalid, match="同名"):
        operations.create_blueprint(actor=manager, title=draft.title, now=NOW)
    with pytest.raises(Refused):
        operations.put_rule(actor=make_provider(), blueprint=draft, facts=rule(bank))


def test_a_copy_starts_as_a_draft_and_a_retired_one_is_offered_no_more() -> None:
    manager = make_provider()
    bank = make_graded_bank(manager)
    final = make_blueprint(
        manager, bank=bank, rules=(rule(bank, part="理论", count=2), rule(bank, part="实务", count=3))
    )
    copy = operations.copy_blueprint(actor=manager, blueprint=final, title="副本", now=NOW)
    assert copy.state == PaperState.DRAFT
    operations.shift_rule(actor=manager, blueprint=copy, position=2, step=-1)
    operations.shift_rule(actor=manager, blueprint=copy, position=2, step=1)  # nothing below it
    assert [(one.position, one.part, one.count) for one in queries.list_rules(copy)] == [(1, "实务", 3), (2, "理论", 2)]
    assert queries.blueprints_to_use(manager) == [final]
    operations.retire_blueprint(actor=manager, blueprint=final)
    assert queries.blueprints_to_use(manager) == []
    for actor, sees in ((make_bureau("37"), True), (make_bureau("371521"), False), (make_provider(), False)):
        assert queries.visible_blueprints(actor).filter(pk=final.pk).exists() is sees


def test_two_questions_that_say_the_same_never_meet_in_one_sheet() -> None:
    manager = make_provider()
    bank = make_graded_bank(manager, levels=(3, 3))
    double = make_graded_bank(manager, title="抄来的题库", levels=(3,))
    add(manager, double, choice("分难度题库第 1 题选哪个？", options=["甲", "乙", "丙", "丁"]))
    draft = make_draft_blueprint(manager, bank=bank, rules=(rule(bank, count=2), rule(double, count=1)))
    plan = plan_of(draft)
    assert [one.own for one in plan.found] == [2, 1]
    assert len(plan.rules[1].pool[3]) == 1
    [sample, _, _] = try_out(plan, Random(1))
    stems = [question.stem for _rule, questions in sample.parts for question in questions]
    assert len(set(stems)) == len(stems) == 3
    operations.put_rule(actor=manager, blueprint=draft, facts=rule(double, count=2), position=2)
    assert plan_of(draft).problems


def test_every_attempt_draws_its_own_sheet_and_keeps_it() -> None:
    running = make_running_cohort(learners=3)
    manager = running.manager
    bank = make_graded_bank(manager)
    final = make_blueprint(manager, bank=bank, rules=(rule(bank, part="理论"),))
    facts = exams.ExamFacts(
        "抽题考试",
        OPENS,
        CLOSES,
        60,
        stage_number=1,
        blueprint_id=final.pk,
        shuffles_options=True,
        part_rules={"理论": 60},
    )
    exam = exams.create_exam(actor=manager, cohort=running.cohort, facts=facts, now=NOW)
    sitting = Sat(running, exams.schedule_exam(actor=manager, exam=exam, now=NOW))
    finish_lessons(running)
    sheets = []
    for learner in running.learners:
        attempt = start(sitting, learner)
        assert start(sitting, learner).sheet == attempt.sheet  # a second start draws nothing anew
        assert attempt.total == 10
        lines = drawing.sheet_of(attempt)
        levels = Question.objects.in_bulk([line.question_id for line in lines])
        assert abs(sum(one.difficulty for one in levels.values()) - 15) <= 1  # 0.20 of five questions of mean 3
        assert all(line.part == "理论" and sorted(line.order or ()) == [0, 1, 2, 3] for line in lines)
        shown = queries.paper_sheet(attempt)
        assert [one.choices[0][0] for one in shown] == [chr(ord("A") + (line.order or ())[0]) for line in lines]
        sheets.append(frozenset(levels))
    assert len(set(sheets)) > 1
    assert len({str(one) for one in Attempt.objects.values_list("sheet_sha256", flat=True)}) == 3


def test_questions_change_places_within_their_part_only() -> None:
    manager = make_provider()
    paper = make_paper(manager)
    for line in paper.lines.all():
        line.part = "前" if line.position <= 3 else "后"
        line.save()
    exam = Exam(paper=paper, shuffles_questions=True)
    orders = set()
    for seed in range(12):
        lines = drawing.draw_sheet(exam, Random(seed))
        assert [line.position for line in lines] == [1, 2, 3, 4, 5, 6]
        assert [line.part for line in lines] == ["前"] * 3 + ["后"] * 3
        assert len({line.question_id for line in lines}) == len(RIGHT)
        assert all(line.order is None for line in lines)
        orders.add(tuple(line.question_id for line in lines))
    assert len(orders) > 3
    again = drawing.draw_sheet(exam, Random(3))
    assert again == drawing.draw_sheet(exam, Random(3))
