"""An attempt made void by a ruling, and brought back when an appeal overturns it. Its answers stay as they are."""

import datetime as dt
from decimal import Decimal

from django.db import transaction

from zhenxue.exams.data import AttemptState
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations.common import lock_attempt, move
from zhenxue.exams.operations.drawing import sheet_of
from zhenxue.exams.operations.errors import collect_again
from zhenxue.exams.operations.marking import points
from zhenxue.exams.operations.scoring import log, points_of, result_of, weigh
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict


def void_attempt(*, actor: Actor, attempt_id: int, source: str, now: dt.datetime) -> Attempt:
    """Takes score and result away; ``source`` says by what (``incident:3``). Other attempts count as they did.

    Raises ``Conflict`` while the attempt is still being written or marked, and when it is void already.
    """
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        if attempt.state in {AttemptState.OPEN, AttemptState.SUBMITTED}:
            raise Conflict("exams.not_marked", "这次考试还没有交卷评分，评分以后才能裁定作废。")
        move(attempt, AttemptState.VOIDED)
        before = {"score": points(attempt.score or Decimal(0)), "passed": bool(attempt.passed)}
        attempt.score = attempt.passed = None
        attempt.save(update_fields=["state", "score", "passed"])
        log(actor, attempt, "exams.attempt_voided", {"source": source, "before": before}, now)
    return attempt


def restore_attempt(*, actor: Actor, attempt_id: int, source: str, now: dt.datetime) -> Attempt:
    """Counts the marks of its answers again; raises ``Conflict`` when it is not void."""
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        move(attempt, AttemptState.MARKED)
        weigh(attempt, sheet_of(attempt), points_of(attempt))
        attempt.save(update_fields=["state", "score", "passed", "parts"])
        collect_again(attempt.exam_id)
        log(actor, attempt, "exams.attempt_restored", {"source": source, **result_of(attempt)}, now)
    return attempt
