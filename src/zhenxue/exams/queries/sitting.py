"""What a learner sees before, while and after sitting an exam. Right answers leave only through ``with_solutions``."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from zhenxue.exams.data import Kind, Missing, Readiness, SheetLine
from zhenxue.exams.models import Attempt, Exam, Question
from zhenxue.exams.queries.readiness import judge_readiness
from zhenxue.identity import api as identity
from zhenxue.kernel.prepared import Prepared
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One question as the page shows it. ``key`` and ``explanation`` are empty unless solutions were asked for."""

    position: int
    question_id: int
    part: str
    kind: str
    kind_label: str
    stem: str
    body: Mapping[str, Any]
    choices: tuple[tuple[str, str], ...]  # value, text, in the order of this sheet
    score: Decimal
    given: tuple[Any, ...] = ()
    sequence: int = 0
    saved_at: dt.datetime | None = None
    client_sequence: int = 0
    key: Mapping[str, Any] | None = None
    explanation: str = ""
    correct: bool | None = None
    awarded: Decimal | None = None

    @property
    def is_multiple(self) -> bool:
        return self.kind == Kind.MULTIPLE

    @property
    def answer(self) -> tuple[str, ...]:
        """The right letters or words of a choice, when solutions are shown."""
        return tuple(self.key.get("right", ())) if self.key else ()


def paper_sheet(attempt: Attempt, *, with_solutions: bool = False) -> list[ShownLine]:
    """The paper of an attempt with what was answered; two queries."""
    answers = {answer.question_id: answer for answer in attempt.answers.all()}
    lines = [SheetLine.from_json(position, row) for position, row in enumerate(attempt.sheet, start=1)]
    questions = Question.objects.in_bulk([line.question_id for line in lines])
    sheet = []
    for line in lines:
        question, answer = questions[line.question_id], answers.get(line.question_id)
        sheet.append(
            ShownLine(
                position=line.position,
                question_id=question.pk,
                part=line.part,
                kind=question.kind,
                kind_label=Kind(question.kind).label,
                stem=question.stem,
                body=question.body,
                choices=choices_of(question.kind, question.body, line.order),
                score=line.score,
                given=tuple(answer.given) if answer else (),
                sequence=answer.sequence if answer else 0,
                saved_at=answer.saved_at if answer else None,
                client_sequence=answer.client_sequence if answer else 0,
                key=question.key if with_solutions else None,
                explanation=question.explanation if with_solutions else "",
                correct=(answer.correct if answer else False) if with_solutions else None,
                awarded=(answer.awarded if answer else Decimal(0)) if with_solutions else None,
            )
        )
    return sheet


def choices_of(kind: str, body: Mapping[str, Any], order: Sequence[int] | None = None) -> tuple[tuple[str, str], ...]:
    """Value and text of each choice in the given order; true/false has its two words."""
    if kind == Kind.TRUE_FALSE:
        return (("对", "对"), ("错", "错"))
    options = body.get("options", ())
    return tuple((chr(ord("A") + index), options[index]) for index in order or range(len(options)))


def missing_of(enrolment: training.Enrolment, stage_number: int | None) -> list[Missing]:
    """The units of the stage that are not finished; when all are, the stage's lessons stand for what is left."""
    units = [planned for planned in training.plan_units_of(enrolment.cohort) if planned.stage_number == stage_number]
    progress = ledger.unit_progress_of_row(enrolment)
    missing = []
    for planned in units:
        done = progress.get(planned.unit.pk)
        if done is None or done.finished_at is None:
            left = planned.unit.seconds if done is None else max(done.required_seconds - done.seconds, 0)
            missing.append(Missing(planned.unit.title, "online", left))
    return missing or [Missing("本阶段线下课（缺勤的课请联系老师安排补课）", "offline", 0)]


