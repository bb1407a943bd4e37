"""Banks, papers, exams and sittings, all made through the operations of ``exams``.

The default paper has six questions: two single (2 points each), two multiple (3), two true/false (1); total 12.
Right answers, in order: B, B, AC, AC, 对, 对.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.factories.catalogue import right_answers
from tests.factories.identity import NOW, make_provider
from tests.factories.study import pass_test_of
from tests.factories.training import Running, attend_all, make_running_cohort
from tests.support.laid import laid
from zhenxue.exams import api as exams
from zhenxue.exams.data import QuestionFacts
from zhenxue.exams.models import Attempt, Exam, Paper, Question, QuestionBank
from zhenxue.identity.data import Actor
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training
from zhenxue.training.models import Enrolment

DEVICE = "d" * 64
STUDY_FROM = NOW + dt.timedelta(hours=1)
OPENS = NOW + dt.timedelta(days=5)
CLOSES = OPENS + dt.timedelta(days=2)
SITTING = OPENS + dt.timedelta(hours=1)
RIGHT = (["B"], ["B"], ["A", "C"], ["A", "C"], ["对"], ["对"])
HEADER = "题型,题干,选项A,选项B,选项C,选项D,答案,解析,分值"


def question_rows(count: int = 6, *, mark: str = "") -> str:
    """A csv of good questions in turn: single, multiple, true/false in equal parts (single first)."""
    each = count // 3
    lines = [HEADER]
    for index in range(1, count - 2 * each + 1):
        lines.append(f"单选,{mark}直播第{index}步先做什么？,关灯,开灯,离开,睡觉,B,先开灯。,2")
    for index in range(1, each + 1):
        lines.append(f"多选,{mark}第{index}类可以展示的商品有哪些？,水果,药品处方,粮食,,AC,,3")
    for index in range(1, each + 1):
        lines.append(f"判断,{mark}直播时要说真话（{index}）。,,,,,对,真话最重要。,1")
    return "\n".join(lines) + "\n"


@laid
def make_bank(manager: Actor | None = None, *, title: str = "直播销售员题库", questions: int = 6) -> QuestionBank:
    """A bank filled by an import."""
    manager = manager or make_provider()
    bank = exams.create_bank(actor=manager, title=title, now=NOW)
    if questions:
        data = question_rows(questions).encode()
        exams.import_questions(actor=manager, bank=bank, source=data, file_name="题目.csv", now=NOW)
    return bank


def questions_of(bank: QuestionBank) -> list[Question]:
    return list(Question.objects.filter(bank=bank, state="active").order_by("number"))


def choice(stem: str = "甲还是乙？", **changes: Any) -> QuestionFacts:
    """A single choice with two options, the first right; ``options`` and ``answer`` are put where they belong."""
    body = {"options": changes.pop("options", ["甲", "乙"])}
    key = {"right": changes.pop("answer", ["A"])}
    return replace(QuestionFacts("single", stem, body, key), **changes)


@laid
def make_draft_paper(manager: Actor, *, bank: QuestionBank | None = None, title: str = "第一阶段理论卷") -> Paper:
    """A draft with every question of the bank at its default score."""
    bank = bank or make_bank(manager, title=f"{title}题库")
    lines = [(question.pk, None) for question in questions_of(bank)]
    return exams.create_paper(actor=manager, title=title, lines=lines, now=NOW)


@laid
def make_paper(
    manager: Actor | None = None, *, bank: QuestionBank | None = None, title: str = "第一阶段理论卷"
) -> Paper:
    """A final paper."""
    manager = manager or make_provider()
    return exams.finish_paper(actor=manager, paper=make_draft_paper(manager, bank=bank, title=title), now=NOW)


@dataclass
class Held:
    """An exam of a cohort, and everybody of it."""

    running: Running
    exam: Exam

    @property
    def manager(self) -> Actor:
        return self.running.manager

    @property
    def learners(self) -> Sequence[Actor]:
        return self.running.learners

    @property
    def enrolments(self) -> list[Enrolment]:
        return self.running.enrolments


@dataclass
class Sitting(Held):
    """A cohort with a scheduled exam."""

    answers: list[list[str]] = field(default_factory=lambda: [list(one) for one in RIGHT])


@laid
def make_draft_exam(
    running: Running | None = None,
    *,
    paper: Paper | None = None,
    title: str = "第一阶段理论考核",
    stage: int | None = 1,
    kind: str = "stage",
    duration: int = 60,
    attempts: int = 2,
    learners: int = 2,
) -> Sitting:
    running = running or make_running_cohort(learners=learners)
    exam = exams.create_exam(
        actor=running.manager,
        cohort=running.cohort,
        facts=exams.ExamFacts(
            title=title,
            kind=kind,
            stage_number=stage,
            paper_id=(paper or make_paper(running.manager, title=f"{title}卷")).pk,
            opens_at=OPENS,
            closes_at=CLOSES,
            duration_minutes=duration,
            attempts_allowed=attempts,
        ),
        now=NOW,
    )
    return Sitting(running, exam)


@laid
def make_exam(running: Running | None = None, *, ready: bool = True, **draft: object) -> Sitting:
    """A published exam; with ``ready`` every learner has finished the stage's lessons."""
    sitting = make_draft_exam(running, **draft)  # type: ignore[arg-type]  # passed through
    sitting.exam = exams.schedule_exam(actor=sitting.manager, exam=sitting.exam, now=NOW)
    if ready:
        finish_lessons(sitting.running)
    return sitting


@laid
def finish_lessons(running: Running, *, only: Sequence[Enrolment] | None = None) -> None:
    """Every unit studied in real time and every lesson attended, for all stages."""
    for enrolment in only if only is not None else running.enrolments:
        study_all(running, enrolment)
    for line in running.lessons:
        attend_all(running, line)


def study_all(running: Running, enrolment: Enrolment) -> None:
    """Credits every unit of the plan in full, one after another on the first day, and passes what tests it."""
    at = STUDY_FROM
    for planned in training.plan_units(running.cohort.pk):
        until = at + dt.timedelta(seconds=planned.unit.seconds)
        claim = ledger.Claim(0, planned.unit.seconds * 1000, at, until)
        ledger.credit(enrolment_id=enrolment.pk, unit_id=planned.unit.pk, claims=[claim], source="study:0", now=until)
        if planned.unit.kind != "video" and right_answers(planned.unit):
            pass_test_of(planned.unit, running, learner=running.enrolments.index(enrolment), now=until)
        at = until


def start(sitting: Sitting, learner: Actor, *, at: dt.datetime = SITTING, device: str = DEVICE) -> Attempt:
    return exams.start_attempt(actor=learner, exam=sitting.exam, device=device, now=at)


@laid
def sit(
    sitting: Sitting,
    learner: Actor,
    *,
    answers: Sequence[Sequence[str]] = RIGHT,
    at: dt.datetime = SITTING,
) -> Attempt:
    """Start, answer one question a minute, hand in; ``answers`` by position, empty ones are skipped."""
    attempt = start(sitting, learner, at=at)
    for position, given in enumerate(answers, start=1):
        at += dt.timedelta(minutes=1)
        if given:
            exams.save_answer(
                actor=learner, attempt_id=attempt.pk, position=position, given=given, device=DEVICE, now=at
            )
    return exams.submit_attempt(actor=learner, attempt_id=attempt.pk, device=DEVICE, now=at + dt.timedelta(minutes=1))
