"""Blueprints and what their rules find in the banks."""

from collections.abc import Iterable

from django.db.models import QuerySet

from zhenxue.exams.data import PaperState, QuestionState, RuleFacts
from zhenxue.exams.models import Blueprint, BlueprintRule, Paper, Question, QuestionStatistics
from zhenxue.exams.queries.scope import visible_blueprints, visible_questions
from zhenxue.identity.data import Actor

#: More points than a person can choose from; the rest are found in the bank's own list.
MOST_POINTS = 400


def matching(rule: RuleFacts | BlueprintRule) -> QuerySet[Question]:
    """The questions in use that a rule could draw; whoever asks must be allowed to see the bank."""
    rows = Question.objects.filter(bank_id=rule.bank_id, state=QuestionState.ACTIVE, kind=rule.kind)
    rows = rows.filter(difficulty__gte=rule.lowest, difficulty__lte=rule.highest)
    return rows.filter(point_id=rule.point_id) if rule.point_id else rows


def count_matching(rule: RuleFacts) -> int:
    """How many different questions a rule could draw; doubles count once. One query."""
    return matching(rule).values("digest").distinct().count()


def list_rules(blueprint: Blueprint) -> list[BlueprintRule]:
    """The rules in order with bank and point; one query."""
    return list(blueprint.rules.select_related("bank", "point").order_by("position"))


def blueprints_to_use(actor: Actor) -> list[Blueprint]:
    """Final blueprints of the actor's organisation."""
    return list(visible_blueprints(actor).filter(state=PaperState.FINAL).order_by("title"))


def points_in_use(actor: Actor) -> list[tuple[int, str]]:
    """Id and words of the points that questions in use of the actor's banks are of; one query."""
    rows = visible_questions(actor).filter(state=QuestionState.ACTIVE, point__isnull=False)
    columns = ("point_id", "point__code", "point__title", "point__standard_id", "point__position")
    found = rows.order_by("point__standard_id", "point__position").values_list(*columns).distinct()
    return [(number, f"{code} {title}"[:60]) for number, code, title, *_order in found[:MOST_POINTS]]


def times_shown(question_ids: Iterable[int]) -> dict[int, int]:
    """How often each question was on somebody's sheet, as last counted; those never counted are not named."""
    rows = QuestionStatistics.objects.filter(question_id__in=list(question_ids))
    return dict(rows.values_list("question_id", "shown"))


def parts_of_plan(plan: Paper | Blueprint) -> list[str]:
    """The names of the parts of a paper or blueprint, in order; one query."""
    rows = plan.lines.order_by("position") if isinstance(plan, Paper) else plan.rules.order_by("position")
    return list(dict.fromkeys(part for part in rows.values_list("part", flat=True) if part))
