"""Breaks: the clock of an attempt stands still, the paper is closed.

A break that begins puts the deadline off by all it may last; one that ends early gives back the rest. So whatever looks
at the deadline needs to know nothing of breaks, and a break that is overrun costs time to answer.
"""

import datetime as dt

from django.db import transaction

from zhenxue.exams.data import AttemptState
from zhenxue.exams.errors import DeadlinePassed, OtherDevice
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations.common import lock_attempt, record
from zhenxue.exams.policies import check_can_answer, check_sits, is_own
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict


def begin_break(*, actor: Actor, attempt_id: int, device: str, now: dt.datetime) -> Attempt:
    """The learner's clock stands still for at most the exam's ``break_minutes``. A second click changes nothing.

    Raises ``Conflict`` when none is left or a presence check waits; else as an answer would.
    """
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        if is_own(actor, attempt) and attempt.paused_at is not None and attempt.state == AttemptState.OPEN:
            return attempt
        check_can_answer(actor, attempt, device)
        if now >= attempt.deadline_at:
            raise DeadlinePassed
        if attempt.breaks >= attempt.exam.breaks_allowed:
            raise Conflict("exams.no_break", "这场考试没有休息，或休息次数已经用完。")
        if attempt.presence_asked_at is not None:
            raise Conflict("exams.break_presence", "请先完成核验，再休息。")
        attempt.paused_at = now
        attempt.breaks += 1
        attempt.deadline_at += dt.timedelta(minutes=attempt.exam.break_minutes)
        attempt.save(update_fields=["paused_at", "breaks", "deadline_at"])
        body: dict[str, object] = {"number": attempt.breaks, "minutes": attempt.exam.break_minutes}
        record(actor, attempt, "exams.break_began", body, now)
    return attempt


def end_break(*, actor: Actor, attempt_id: int, device: str, now: dt.datetime) -> Attempt:
    """The paper opens again; what is left of the break is given back. Harmless when there is none.

    Where the exam asks for presence, it is shown anew: somebody else could have sat down.
    """
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        check_sits(actor, attempt)
        if attempt.paused_at is None:
            return attempt
        if attempt.device != device:
            raise OtherDevice
        took = now - attempt.paused_at
        attempt.deadline_at -= max(ends_at(attempt) - now, dt.timedelta())
        attempt.paused_at = None
        if attempt.proven_at is not None and attempt.presence_at is not None:
            attempt.presence_at = min(attempt.presence_at, now)
        attempt.save(update_fields=["paused_at", "deadline_at", "presence_at"])
        body: dict[str, object] = {"number": attempt.breaks, "seconds": int(took.total_seconds())}
        record(actor, attempt, "exams.break_ended", body, now)
    return attempt


def ends_at(attempt: Attempt) -> dt.datetime:
    """Until when the break that is going on stops the clock."""
    assert attempt.paused_at is not None
    return attempt.paused_at + dt.timedelta(minutes=attempt.exam.break_minutes)
