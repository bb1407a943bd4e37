"""Practical examinations: the steps of a sheet, the learners and how far each is. No examiner sees another's points."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from zhenxue.exams.data import AttemptState, Kind, SheetLine
from zhenxue.exams.models import Attempt, Exam, Examiner, Question, ScoreEvidence, ScoreSheet
from zhenxue.exams.queries.entitled import entitled_to
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.training import api as training
from zhenxue.training.data import EnrolmentState


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that an examiner scores: its question, words, how much at most, what may be deducted, and what kind of
    picture is asked for (``photo``, ``video`` or nothing)."""

    question_id: int
    position: int
    title: str
    most: Decimal
    deductions: tuple[tuple[str, Decimal], ...] = ()
    evidence: str = ""

    @property
    def numbered(self) -> list[tuple[int, tuple[str, Decimal]]]:
        """The deductions with their numbers from 0."""
        return list(enumerate(self.deductions))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One learner in the list of an examiner: name, how far, and this examiner's own sheet."""

    enrolment: training.Enrolment
    attempt: Attempt | None
    own: ScoreSheet | None
    sheets: int  # handed in
    waits_for_chief: bool
    may_open: bool = False

    @property
    def label(self) -> str:
        """Where it stands, in a word."""
        return self.standing[0]

    @property
    def tone(self) -> str:
        return self.standing[1]

    @property
    def standing(self) -> tuple[str, str]:
        if self.attempt is None:
            return "未评分", "idle"
        if self.attempt.state == AttemptState.MARKED:
            return "已评定", "ok"
        if self.attempt.state == AttemptState.VOIDED:
            return "已作废", "bad"
        if self.waits_for_chief:
            return "待组长评定", "wait"
        if self.own is not None and self.own.submitted_at is not None:
            return "我已提交", "ok"
        return ("我在评分", "wait") if self.own is not None else (f"已交 {self.sheets} 张评分表", "idle")


def steps_of(attempt: Attempt) -> list[Step]:
    """Everything that is scored in an attempt, in order; a question without steps is one."""
    lines = [SheetLine.from_json(position, row) for position, row in enumerate(attempt.sheet, start=1)]
    return steps_of_lines(lines)


def steps_of_lines(lines: Sequence[SheetLine]) -> list[Step]:
    """The same of the lines of a sheet or paper; one query."""
    questions = Question.objects.in_bulk([line.question_id for line in lines])
    steps: list[Step] = []
    for line in lines:
        question = questions[line.question_id]
        if question.kind != Kind.PRACTICAL:
            steps.append(Step(question.pk, line.position, question.stem, line.score))
            continue
        deductions = question.key.get("steps") or []
        for number, step in enumerate(question.body["steps"]):
            known = deductions[number] if number < len(deductions) else []
            taken = tuple((str(one["text"]), Decimal(str(one["points"]))) for one in known)
            evidence = str(question.body.get("evidence", ""))
            most = Decimal(str(step["points"]))
            steps.append(Step(question.pk, line.position, str(step["title"]), most, taken, evidence))
    return steps


def find_examiner(actor: Actor, exam: Exam) -> Examiner | None:
    """The actor as an examiner of this exam, at the organisation that runs it."""
    if not actor.person_id or actor.organisation_id != exam.cohort.organisation_id:
        return None
    return Examiner.objects.filter(exam=exam, person=actor.person_id).first()


def learners_of(exam: Exam) -> QuerySet[training.Enrolment]:
    """The learners of an exam's cohort who are still in it."""
    rows = training.visible_enrolments(SYSTEM)  # the right to an exam's list is the examiner's, not the cohort's
    return rows.filter(cohort=exam.cohort_id, state=EnrolmentState.ACTIVE)


def unscored(exam: Exam, now: dt.datetime) -> list[training.Enrolment]:
    """Those for whom a practical exam is and who have no result in it; three queries at most."""
    scored = Attempt.objects.filter(exam=exam, state__in=[AttemptState.MARKED, AttemptState.VOIDED])
    have = set(scored.values_list("enrolment_id", flat=True))
    return [one for one in entitled_to(exam, now) if one.pk not in have]


