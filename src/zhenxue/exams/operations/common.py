"""What several writes of an attempt share: its row, its states, its log entries."""

import datetime as dt
from collections.abc import Iterable

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import ATTEMPT_TRANSITIONS, AttemptState
from zhenxue.exams.models import Attempt, Exam
from zhenxue.exams.queries.scope import attempt_not_found
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict
from zhenxue.kernel.prepared import Prepared


def lock_attempt(attempt_id: int) -> Attempt:
    """One attempt with its exam, held by this transaction; raises ``NotFound``."""
    for attempt in _locked(attempt_id):
        return attempt
    raise attempt_not_found()


_locked = Prepared(
    lambda attempt_id: (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("exam__paper", "exam__blueprint", "exam__cohort", "enrolment")
        .filter(pk=attempt_id)
    )
)


def lock_attempts(attempt_ids: Iterable[int]) -> list[Attempt]:
    """Attempts with their exams (each exam read once), held by this transaction in the order of their ids, as the
    ingest holds them."""
    rows = Attempt.objects.select_for_update(of=("self",)).select_related("enrolment")
    attempts = list(rows.filter(pk__in=list(attempt_ids)).order_by("pk"))
    plans = Exam.objects.select_related("paper", "blueprint", "cohort")
    exams = plans.in_bulk({one.exam_id for one in attempts})
    for one in attempts:
        one.exam = exams[one.exam_id]
    return attempts


def move(attempt: Attempt, state: AttemptState) -> None:
    """The next state, not saved yet; raises ``Conflict`` for one that does not follow."""
    current = AttemptState(attempt.state)
    if state not in ATTEMPT_TRANSITIONS[current]:
        raise Conflict(
            "exams.attempt_state", f"这次考试现在是“{current.label}”，不能再变为“{state.label}”。请刷新页面。"
        )
    attempt.state = state


def record(
    actor: Actor,
    attempt: Attempt,
    kind: str,
    body: dict[str, object],
    now: dt.datetime,
    *,
    names_learner: bool = True,
) -> None:
    """The log entry of what happened to an attempt; learners read entries that name them."""
    evidence.record_many([draft(actor, attempt, kind, body, names_learner=names_learner)], now=now)


def draft(
    actor: Actor, attempt: Attempt, kind: str, body: dict[str, object], *, names_learner: bool = True
) -> evidence.Draft:
    """That entry, to be recorded with others."""
    about = [f"exam:{attempt.exam_id}", f"cohort:{attempt.exam.cohort_id}"]
    if names_learner:
        about += [f"enrolment:{attempt.enrolment_id}", f"person:{attempt.enrolment.person_id}"]
    return evidence.Draft(kind, actor, f"attempt:{attempt.pk}", body, about)
