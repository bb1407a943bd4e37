"""Exams that people mark: a paper with two short answers, a practical one, everybody around them.

The written paper: a single choice (2 points, right is A), two short answers (8 points, rubric 5 + 3; 10 points without
rubric); total 20, pass mark 60 %. The practical one: two steps (12 and 8 points) with a deduction; total 20.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.factories.exams import CLOSES, DEVICE, OPENS, SITTING, Held, choice
from tests.factories.identity import NOW, make_teacher
from tests.factories.training import Running, make_running_cohort
from tests.support.laid import laid
from zhenxue.exams import api as exams
from zhenxue.exams.data import ExamKind, QuestionFacts
from zhenxue.exams.models import Attempt, Mark, Question, ScoreSheet
from zhenxue.exams.operations import marking_desk
from zhenxue.exams.operations import practical as scoring_room
from zhenxue.exams.operations.banks import add_question
from zhenxue.identity.data import Actor

AFTER = CLOSES + dt.timedelta(hours=1)
RUBRIC = [{"text": "说出先开灯", "points": "5"}, {"text": "说出为什么", "points": "3"}]
STEPS = [{"title": "连接电源", "points": "12"}, {"title": "通电试车", "points": "8"}]
DEDUCTIONS = [[{"text": "没有断电操作", "points": "4"}], []]


@dataclass
class Marked(Held):
    """A cohort with a scheduled exam that people mark, and two teachers beside the cohort's own."""

    questions: list[Question] = field(default_factory=list)
    teachers: list[Actor] = field(default_factory=list)


def short_answer(stem: str, *, score: int, rubric: Sequence[dict[str, str]] = ()) -> QuestionFacts:
    key = {"reference": "先开灯，再开播。", "rubric": list(rubric)}
    return QuestionFacts("short_answer", stem, {"lines": 5}, key, score=Decimal(score))


def practical(*, evidence: str = "") -> QuestionFacts:
    body = {"steps": STEPS, "minutes": 30, "evidence": evidence}
    return QuestionFacts("practical", "接好一盏灯并试车。", body, {"steps": DEDUCTIONS}, score=Decimal(20))


@laid
def make_exam_of(
    facts: Sequence[QuestionFacts],
    *,
    running: Running | None = None,
    teachers: int = 2,
    learners: int = 2,
    **plan: object,
) -> Marked:
    """A published exam of a new bank's questions; ``plan`` as ``ExamFacts``."""
    running = running or make_running_cohort(learners=learners)
    manager = running.manager
    title = f"{plan.pop('title', '开播前的准备')}"
    bank = exams.create_bank(actor=manager, title=f"{title}题库", now=NOW)
    questions = [add_question(actor=manager, bank=bank, facts=one, now=NOW) for one in facts]
    lines = [(one.pk, None) for one in questions]
    paper = exams.create_paper(actor=manager, title=f"{title}卷", lines=lines, now=NOW)
    paper = exams.finish_paper(actor=manager, paper=paper, now=NOW)
    known: dict[str, object] = {"kind": ExamKind.CHAPTER, "duration_minutes": 60, **plan}
    wanted = exams.ExamFacts(title=title, opens_at=OPENS, closes_at=CLOSES, paper_id=paper.pk, **known)  # type: ignore[arg-type]  # passed through
    exam = exams.create_exam(actor=manager, cohort=running.cohort, facts=wanted, now=NOW)
    exam = exams.schedule_exam(actor=manager, exam=exam, now=NOW)
    return Marked(running, exam, questions, [make_teacher(manager.organisation_id) for _ in range(teachers)])


@laid
def make_written(**plan: object) -> Marked:
    """The written exam, of a chapter (it asks for no class hours)."""
    facts = [
        choice(score=Decimal(2)),
        short_answer("开播前先做什么？为什么？", score=8, rubric=RUBRIC),
        short_answer("怎样介绍一件商品？", score=10),
    ]
    return make_exam_of(facts, **plan)  # type: ignore[arg-type]  # passed through


@laid
def make_practical(*, evidence: str = "", **plan: object) -> Marked:
    """The practical one with two examiners and a chief: the teachers, and the manager."""
    known: dict[str, object] = {"kind": ExamKind.PRACTICAL, "stage_number": 1, "title": "第一阶段实操", **plan}
    made = make_exam_of([practical(evidence=evidence)], **known)  # type: ignore[arg-type]  # passed through
    people = [one.person_id or 0 for one in made.teachers]
    chief = made.manager.person_id or 0
    marking_desk.name_markers(actor=made.manager, exam=made.exam, people=people, chiefs=[chief], now=NOW)
    return made


@laid
def hand_in(
    made: Marked,
    learner: Actor,
    *,
    given: Sequence[Sequence[str]] = (["A"], ["先开灯"], ["讲清楚"]),
    at: dt.datetime = SITTING,
) -> Attempt:
    """Start, answer, hand in."""
    attempt = exams.start_attempt(actor=learner, exam=made.exam, device=DEVICE, now=at)
    for position, one in enumerate(given, start=1):
        if one:
            exams.save_answer(actor=learner, attempt_id=attempt.pk, position=position, given=one, device=DEVICE, now=at)
    later = at + dt.timedelta(minutes=10)
    return exams.submit_attempt(actor=learner, attempt_id=attempt.pk, device=DEVICE, now=later)


def mark_next(
    made: Marked, teacher: Actor, question: int, *given: str, at: dt.datetime = AFTER, comment: str = ""
) -> Mark | None:
    """Claims the next answer of a question (by its place, from 0) and gives these points; None when nothing is left."""
    claimed = marking_desk.claim_next(actor=teacher, exam=made.exam, question_id=made.questions[question].pk, now=at)
    if claimed is None:
        return None
    later = at + dt.timedelta(minutes=1)
    return marking_desk.give_points(actor=teacher, mark_id=claimed.pk, given=given, comment=comment, now=later)


def score(
    made: Marked, examiner: Actor, learner: int, *given: str, at: dt.datetime = SITTING, deductions: Sequence[int] = ()
) -> ScoreSheet:
    """An examiner fills in and hands in a learner's sheet; ``deductions`` are those of the first step."""
    enrolment = made.running.enrolments[learner]
    sheet = scoring_room.open_sheet(actor=examiner, exam=made.exam, enrolment_id=enrolment.pk, now=at)
    steps = [
        {"points": one, "deductions": list(deductions) if at_step == 0 else []} for at_step, one in enumerate(given)
    ]
    scoring_room.save_sheet(actor=examiner, sheet_id=sheet.pk, given=steps, now=at)
    return scoring_room.submit_sheet(actor=examiner, sheet_id=sheet.pk, now=at)
