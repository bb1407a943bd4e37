"""What the demo's learners practise: a bank and mock exams opened to a class, and a round that somebody has begun; and
a blueprint that is being drawn up."""

import datetime as dt
from decimal import Decimal
from random import Random

from zhenxue.config.demo.cohorts import Group
from zhenxue.config.demo.media import CONTENT
from zhenxue.exams import api as exams
from zhenxue.exams.data import RuleFacts, SheetLine
from zhenxue.identity.data import Actor

MOCK = (("single", 4, 10, "单项选择"), ("multiple", 2, 20, "多项选择"), ("true_false", 2, 10, "判断"))
FINAL = (("single", 10, 4, "单项选择"), ("multiple", 5, 6, "多项选择"), ("true_false", 10, 3, "判断"))


def build_practice(manager: Actor, theory_bank: int, group: Group, now: dt.datetime) -> None:
    """A bank of its own (no exam holds its questions), open to the class; its first learner has answered two of five
    questions, the second wrong. The final's blueprint draws from ``theory_bank``."""
    bank = exams.create_bank(actor=manager, title="养老护理员（五级）练习题库", now=now)
    source = (CONTENT / "practice.csv").read_bytes()
    questions = exams.import_questions(actor=manager, bank=bank, source=source, file_name="practice.csv", now=now)
    mock = _blueprint(manager, "模拟考试（练习题库）", bank.pk, MOCK, now)
    mock = exams.finish_blueprint(actor=manager, blueprint=mock, now=now)
    _blueprint(manager, "结业考试组卷方案（起草中）", theory_bank, FINAL, now)
    opening = exams.open_practice(actor=manager, cohort=group.cohort, bank=bank, now=now)
    exams.open_practice(actor=manager, cohort=group.cohort, blueprint=mock, minutes=20, now=now)

    right = {one.pk: list(one.key["right"]) for one in questions}
    learner, now = group.learner(group.enrolments[0]), now + dt.timedelta(hours=10)
    begun = exams.start_bank(actor=learner, opening_id=opening.pk, count=5, now=now, random=Random(7))
    lines = [SheetLine.from_json(place, row) for place, row in enumerate(begun.sheet, 1)]
    for line, is_right in zip(lines, (True, False), strict=False):
        now += dt.timedelta(seconds=40)
        given = right[line.question_id]
        wrong = ["对" if given == ["错"] else "错"] if given[0] in "对错" else ["A" if given != ["A"] else "B"]
        exams.answer_practice(
            actor=learner, round_id=begun.pk, position=line.position, given=given if is_right else wrong, now=now
        )


def _blueprint(
    manager: Actor, title: str, bank_id: int, rules: tuple[tuple[str, int, int, str], ...], now: dt.datetime
) -> exams.Blueprint:
    facts = tuple(RuleFacts(bank_id, kind, count, Decimal(score), part) for kind, count, score, part in rules)
    return exams.create_blueprint(actor=manager, title=title, rules=facts, now=now)