def readiness_of(*, exam: Exam, enrolment: training.Enrolment, now: dt.datetime) -> Readiness:
    """Whether this learner may start this exam now, with what is missing."""
    attempts = list(Attempt.objects.filter(exam=exam, enrolment=enrolment))
    complete = exam.stage_number is None or exam.stage_number in ledger.complete_stages_of([enrolment]).get(
        enrolment.pk, set()
    )
    missing = [] if complete else missing_of(enrolment, exam.stage_number)
    readiness = judge_readiness(exam, enrolment.state, attempts, missing, complete, now)
    wanted = training.rules_of(exam.cohort)["verify_strength_exam"]
    begins = readiness.can_start and readiness.open_attempt_id is None
    if begins and wanted and identity.strength_of(enrolment.person_id) < wanted:
        reason = "参加考试前，请先完成实名认证（我的 - 实名认证）；不方便刷脸的，可以请机构当面核验。"
        return replace(readiness, can_start=False, reason=reason, code="exams.not_verified")
    return readiness


@dataclass(frozen=True, slots=True)
class LearnerExam:
    """One card of the learner's list."""

    exam: Exam
    readiness: Readiness
    attempts: tuple[Attempt, ...]

    @property
    def best(self) -> Attempt | None:
        marked = [attempt for attempt in self.attempts if attempt.score is not None and self.exam.is_out]
        return max(marked, key=lambda attempt: (bool(attempt.passed), attempt.score or 0), default=None)

    @property
    def opens_at(self) -> dt.datetime:
        return self.exam.opens_at

    @property
    def is_waiting(self) -> bool:
        """Whether the learner has something to do here, now or soon."""
        return self.readiness.can_start or self.readiness.code in {"exams.not_open", "exams.hours_missing"}


_attempts = Prepared(
    lambda enrolments, exams: Attempt.objects.filter(enrolment__in=enrolments, exam__in=exams).order_by("number")
)


def exams_of_learner(
    rows: Iterable[Exam], enrolments: Iterable[training.Enrolment], units: ledger.UnitsBegun, now: dt.datetime
) -> list[LearnerExam]:
    """The learner's exams (``rows``) with their readiness, by the ``units`` begun.

    Three queries, and the plans once; without exams one; while no stage that is examined has all its units finished,
    nobody needs to look for lessons.
    """
    exams = list(rows)
    if not exams:
        return []
    examined = {exam.cohort_id for exam in exams}
    of_cohort = {one.cohort_id: one for one in enrolments if one.cohort_id in examined}
    attempts: dict[int, list[Attempt]] = {}
    for attempt in _attempts([one.pk for one in of_cohort.values()], [exam.pk for exam in exams]):
        attempts.setdefault(attempt.exam_id, []).append(attempt)
    plans = training.plans_of(one.cohort for one in of_cohort.values())
    studied = {
        exam.cohort_id
        for exam in exams
        if exam.cohort_id in of_cohort
        and _is_studied(plans[exam.cohort_id], exam.stage_number, units[of_cohort[exam.cohort_id].pk])
    }
    complete = ledger.complete_stages_of([of_cohort[cohort] for cohort in studied], units) if studied else {}
    cards = []
    for exam in exams:
        enrolment = of_cohort.get(exam.cohort_id)
        if enrolment is None:
            continue
        exam.cohort = enrolment.cohort
        done = exam.stage_number in complete.get(enrolment.pk, set())
        own = attempts.get(exam.pk, [])
        cards.append(LearnerExam(exam, judge_readiness(exam, enrolment.state, own, (), done, now), tuple(own)))
    return cards


def _is_studied(
    plan: Sequence[training.PlanUnit], stage_number: int | None, begun: Mapping[int, ledger.UnitProgress]
) -> bool:
    """Whether every unit of the stage is finished; its lessons are another matter."""
    finished = {unit for unit, progress in begun.items() if progress.finished_at is not None}
    return all(one.unit.pk in finished for one in plan if one.stage_number == stage_number)
