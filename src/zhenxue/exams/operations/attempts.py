"""Sitting an exam: start, every answer saved and acknowledged at once, hand in.

Writers of one attempt go one after another (its row is locked), so sequence numbers have no gaps and no doubles.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from zhenxue.exams.data import AttemptEnd, AttemptState, Saved
from zhenxue.exams.errors import DeadlinePassed
from zhenxue.exams.models import Answer, Attempt, Exam
from zhenxue.exams.operations.common import lock_attempt
from zhenxue.exams.operations.drawing import begin
from zhenxue.exams.operations.handing_in import hand_in, settle
from zhenxue.exams.operations.presence import asks_presence
from zhenxue.exams.operations.saving import Standing, check_may_save, judge_answer, question_at
from zhenxue.exams.operations.timing import check_may_hand_in, deadline_of
from zhenxue.exams.policies import check_can_answer, check_can_start, check_is_own
from zhenxue.exams.queries import attempts_at, readiness_of
from zhenxue.exams.queries.content import contents_of
from zhenxue.identity.data import SYSTEM, Actor, Role
from zhenxue.integrity.data import CheckCause
from zhenxue.kernel.errors import Refused
from zhenxue.kernel.prepared import Prepared
from zhenxue.training import api as training


def start_attempt(*, actor: Actor, exam: Exam, device: str, fingerprint: str = "", now: dt.datetime) -> Attempt:
    """Begins an attempt, or answers the one that is open already (a second click changes nothing).

    Raises ``CannotStart`` with the reason and what is missing (N14: first the stage's hours, then its assessment).
    """
    enrolment = _own_enrolment(actor, exam)
    begin_now = partial(_start, actor, exam, enrolment, device, fingerprint, now)
    try:
        return begin_now()
    except IntegrityError:  # at the same moment another click began one: the constraints let one of them through
        return begin_now()


def _start(
    actor: Actor, exam: Exam, enrolment: training.Enrolment, device: str, fingerprint: str, now: dt.datetime
) -> Attempt:
    with transaction.atomic():
        tried = attempts_at(exam, enrolment)
        if any(one.state == AttemptState.OPEN and one.deadline_at <= now for one in tried):
            settle(Attempt.objects.filter(exam=exam, enrolment=enrolment), now=now)
            tried = attempts_at(exam, enrolment)
        readiness = readiness_of(exam=exam, enrolment=enrolment, now=now, attempts=tried)
        check_can_start(readiness)
        if readiness.open_attempt_id is not None:
            return next(one for one in tried if one.pk == readiness.open_attempt_id)
        attempt = Attempt(
            exam=exam,
            enrolment=enrolment,
            number=len(tried) + 1,
            started_at=now,
            deadline_at=deadline_of(exam, now, readiness.extra_minutes),
            device=device,
            device_fingerprint=fingerprint,
            presence_asked_at=now if asks_presence(exam) else None,
            presence_cause=CheckCause.ENTRY if asks_presence(exam) else "",
            total=exam.plan.total,
        )
        begin(actor, attempt, now)
    return attempt


def save_answer(
    *,
    actor: Actor,
    attempt_id: int,
    position: int,
    given: Iterable[Any],
    device: str,
    now: dt.datetime,
    client_sequence: int = 0,
) -> Saved:
    """Stores one answer and acknowledges it with the attempt's next number; it is durable when this returns.

    ``client_sequence`` counts the device's messages from 1; one that was taken before, or is older than the answer that
    stands, changes nothing and gets that answer's acknowledgement. 0 (a plain form) is always new. Raises
    ``DeadlinePassed``, ``AttemptEnded``, ``OtherDevice``, or ``Invalid`` for a choice the question does not have.
    """
    try:
        with transaction.atomic():
            attempt = lock_attempt(attempt_id)
            check_may_save(actor, attempt, device, now)
            return _store(attempt, position, list(given), client_sequence, now)
    except DeadlinePassed:
        settle(Attempt.objects.filter(pk=attempt_id), now=now)
        raise


def submit_attempt(*, actor: Actor, attempt_id: int, device: str, now: dt.datetime) -> Attempt:
    """Hands in and marks. Handing in twice, or after the deadline did it, is harmless and answers the same attempt."""
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        check_is_own(actor, attempt)
        if attempt.state != AttemptState.OPEN:
            return attempt
        if now >= attempt.deadline_at:
            hand_in(SYSTEM, [attempt], AttemptEnd.DEADLINE, now)
        else:
            check_can_answer(actor, attempt, device)
            check_may_hand_in(attempt, now)
            hand_in(actor, [attempt], AttemptEnd.LEARNER, now)
    return attempt


def close_due_attempts(*, now: dt.datetime, cohort_id: int | None = None) -> int:
    """Hands in and marks every open attempt whose deadline is over; answers how many. Run it as often as one likes."""
    due = Attempt.objects.all()
    if cohort_id is not None:
        due = due.filter(exam__cohort_id=cohort_id)
    return settle(due, now=now)


def _store(attempt: Attempt, position: int, given: list[Any], client_sequence: int, now: dt.datetime) -> Saved:
    question_id = question_at([int(line[0]) for line in attempt.sheet], position)
    rows = Answer.objects.filter(attempt=attempt, question=question_id)
    stood = rows.values_list("given", "sequence", "client_sequence", "saved_at").first()
    verdict = judge_answer(
        contents_of([question_id])[question_id],
        given,
        client_sequence,
        position=position,
        standing=Standing(*stood) if stood else None,
        sequence=attempt.sequence,
        now=now,
    )
    if verdict.is_new:
        attempt.sequence = verdict.saved.sequence
        attempt.save(update_fields=["sequence"])
    if verdict.stands is not None:
        rows.update_or_create(attempt=attempt, question_id=question_id, defaults=asdict(verdict.stands))
    return verdict.saved


def _own_enrolment(actor: Actor, exam: Exam) -> training.Enrolment:
    enrolment = None
    if actor.is_learner and actor.person_id:
        enrolment = next(iter(_enrolments(actor.person_id, exam.cohort_id)), None)
    if enrolment is None:
        raise Refused("exams.not_enrolled", "你不在这个班的名单里，不能参加这场考试。")
    return enrolment


_enrolments = Prepared(
    lambda person_id, cohort_id: training.visible_enrolments(Actor(role=Role.LEARNER, person_id=person_id)).filter(
        cohort=cohort_id, person=person_id
    )
)