def candidates(exam: Exam, enrolments: Sequence[training.Enrolment], examiner: Examiner | None) -> list[Candidate]:
    """These learners with how far each is; two queries."""
    latest: dict[int, Attempt] = {}
    for attempt in Attempt.objects.filter(exam=exam, enrolment__in=enrolments).order_by("number"):
        latest[attempt.enrolment_id] = attempt
    by_attempt: dict[int, list[ScoreSheet]] = {}
    sheets = ScoreSheet.objects.filter(attempt__in=latest.values()).select_related("examiner").order_by("pk")
    for sheet in sheets:
        by_attempt.setdefault(sheet.attempt_id, []).append(sheet)
    found = []
    for enrolment in enrolments:
        one = latest.get(enrolment.pk)
        held = by_attempt.get(one.pk, []) if one else []
        own = next((sheet for sheet in held if examiner and sheet.examiner_id == examiner.pk), None)
        done = [sheet for sheet in held if sheet.submitted_at is not None]
        pair = [sheet for sheet in done if not sheet.examiner.is_chief]
        waits = one is not None and one.state == AttemptState.SUBMITTED and len(pair) == 2
        may = examiner is not None and (waits if examiner.is_chief else _is_free(one, held))
        found.append(Candidate(enrolment, one, own, len(done), waits, may))
    return found


#: How far a learner may be, for the filter of the list.
STANDINGS = (("todo", "还没评分"), ("mine", "我还没提交"), ("waiting", "评分中"), ("done", "已评定"))


def narrow(
    exam: Exam, examiner: Examiner | None, learners: QuerySet[training.Enrolment], standing: str
) -> QuerySet[training.Enrolment]:
    """Those learners who stand so (one of ``STANDINGS``)."""
    attempts = Attempt.objects.filter(exam=exam, enrolment=OuterRef("pk"))
    waiting, done = attempts.filter(state=AttemptState.SUBMITTED), attempts.filter(state=AttemptState.MARKED)
    if standing == "todo":
        return learners.exclude(Exists(attempts))
    if standing == "done":
        return learners.filter(Exists(done))
    if standing == "waiting":
        return learners.filter(Exists(waiting))
    own = ScoreSheet.objects.filter(attempt__exam=exam, attempt__enrolment=OuterRef("pk"), submitted_at__isnull=False)
    return learners.exclude(Exists(done)).exclude(Exists(own.filter(examiner=examiner)))


def counts(exam: Exam) -> dict[str, int]:
    """How many learners there are, are being scored, and have a result; two queries."""
    found = Attempt.objects.filter(exam=exam).aggregate(
        waiting=Count("enrolment", distinct=True, filter=Q(state=AttemptState.SUBMITTED)),
        done=Count("enrolment", distinct=True, filter=Q(state=AttemptState.MARKED)),
    )
    return {"learners": learners_of(exam).count(), **found}


def _is_free(attempt: Attempt | None, held: Sequence[ScoreSheet]) -> bool:
    """Whether one more of the two examiners is missing."""
    if attempt is None:
        return True
    taken = sum(not sheet.examiner.is_chief for sheet in held)
    return taken < 2 if attempt.state == AttemptState.SUBMITTED else not attempt.passed


@dataclass(frozen=True, slots=True)
class ShownSheet:
    """A score sheet beside a result, without the examiner's name: label, steps with what was given, files."""

    label: str
    sheet: ScoreSheet
    steps: list[tuple[Step, str, list[str]]]  # step, points, deductions in words
    files: list[ScoreEvidence]


def shown_sheets(attempt: Attempt) -> list[ShownSheet]:
    """The sheets from which a practical result came; four queries."""
    steps = steps_of(attempt)
    rows = attempt.score_sheets.filter(submitted_at__isnull=False).select_related("examiner")
    found = []
    for number, sheet in enumerate(rows.prefetch_related("evidence").order_by("examiner__is_chief", "pk"), start=1):
        label = "组长" if sheet.examiner.is_chief else f"考评员{number}"
        given = [
            (
                step,
                one["points"],
                [f"{text} −{taken.normalize():f}" for at, (text, taken) in step.numbered if at in one["deductions"]],
            )
            for step, one in zip(steps, sheet.steps, strict=False)
        ]
        found.append(ShownSheet(label, sheet, given, list(sheet.evidence.all())))
    return found
