"""An attempt made void by a ruling, and brought back when an appeal overturns it. Its answers stay as they are."""

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import ATTEMPT_TRANSITIONS, AttemptState
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations.marking import has_passed, points
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, NotFound


def void_attempt(*, actor: Actor, attempt_id: int, source: str, now: dt.datetime) -> Attempt:
    """Takes score and result away; ``source`` says by what (``incident:3``). Other attempts count as they did.

    Raises ``Conflict`` while the attempt is still being written or marked, and when it is void already.
    """
    with transaction.atomic():
        attempt = _held(attempt_id)
        if attempt.state in {AttemptState.OPEN, AttemptState.SUBMITTED}:
            raise Conflict("exams.not_marked", "这次考试还没有交卷评分，评分以后才能裁定作废。")
        _move(attempt, AttemptState.VOIDED)
        before = {"score": points(attempt.score or Decimal(0)), "passed": bool(attempt.passed)}
        attempt.score = attempt.passed = None
        attempt.save(update_fields=["state", "score", "passed"])
        _record("exams.attempt_voided", actor, attempt, {"source": source, "before": before}, now)
    return attempt


def restore_attempt(*, actor: Actor, attempt_id: int, source: str, now: dt.datetime) -> Attempt:
    """Counts the marks of its answers again; raises ``Conflict`` when it is not void."""
    with transaction.atomic():
        attempt = _held(attempt_id)
        _move(attempt, AttemptState.MARKED)
        exam = attempt.exam
        score = attempt.answers.aggregate(total=Sum("awarded"))["total"] or Decimal(0)
        attempt.score = score
        attempt.passed = has_passed(score=score, total=exam.paper.total, pass_percent=exam.pass_percent)
        attempt.save(update_fields=["state", "score", "passed"])
        body = {"source": source, "score": points(score), "passed": attempt.passed}
        _record("exams.attempt_restored", actor, attempt, body, now)
    return attempt


def _held(attempt_id: int) -> Attempt:
    rows = Attempt.objects.select_for_update(of=("self",)).select_related("exam__paper", "exam__cohort", "enrolment")
    attempt = rows.filter(pk=attempt_id).first()
    if attempt is None:
        raise NotFound("exams.attempt_not_found", "没有找到这次考试。")
    return attempt


def _move(attempt: Attempt, state: AttemptState) -> None:
    current = AttemptState(attempt.state)
    if state not in ATTEMPT_TRANSITIONS[current]:
        raise Conflict(
            "exams.attempt_state", f"这次考试现在是“{current.label}”，不能再变为“{state.label}”。请刷新页面。"
        )
    attempt.state = state


def _record(kind: str, actor: Actor, attempt: Attempt, body: dict[str, object], now: dt.datetime) -> None:
    about = [
        f"exam:{attempt.exam_id}",
        f"enrolment:{attempt.enrolment_id}",
        f"cohort:{attempt.exam.cohort_id}",
        f"person:{attempt.enrolment.person_id}",
    ]
    evidence.record(kind=kind, actor=actor, subject=f"attempt:{attempt.pk}", about=about, body=body, now=now)
