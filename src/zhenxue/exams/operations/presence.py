"""Presence in exams: the check at the door, checks at random while sitting. ``integrity`` decides who is asked how.

Until the entry check is passed the paper stays closed, and the time to answer begins with it. Later checks stop
nothing: an answer is never lost to a camera; what is missed is for people to look at (``integrity`` notes it).
"""

import datetime as dt
import secrets

from django.db import transaction
from django.db.models import Q

from zhenxue.exams.data import AttemptState
from zhenxue.exams.models import Attempt, Exam
from zhenxue.exams.operations.common import lock_attempt
from zhenxue.exams.operations.timing import deadline_of
from zhenxue.exams.policies import check_can_answer
from zhenxue.exams.queries import extra_minutes_of
from zhenxue.identity.data import Actor
from zhenxue.integrity import api as integrity
from zhenxue.integrity.api import Check
from zhenxue.integrity.data import CheckCause
from zhenxue.kernel.errors import Conflict
from zhenxue.training import api as training

SHORTEST = dt.timedelta(seconds=60)
#: How long an exam room may take to fetch the check that its attempt waits for.
GRACE = dt.timedelta(seconds=20)
CONTEXT = "exam:"


def context_of(attempt: Attempt) -> str:
    """The name under which ``integrity`` knows an attempt."""
    return f"{CONTEXT}{attempt.pk}"


def attempt_of(context: str) -> int | None:
    """The number of the attempt that a context names, if it names one."""
    return int(context.removeprefix(CONTEXT)) if context.startswith(CONTEXT) else None


def asks_presence(exam: Exam) -> bool:
    """Whether the frozen rules of the cohort ask for checks at all."""
    plan = integrity.plan_of(training.rules_of(exam.cohort))
    return plan.per_class_hour > 0 or plan.at_entry


def ask_presence(*, actor: Actor, attempt_id: int, device: str, now: dt.datetime) -> Check:
    """The check that the learner's own attempt waits for, made at the first call.

    Raises ``Conflict`` when it waits for none; else as ``check_can_answer``.
    """
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        check_can_answer(actor, attempt, device)
        if attempt.presence_asked_at is None:
            raise Conflict("exams.no_presence", "现在没有要完成的核验，请继续答题。")
        return _ask(attempt, now)


def ask_due(*, now: dt.datetime) -> int:
    """Asks whoever's moment has come, and whoever's room never asked (it was moved, or does not want to); how many.

    At the door nobody is asked: there the paper waits. Nor is anybody on a break.
    """
    forgotten = Q(presence_asked_at__lte=now - GRACE, proven_at__isnull=False)
    due = Attempt.objects.filter(Q(presence_at__lte=now) | forgotten, state=AttemptState.OPEN, paused_at__isnull=True)
    asked = 0
    for attempt_id in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            asked += _ask_locked(lock_attempt(attempt_id), now)
    return asked


def _ask_locked(attempt: Attempt, now: dt.datetime) -> bool:
    if attempt.state != AttemptState.OPEN:
        return False
    if attempt.presence_at is not None and attempt.presence_at <= now:
        attempt.presence_at = None
        if attempt.presence_asked_at is None:
            attempt.presence_asked_at, attempt.presence_cause = now, CheckCause.HOURLY
        attempt.save(update_fields=["presence_at", "presence_asked_at", "presence_cause"])
    if attempt.presence_asked_at is None or integrity.open_check_of(context_of(attempt)) is not None:
        return False
    _ask(attempt, now)
    return True


def ask_again(attempt: Attempt, *, now: dt.datetime) -> None:
    """Another device goes on: a check that is open for the old one is judged no more, and presence is shown anew."""
    if attempt.presence_asked_at is None and attempt.proven_at is None:
        return
    integrity.cancel(context=context_of(attempt), now=now)
    if attempt.presence_asked_at is None:
        attempt.presence_asked_at, attempt.presence_cause = now, CheckCause.DEVICE
        attempt.save(update_fields=["presence_asked_at", "presence_cause"])


