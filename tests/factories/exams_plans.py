"""Blueprints and what belongs to planning an exam, all made through the operations of ``exams``."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.factories.exams import choice
from tests.factories.identity import NOW, make_provider
from tests.support.laid import laid
from zhenxue.exams.data import QuestionFacts, RuleFacts
from zhenxue.exams.models import Blueprint, QuestionBank
from zhenxue.exams.operations.banks import add_question, create_bank
from zhenxue.exams.operations.blueprints import create_blueprint, finish_blueprint
from zhenxue.identity.data import Actor


@laid
def make_graded_bank(
    manager: Actor, *, title: str = "分难度题库", levels: Sequence[int] = (1, 2, 3, 4, 5) * 4
) -> QuestionBank:
    """A bank with a single choice of each difficulty named."""
    bank = create_bank(actor=manager, title=title, now=NOW)
    for number, level in enumerate(levels, start=1):
        facts = choice(f"{title}第 {number} 题选哪个？", options=["甲", "乙", "丙", "丁"], difficulty=level)
        add_question(actor=manager, bank=bank, facts=facts, now=NOW)
    return bank


def add(manager: Actor, bank: QuestionBank, facts: QuestionFacts) -> None:
    add_question(actor=manager, bank=bank, facts=facts, now=NOW)


def rule(bank: QuestionBank, **changes: Any) -> RuleFacts:
    """Ten points: five single choices of any difficulty, two points each."""
    return replace(RuleFacts(bank.pk, "single", 5, Decimal(2)), **changes)


@laid
def make_draft_blueprint(
    manager: Actor | None = None, *, bank: QuestionBank | None = None, title: str = "结业考试方案", **changes: Any
) -> Blueprint:
    """A draft with one rule of five questions, or the ``rules`` given."""
    manager = manager or make_provider()
    bank = bank or make_graded_bank(manager, title=f"{title}题库")
    rules = changes.pop("rules", None) or (rule(bank),)
    return create_blueprint(actor=manager, title=title, rules=tuple(rules), now=NOW, **changes)


@laid
def make_blueprint(manager: Actor, **draft: Any) -> Blueprint:
    """A final blueprint."""
    return finish_blueprint(actor=manager, blueprint=make_draft_blueprint(manager, **draft), now=NOW)
