"""Papers are handed in and marked in one go, one or hundreds: every answer that says the same is judged once, every
table is written once. Two entries in the log for each paper, so that marking by hand can come between."""

import datetime as dt
import logging
from collections.abc import Sequence
from decimal import Decimal
from itertools import batched

from django.db import transaction
from django.db.models import QuerySet

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import AttemptEnd, AttemptState, SheetLine
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations import scoring
from zhenxue.exams.operations.common import draft, lock_attempts, move
from zhenxue.exams.operations.drawing import sheet_of
from zhenxue.exams.operations.marking import digest_of
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel.bulk import update_rows

log = logging.getLogger(__name__)

#: Attempts that are handed in by one transaction when their time is over.
TOGETHER = 100
#: What handing in writes of an attempt.
COLUMNS = ("ended_by", "submitted_at", *scoring.SETTLED)


def hand_in(actor: Actor, attempts: Sequence[Attempt], ended_by: AttemptEnd, now: dt.datetime) -> None:
    """Hands in attempts that the caller holds, marks what a machine can, and saves all of it; in the caller's
    transaction."""
    given = scoring.answers_of(attempts)
    judge = scoring.Judge()
    marked: list[tuple[int, bool | None, Decimal | None]] = []
    entries: list[evidence.Draft] = []
    for attempt in attempts:
        move(attempt, AttemptState.SUBMITTED)
        attempt.ended_by = ended_by
        attempt.submitted_at = attempt.deadline_at if ended_by is AttemptEnd.DEADLINE else now
        lines = sheet_of(attempt)
        own = given.get(attempt.pk, {})
        judged = judge.of(attempt, lines, own)
        entries.append(_submitted(actor, attempt, lines, judged, now))
        awarded = {question: one.awarded for question, one in judged.items()}
        sure = (one for one in judged.items() if one[1].awarded is not None)
        marked += [(own[question].pk, one.correct, one.awarded) for question, one in sure]
        if None not in awarded.values():
            entries.append(scoring.settle(attempt, lines, awarded, now))
            attempt.told_at = now if attempt.exam.is_out else None  # the learner sees it after handing in
    scoring.save_points(marked)
    update_rows(Attempt, COLUMNS, [[one.pk, *(getattr(one, name) for name in COLUMNS)] for one in attempts])
    evidence.record_many(entries, now=now)


def settle(attempts: QuerySet[Attempt], *, now: dt.datetime) -> int:
    """Hands in those among the attempts whose deadline is over, many in one transaction, each exactly once.

    Where one cannot be handed in, those beside it are all the same; then its error is raised.
    """
    due = attempts.filter(state=AttemptState.OPEN, deadline_at__lte=now).order_by("deadline_at", "pk")
    ids = list(due.values_list("pk", flat=True))
    count, failed = 0, None
    for group in batched(ids, TOGETHER, strict=False):
        try:
            count += _close(group, now)
            continue
        except Exception as error:
            if len(group) == 1:
                raise
            log.exception("%d attempts could not be handed in together (%s)", len(group), error)
        for pk in group:
            try:
                count += _close([pk], now)
            except Exception as error:  # noqa: BLE001 - raised below, after the others
                failed = error
    if failed is not None:
        raise failed
    return count


def _close(ids: Sequence[int], now: dt.datetime) -> int:
    """Hands in those that are still open, in one transaction; how many."""
    with transaction.atomic():
        held = [one for one in lock_attempts(ids) if one.state == AttemptState.OPEN and one.deadline_at <= now]
        hand_in(SYSTEM, held, AttemptEnd.DEADLINE, now)
        return len(held)


def _submitted(
    actor: Actor,
    attempt: Attempt,
    lines: Sequence[SheetLine],
    judged: dict[int, scoring.Judged],
    now: dt.datetime,
) -> evidence.Draft:
    content = [[line.position, judged[line.question_id].given] for line in lines if line.question_id in judged]
    assert attempt.submitted_at is not None  # hand_in
    body = {
        "ended_by": attempt.ended_by,
        "submitted_at": attempt.submitted_at.astimezone(dt.UTC).isoformat(),
        "answered": sum(bool(one.given) for one in judged.values()),
        "questions": len(lines),
        "saves": attempt.sequence,
        "answers_sha256": digest_of(content),
    }
    return draft(actor, attempt, "exams.attempt_submitted", body)
