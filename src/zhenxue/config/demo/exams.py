"""The demo's question bank, its paper, and assessments that learners sit."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from zhenxue.config.demo.media import CONTENT
from zhenxue.config.demo.presence import show
from zhenxue.exams import api as exams
from zhenxue.identity.data import Actor
from zhenxue.training import api as training


@dataclass(frozen=True, slots=True)
class DemoPaper:
    """A settled paper and, as its authors know them, the right answers by position."""

    bank_id: int
    paper: exams.Paper
    answers: list[tuple[int, list[str]]]


def build_paper(manager: Actor, now: dt.datetime) -> DemoPaper:
    """A bank of 40 questions and a paper of all of them, 100 points."""
    bank = exams.create_bank(actor=manager, title="养老护理员（五级）理论题库", now=now)
    source = (CONTENT / "questions.csv").read_bytes()
    questions = exams.import_questions(actor=manager, bank=bank, source=source, file_name="questions.csv", now=now)
    answers = [(position, list(one.key["right"])) for position, one in enumerate(questions, 1)]
    return DemoPaper(bank.pk, settle_paper(manager, "养老护理员（五级）理论卷", questions, now), answers)


def settle_paper(manager: Actor, title: str, questions: Iterable[exams.Question], now: dt.datetime) -> exams.Paper:
    """A final paper of these questions, each at what it is worth in its bank."""
    lines: list[tuple[int, Decimal | int | None]] = [(one.pk, None) for one in questions]
    paper = exams.create_paper(actor=manager, title=title, lines=lines, now=now)
    return exams.finish_paper(actor=manager, paper=paper, now=now)


def plan_exam(
    manager: Actor,
    cohort: training.Cohort,
    title: str,
    paper: exams.Paper,
    *,
    opens: dt.datetime,
    made: dt.datetime,
    days: int = 1,
    **facts: Any,
) -> exams.Exam:
    """A published exam of an hour with two tries, open for so many days; ``facts`` as ``ExamFacts``."""
    known = {"duration_minutes": 60, "attempts_allowed": 2, **facts}
    closes = opens + dt.timedelta(days=days)
    wanted = exams.ExamFacts(title=title, paper_id=paper.pk, opens_at=opens, closes_at=closes, **known)
    found = training.get_cohort(manager, cohort.pk)
    exam = exams.create_exam(actor=manager, cohort=found, facts=wanted, now=made)
    return exams.schedule_exam(actor=manager, exam=exam, now=made)


def plan_stage(
    manager: Actor,
    cohort: training.Cohort,
    stage: int,
    paper: DemoPaper,
    *,
    opens: dt.datetime,
    made: dt.datetime,
    days: int = 1,
) -> exams.Exam:
    """An assessment of a stage."""
    title = f"第 {stage} 阶段考核"
    return plan_exam(manager, cohort, title, paper.paper, opens=opens, made=made, days=days, stage_number=stage)


def hold_exam(
    manager: Actor,
    teacher: Actor,
    cohort: training.Cohort,
    stage: int,
    paper: DemoPaper,
    learners: list[tuple[Actor, training.Enrolment]],
    *,
    begins: dt.datetime,
    made: dt.datetime,
) -> None:
    """Every learner sits the assessment and answers all but a few questions, right."""
    exam = plan_stage(manager, cohort, stage, paper, opens=begins, made=made)
    for index, (learner, _) in enumerate(learners):
        given = [(position, right) for position, right in paper.answers if position % (9 + index)]
        sit(learner, exam, given, begins + dt.timedelta(minutes=5 + index), teacher=teacher)


def sit(
    learner: Actor,
    exam: exams.Exam,
    answers: Sequence[tuple[int, list[Any]]],
    begins: dt.datetime,
    *,
    teacher: Actor,
    seconds: int = 20,
) -> exams.Attempt:
    """Begin, show presence where it is asked for, answer (by position) each after so many seconds, hand in."""
    now = begins
    attempt = exams.start_attempt(actor=learner, exam=exam, device="demo", now=now)
    if exams.waits_at_the_door(attempt):
        check = exams.ask_presence(actor=learner, attempt_id=attempt.pk, device="demo", now=now)
        now = show(learner, check, now, teacher=teacher)
    for position, given in answers:
        now += dt.timedelta(seconds=seconds)
        exams.save_answer(actor=learner, attempt_id=attempt.pk, position=position, given=given, device="demo", now=now)
    return exams.submit_attempt(actor=learner, attempt_id=attempt.pk, device="demo", now=now)
