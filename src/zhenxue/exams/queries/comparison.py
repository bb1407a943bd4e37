"""What comparing the attempts of an exam takes, and what its pages show."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from zhenxue.exams import kinds
from zhenxue.exams.analysis.items import gaps_of
from zhenxue.exams.data import BatchState, ExamState, Kind
from zhenxue.exams.models import Attempt, Comparison, ComparisonRun, Exam, Question
from zhenxue.exams.queries.scope import visible_exams
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import NotFound

#: A comparison that was begun and is not done after so long is begun again.
LOST_AFTER = dt.timedelta(minutes=30)


def exams_to_compare(now: dt.datetime) -> list[int]:
    """Closed exams that were never compared, or whose comparison was lost on the way."""
    lost = Q(comparison_run__state=BatchState.RUNNING, comparison_run__started_at__lt=now - LOST_AFTER)
    wanted = Q(comparison_run__isnull=True) | Q(comparison_run__state=BatchState.WAITING) | lost
    rows = Exam.objects.filter(wanted, state=ExamState.CLOSED).order_by("closed_at", "pk")
    return list(rows.values_list("pk", flat=True)[:20])


def comparison_run_of(exam: Exam) -> ComparisonRun | None:
    return ComparisonRun.objects.filter(exam=exam).first()


def visible_comparisons(actor: Actor) -> QuerySet[Comparison]:
    """Pairs of the visible exams; learners see none."""
    rows = Comparison.objects.select_related(
        "exam__cohort__organisation", "first__enrolment__person", "second__enrolment__person"
    )
    return rows.none() if actor.is_learner else rows.filter(exam__in=visible_exams(actor).values("pk"))


def get_comparison(actor: Actor, comparison_id: int) -> Comparison:
    """The pair, or ``NotFound``."""
    found = visible_comparisons(actor).filter(pk=comparison_id).first()
    if found is None:
        raise NotFound("exams.not_found", "没有找到这一对答卷，或您无权查看。重新比对以后，不再相似的一对会消失。")
    return found


def fast_attempts(run: ComparisonRun) -> list[tuple[Attempt, Mapping[str, Any]]]:
    """The attempts that were too fast, with their figures, as the run noted them."""
    noted = {one["attempt"]: one for one in run.facts.get("fast", ())}
    rows = Attempt.objects.filter(pk__in=noted).select_related("enrolment__person")
    by_number = {row.pk: row for row in rows}
    return [(by_number[number], facts) for number, facts in noted.items() if number in by_number]


@dataclass(frozen=True, slots=True)
class Side:
    """What one of two learners answered to a question, and after how many seconds."""

    given: str
    correct: bool | None
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Beside:
    """A question that both sheets hold."""

    number: int
    kind: str
    stem: str
    first: Side
    second: Side

    @property
    def is_same_wrong(self) -> bool:
        return bool(self.first.given) and self.first.given == self.second.given and self.first.correct is False


def side_by_side(pair: Comparison) -> list[Beside]:
    """The common questions of two attempts in the order of the first one's sheet; two queries."""
    order = [row[0] for row in pair.first.sheet]
    common = set(order) & {row[0] for row in pair.second.sheet}
    questions = Question.objects.defer("key", "explanation").in_bulk(list(common))
    sides = {one.pk: _sides(one, questions) for one in (pair.first, pair.second)}
    nothing = Side("", None, None)
    return [
        Beside(
            number,
            Kind(questions[question].kind).label,
            questions[question].stem,
            sides[pair.first_id].get(question, nothing),
            sides[pair.second_id].get(question, nothing),
        )
        for number, question in enumerate(order, start=1)
        if question in common
    ]


def _sides(attempt: Attempt, questions: Mapping[int, Question]) -> dict[int, Side]:
    rows = [one for one in attempt.answers.order_by("sequence") if one.given]
    gaps = gaps_of([(one.question_id, one.saved_at.timestamp()) for one in rows], attempt.started_at.timestamp())
    found = {}
    for one in rows:
        if one.question_id in questions:
            question = questions[one.question_id]
            words = "；".join(kinds.of(question.kind).said(question.body, one.given))
            found[one.question_id] = Side(words, one.correct, round(gaps[one.question_id]))
    return found


def odds_in_words(probability: float) -> str:
    """A small probability as people say it: one in so many."""
    if probability >= 0.1:
        return f"{probability:.0%}"
    if probability <= 1e-12:
        return "不到一万亿分之一"
    exponent = math.floor(-math.log10(probability))
    for digits, unit in ((8, "亿"), (4, "万")):
        if exponent >= digits:
            return f"约 {1 / probability / 10**digits:,.0f} {unit}分之一"
    return f"约 {1 / probability:,.0f} 分之一"