def close_the_door(attempt: Attempt, *, now: dt.datetime) -> None:
    """Another device goes on without anybody having let it: the paper stays closed there until presence is shown."""
    integrity.cancel(context=context_of(attempt), now=now)
    if attempt.proven_at is None and attempt.presence_asked_at is not None:
        return  # it was closed already
    attempt.proven_at, attempt.presence_at = None, None
    attempt.presence_asked_at, attempt.presence_cause = now, CheckCause.DEVICE
    attempt.save(update_fields=["proven_at", "presence_at", "presence_asked_at", "presence_cause"])


def ask_now(attempt: Attempt, *, now: dt.datetime) -> bool:
    """Asks a locked attempt that sits for presence, on the invigilator's word; false where a check is open, at the
    door and after the end."""
    if attempt.state != AttemptState.OPEN or is_at_the_door(attempt):
        return False
    if integrity.open_check_of(context_of(attempt)) is not None:
        return False
    if attempt.presence_asked_at is None:
        attempt.presence_asked_at, attempt.presence_cause = now, CheckCause.HOURLY
        attempt.save(update_fields=["presence_asked_at", "presence_cause"])
    _ask(attempt, now)
    return True


def hold(*, attempt_id: int, cause: str, now: dt.datetime) -> None:
    """Notes a check that somebody else asked (an officer, the invigilator)."""
    open_ones = Attempt.objects.filter(pk=attempt_id, state=AttemptState.OPEN, presence_asked_at__isnull=True)
    open_ones.update(presence_asked_at=now, presence_cause=cause)


def free(*, attempt_id: int, now: dt.datetime) -> None:
    """A check was passed: the paper opens at the first, and the next one is drawn."""
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        if attempt.state != AttemptState.OPEN:
            return
        if attempt.presence_cause == CheckCause.ENTRY and attempt.proven_at is None:
            extra = extra_minutes_of(attempt.exam_id, attempt.enrolment_id)
            attempt.deadline_at = deadline_of(attempt.exam, now, extra)
        attempt.proven_at = now
        _go_on(attempt, now)


def miss(*, attempt_id: int, now: dt.datetime) -> None:
    """A check was missed. At the door one asks again; while sitting the next one is drawn soon."""
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        if attempt.state != AttemptState.OPEN:
            return
        attempt.presence_missed += 1
        attempt.save(update_fields=["presence_missed"])
        if attempt.proven_at is not None:
            _go_on(attempt, now)


def is_at_the_door(attempt: Attempt) -> bool:
    """Whether the entry check of an open attempt has not been passed yet."""
    return attempt.presence_asked_at is not None and attempt.proven_at is None


def running_in(cohort_id: int, now: dt.datetime) -> list[integrity.RunningContext]:
    """Who of a cohort sits an exam at this moment."""
    rows = Attempt.objects.filter(exam__cohort_id=cohort_id, state=AttemptState.OPEN, deadline_at__gt=now)
    return [
        integrity.RunningContext(
            person_id=row.enrolment.person_id,
            enrolment_id=row.enrolment_id,
            context=context_of(row),
            device=row.device_fingerprint,
            ip=None,
            facts={"exam": row.exam_id},
            proof_at=row.proven_at or row.started_at,
        )
        for row in rows.select_related("enrolment").order_by("pk")
    ]


def _go_on(attempt: Attempt, now: dt.datetime) -> None:
    attempt.presence_asked_at, attempt.presence_cause = None, ""
    rules = training.rules_of(attempt.exam.cohort)
    per_hour = integrity.plan_of(rules).per_class_hour
    if per_hour:
        window = rules["minutes_per_class_hour"] * 60 // per_hour - int(SHORTEST.total_seconds())
        attempt.presence_at = now + SHORTEST + dt.timedelta(seconds=secrets.randbelow(max(1, window)))
    attempt.save(update_fields=["presence_asked_at", "presence_cause", "presence_at", "proven_at", "deadline_at"])


def _ask(attempt: Attempt, now: dt.datetime) -> Check:
    return integrity.ask(
        person_id=attempt.enrolment.person_id,
        enrolment_id=attempt.enrolment_id,
        context=context_of(attempt),
        cause=CheckCause(attempt.presence_cause),
        facts={"exam": attempt.exam_id},
        proof_at=attempt.proven_at or attempt.started_at,
        device=attempt.device_fingerprint,
        now=now,
    )
