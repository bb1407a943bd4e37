"""The demo's question bank, its paper, and assessments that learners sit."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from zhenxue.config.demo.media import CONTENT
from zhenxue.config.demo.presence import show
from zhenxue.exams import api as exams
from zhenxue.identity.data import Actor
from zhenxue.training import api as training


@dataclass(frozen=True, slots=True)
class DemoPaper:
    """A settled paper and, as its authors know them, the right answers by position."""

    paper: exams.Paper
    answers: list[tuple[int, list[str]]]


def build_paper(manager: Actor, now: dt.datetime) -> DemoPaper:
    """A bank of 40 questions and a paper of all of them, 100 points."""
    bank = exams.create_bank(actor=manager, title="养老护理员（五级）理论题库", now=now)
    source = (CONTENT / "questions.csv").read_bytes()
    questions = exams.import_questions(actor=manager, bank=bank, source=source, file_name="questions.csv", now=now)
    lines: list[tuple[int, Decimal | int | None]] = [(one.pk, Decimal("2.5")) for one in questions]
    paper = exams.create_paper(actor=manager, title="养老护理员（五级）理论卷", lines=lines, now=now)
    answers = [(position, list(one.key["right"])) for position, one in enumerate(questions, 1)]
    return DemoPaper(exams.finish_paper(actor=manager, paper=paper, now=now), answers)


def plan_exam(
    manager: Actor,
    cohort: training.Cohort,
    stage: int,
    paper: DemoPaper,
    *,
    opens: dt.datetime,
    made: dt.datetime,
    days: int = 1,
) -> exams.Exam:
    """An assessment of a stage, open for so many days."""
    exam = exams.create_exam(
        actor=manager,
        cohort=training.get_cohort(manager, cohort.pk),
        facts=exams.ExamFacts(
            title=f"第 {stage} 阶段考核",
            stage_number=stage,
            paper_id=paper.paper.pk,
            opens_at=opens,
            closes_at=opens + dt.timedelta(days=days),
            duration_minutes=60,
            attempts_allowed=2,
        ),
        now=made,
    )
    return exams.schedule_exam(actor=manager, exam=exam, now=made)


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
    exam = plan_exam(manager, cohort, stage, paper, opens=begins, made=made)
    for index, (learner, _) in enumerate(learners):
        now = begins + dt.timedelta(minutes=5 + index)
        attempt = exams.start_attempt(actor=learner, exam=exam, device="demo", now=now)
        if exams.waits_at_the_door(attempt):
            check = exams.ask_presence(actor=learner, attempt_id=attempt.pk, device="demo", now=now)
            now = show(learner, check, now, teacher=teacher)
        for position, right in paper.answers:
            now += dt.timedelta(seconds=20)
            if position % (9 + index):
                exams.save_answer(
                    actor=learner, attempt_id=attempt.pk, position=position, given=right, device="demo", now=now
                )
        exams.submit_attempt(actor=learner, attempt_id=attempt.pk, device="demo", now=now)
