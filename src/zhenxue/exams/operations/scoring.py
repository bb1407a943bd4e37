"""What an attempt earns: what a machine can say at once, what waits for people, and the result when nothing waits.

An attempt with answers that need a person stays ``SUBMITTED`` until each of them has its points. A blank answer earns
nothing without asking anybody.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from zhenxue.exams import kinds
from zhenxue.exams.data import AttemptState, SheetLine
from zhenxue.exams.kinds.base import Marking
from zhenxue.exams.models import Answer, Attempt
from zhenxue.exams.operations.common import move, record
from zhenxue.exams.operations.drawing import sheet_of
from zhenxue.exams.operations.marking import digest_of, part_points, passes, points
from zhenxue.exams.queries.content import Content, contents_of
from zhenxue.identity.data import SYSTEM, Actor

NOTHING = Decimal(0)
#: Answers that one statement writes: fewer than the parameters that a database takes.
MOST_AT_ONCE = 5_000
#: The columns that ``settle`` sets, beside the state.
SETTLED = ("state", "score", "passed", "parts", "marked_at", "told_at")


def judge(
    attempt: Attempt, lines: Sequence[SheetLine], answers: Mapping[int, Answer], questions: Mapping[int, Content]
) -> bool:
    """Gives every answer of an attempt what a machine can say (not saved yet); whether some wait for a person."""
    waits = False
    rule = attempt.exam.plan.multiple_rule
    for line in lines:
        answer = answers.get(line.question_id)
        if answer is None:
            continue
        question = questions[line.question_id]
        rules = kinds.of(question.kind)
        if rules.is_blank(answer.given):
            answer.correct, answer.awarded = False, NOTHING
            continue
        marked = rules.mark(question.body, question.key, answer.given, Marking(line.score, rule, line.values))
        if marked is None:
            waits = True
        else:
            answer.correct, answer.awarded = marked.correct, marked.awarded
    return waits


def mark(attempt: Attempt, lines: Sequence[SheetLine], answers: Mapping[int, Answer], now: dt.datetime) -> None:
    """Marks an attempt that was just handed in, as far as a machine can, and saves it. Its answers are the caller's to
    save (``save_points``), perhaps with those of other attempts."""
    waits = judge(attempt, lines, answers, contents_of(line.question_id for line in lines))
    ended = ["ended_by", "submitted_at"]
    if waits:
        attempt.save(update_fields=["state", *ended])
        return
    body = settle(attempt, lines, answers, now)
    attempt.told_at = now if attempt.exam.is_out else None  # the learner sees it after handing in
    attempt.save(update_fields=[*SETTLED, *ended])
    log(SYSTEM, attempt, "exams.attempt_marked", body, now)


def save_points(answers: Iterable[Answer]) -> None:
    """Writes what answers earned: one statement for all that earned the same."""
    same: dict[tuple[bool | None, Decimal | None], list[int]] = {}
    for one in answers:
        same.setdefault((one.correct, one.awarded), []).append(one.pk)
    for (correct, awarded), ids in same.items():
        for at in range(0, len(ids), MOST_AT_ONCE):
            Answer.objects.filter(pk__in=ids[at : at + MOST_AT_ONCE]).update(correct=correct, awarded=awarded)


def complete(attempt: Attempt, now: dt.datetime) -> bool:
    """Gives a handed-in attempt its result when none of its answers waits any more; whether it has one now.

    The attempt is held by the caller (``lock_attempt``).
    """
    if attempt.state != AttemptState.SUBMITTED:
        return False
    answers = {answer.question_id: answer for answer in attempt.answers.all()}
    if any(answer.awarded is None for answer in answers.values()):
        return False
    body = settle(attempt, sheet_of(attempt), answers, now)
    attempt.save(update_fields=list(SETTLED))
    log(SYSTEM, attempt, "exams.attempt_marked", body, now)
    return True


def settle(
    attempt: Attempt, lines: Sequence[SheetLine], answers: Mapping[int, Answer], now: dt.datetime
) -> dict[str, object]:
    """The result of an attempt whose answers all have their points (not saved yet); the body of its log entry."""
    weigh(attempt, lines, answers)
    move(attempt, AttemptState.MARKED)
    attempt.marked_at = now
    return {
        **result_of(attempt),
        "pass_percent": attempt.exam.pass_percent,
        "parts": attempt.parts,
        "marks_sha256": digest_of([[one.question_id, points(one.awarded or NOTHING)] for one in answers.values()]),
    }


def weigh(attempt: Attempt, lines: Sequence[SheetLine], answers: Mapping[int, Answer]) -> None:
    """Score, parts and result from the points of the answers; not saved yet."""
    awarded = {question: answer.awarded for question, answer in answers.items()}
    attempt.score = sum((one or NOTHING for one in awarded.values()), NOTHING)
    attempt.parts = part_points(lines, awarded)
    attempt.passed = passes(attempt.score, attempt.total, attempt.parts, attempt.exam)


def result_of(attempt: Attempt) -> dict[str, object]:
    """The result of an attempt as the log says it."""
    score, total = points(attempt.score or NOTHING), points(attempt.total)
    return {"score": score, "total": total, "passed": bool(attempt.passed)}


def counts_as_right(attempt: Attempt, awarded: Decimal, score: Decimal) -> bool:
    """Whether an answer that a person marked counts as answered well: its share reaches the pass mark."""
    return awarded * 100 >= attempt.exam.pass_percent * score


def log(actor: Actor, attempt: Attempt, kind: str, body: dict[str, object], now: dt.datetime) -> None:
    """A log entry that tells a result; while results are not out it names the exam and not the learner, who may read
    what is said of them."""
    record(actor, attempt, kind, body, now, names_learner=attempt.exam.is_out)
