"""Querysets and small lists behind the staff pages."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from zhenxue.exams import kinds
from zhenxue.exams.data import ExamState, Kind, PaperState, QuestionState
from zhenxue.exams.models import Exam, Paper, PaperLine, Question, QuestionBank
from zhenxue.exams.queries.learner import LearnerExam, exams_of_learner
from zhenxue.exams.queries.scope import exams_of_enrolments, visible_exams, visible_papers
from zhenxue.exams.queries.stages import HELD
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import NotFound
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training
from zhenxue.training.data import CohortState

#: As many cohorts as a filter can offer.
MOST_COHORTS = 100


def with_question_count(banks: QuerySet[QuestionBank]) -> QuerySet[QuestionBank]:
    """Adds ``count``: questions in use."""
    return banks.annotate(count=Count("questions", filter=Q(questions__state=QuestionState.ACTIVE)))


def questions_of(bank: QuestionBank) -> QuerySet[Question]:
    """The questions of a bank without the versions that were replaced."""
    return Question.objects.filter(bank=bank)


def paper_lines(paper: Paper) -> list[PaperLine]:
    """The lines of a paper in order with their questions and ``answer`` in words; one query."""
    lines = list(paper.lines.select_related("question__bank").order_by("position"))
    for line in lines:
        question = line.question
        line.answer = "；".join(kinds.of(question.kind).solution(question.body, question.key))  # type: ignore[attr-defined]  # for the page
    return lines


def paper_parts(paper: Paper) -> list[tuple[str, int, Decimal]]:
    """Name, number of questions and points of each part, in order; one query."""
    found: dict[str, tuple[int, Decimal]] = {}
    for part, score in paper.lines.order_by("position").values_list("part", "score"):
        count, total = found.get(part, (0, Decimal(0)))
        found[part] = count + 1, total + score
    return [(part, *both) for part, both in found.items()]


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A question on paper; parameters are filled in with the first values they may have."""

    position: int
    kind: str
    stem: str
    body: Mapping[str, Any]
    score: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrintedPart:
    name: str
    total: Decimal
    lines: tuple[PrintedLine, ...]


def printed_parts(paper: Paper, *, with_answers: bool) -> list[PrintedPart]:
    """A paper as it is handed out, by part; answers only when asked for. One query."""
    found: dict[str, list[tuple[Decimal, PrintedLine]]] = {}
    for line in paper.lines.select_related("question").order_by("position"):
        question = line.question
        rules = kinds.of(question.kind)
        values = rules.draw(question.key, Random(question.pk))  # the same for everybody who prints it
        stem = kinds.fill_places(question.stem, values)
        answers = tuple(rules.solution(question.body, question.key, values)) if with_answers else ()
        shown = PrintedLine(line.position, question.kind, stem, question.body, f"{line.score.normalize():f}", answers)
        found.setdefault(line.part, []).append((line.score, shown))
    return [
        PrintedPart(part, sum((score for score, _ in rows), Decimal(0)), tuple(row for _, row in rows))
        for part, rows in found.items()
    ]


def paper_kinds(paper: Paper) -> list[tuple[str, int]]:
    """Per kind of question: label with its points, and how many."""
    rows = paper.lines.values_list("question__kind").annotate(Count("pk"), Sum("score")).order_by("question__kind")
    return [(f"{Kind(kind).label}，{total.normalize():f} 分", count) for kind, count, total in rows]


def questions_to_pick(paper: Paper) -> QuerySet[Question]:
    """Questions in use of the paper's organisation that are not on it yet."""
    held = paper.lines.values("question")
    rows = Question.objects.filter(bank__organisation=paper.organisation_id, state=QuestionState.ACTIVE)
    return rows.exclude(pk__in=held).select_related("bank")


def papers_to_use(actor: Actor) -> list[Paper]:
    """Final papers of the actor's organisation."""
    return list(visible_papers(actor).filter(state=PaperState.FINAL).order_by("title"))


def cohorts_to_examine(actor: Actor) -> list[training.Cohort]:
    """The actor's cohorts that may have exams."""
    states = [CohortState.APPROVED, CohortState.RUNNING]
    return list(training.visible_cohorts(actor).filter(state__in=states).order_by("-starts_on"))


def cohorts_with_exams(actor: Actor) -> list[tuple[str, str]]:
    """Id and words of the cohorts whose exams are in sight, newest first; for a filter, so not more than fit."""
    rows = visible_exams(actor).order_by("-cohort__starts_on", "-cohort_id")
    found = rows.values_list("cohort_id", "cohort__code", "cohort__title", "cohort__starts_on").distinct()
    return [(str(number), f"{code} {title}") for number, code, title, _starts in found[:MOST_COHORTS]]


def exams_to_make_up(actor: Actor) -> list[Exam]:
    """What a make-up could be for: exams that are held, of cohorts that may have exams."""
    rows = visible_exams(actor).filter(state__in=HELD, cohort__in=[one.pk for one in cohorts_to_examine(actor)])
    return list(rows.filter(original__isnull=True).order_by("cohort__code", "opens_at"))


def with_result_counts[R](exams: QuerySet[Exam, R]) -> QuerySet[Exam, R]:
    """Adds ``sat`` and ``passed_count``: learners who sat it, and who passed."""
    return exams.annotate(
        sat=Count("attempts__enrolment", distinct=True),
        passed_count=Count("attempts__enrolment", distinct=True, filter=Q(attempts__passed=True)),
    )


def exam_shelf(actor: Actor) -> QuerySet[Exam, Any]:
    """The exams in sight as rows by name, as narrow as their list shows them, with the counts of results."""
    shown = ("pk", "title", "kind", "cohort__code", "cohort__title", "stage_number", "opens_at", "closes_at", "state")
    counted = with_result_counts(visible_exams(actor).values(*shown))
    return counted.values_list(*shown, "sat", "passed_count", named=True)


def coming_exams(actor: Actor, now: dt.datetime) -> list[Exam]:
    """Drafts and scheduled exams that are not over, nearest first."""
    rows = visible_exams(actor).filter(state__in=[ExamState.DRAFT, ExamState.SCHEDULED], closes_at__gt=now)
    return list(with_result_counts(rows).order_by("opens_at")[:6])


def cards_of(
    enrolments: Sequence[training.Enrolment], units: ledger.UnitsBegun, now: dt.datetime, *, papers: bool = False
) -> list[LearnerExam]:
    """The exams of the learner whose ``enrolments`` (``training.own_enrolments``) and ``units`` (``ledger.own_units``)
    these are: what can be done now first, then what comes, then what is over; with their ``papers`` if wanted."""
    rows = exams_of_learner(exams_of_enrolments(enrolments, papers=papers), enrolments, units, now)
    cards = [card for card in rows if card.is_offered]
    return sorted(cards, key=lambda card: (not card.readiness.can_start, card.exam.closes_at <= now, card.opens_at))


def own_enrolment(actor: Actor, exam: Exam) -> training.Enrolment:
    """The learner's enrolment in the exam's cohort, or ``NotFound``."""
    found = training.visible_enrolments(actor).filter(cohort=exam.cohort_id, person=actor.person_id).first()
    if found is None:
        raise NotFound("exams.not_found", "没有找到这场考试，或您无权查看。")
    return found
