"""Appeals against scores, and changes of scores: who sees them, until when, who marked."""

import datetime as dt

from django.db.models import QuerySet

from zhenxue.exams.models import Attempt, Mark, ScoreAppeal, ScoreChange, ScoreSheet
from zhenxue.exams.queries.scope import visible_attempts
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import NotFound
from zhenxue.training import api as training

_WHOSE = ("attempt__exam__cohort", "attempt__enrolment__person")


def visible_appeals(actor: Actor) -> QuerySet[ScoreAppeal]:
    """Appeals of the attempts in sight."""
    seen = visible_attempts(actor).select_related(None).values("pk")
    return ScoreAppeal.objects.filter(attempt__in=seen).select_related(*_WHOSE, "decided_by")


def get_appeal(actor: Actor, appeal_id: int) -> ScoreAppeal:
    """The appeal, or ``NotFound``."""
    found = visible_appeals(actor).filter(pk=appeal_id).first()
    if found is None:
        raise NotFound("exams.no_appeal", "没有找到这份复核申请，或您无权查看。")
    return found


def visible_changes(actor: Actor) -> QuerySet[ScoreChange]:
    """Changes of the attempts in sight; learners see what came of them on the result."""
    if actor.is_learner:
        return ScoreChange.objects.none()
    seen = visible_attempts(actor).select_related(None).values("pk")
    rows = ScoreChange.objects.filter(attempt__in=seen)
    return rows.select_related(*_WHOSE, "proposed_by", "decided_by", "appeal")


def get_change(actor: Actor, change_id: int) -> ScoreChange:
    """The change, or ``NotFound``."""
    found = visible_changes(actor).filter(pk=change_id).first()
    if found is None:
        raise NotFound("exams.no_change", "没有找到这份改分申请，或您无权查看。")
    return found


def appeal_until(attempt: Attempt) -> dt.date | None:
    """The last day on which the learner may ask for a second look: so many days after the result was there to read as
    the cohort's rules say (``appeal_days``); None while it is not."""
    if attempt.marked_at is None or not attempt.exam.is_out:
        return None
    known = max(attempt.marked_at, attempt.exam.published_at or attempt.marked_at)
    days = training.rules_of(attempt.exam.cohort)["appeal_days"]
    return clock.civil_day(known) + dt.timedelta(days=days)


def markers_of(attempt: Attempt) -> set[int]:
    """The people who gave points in an attempt."""
    marks = Mark.objects.filter(answer__attempt=attempt, marked_at__isnull=False).values_list("marker_id", flat=True)
    sheets = ScoreSheet.objects.filter(attempt=attempt).values_list("examiner__person_id", flat=True)
    return {*marks, *sheets}
