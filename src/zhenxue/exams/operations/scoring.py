"""What an attempt earns: what a machine can say at once, what waits for people, and the result when nothing waits.

An attempt with answers that need a person stays ``SUBMITTED`` until each of them has its points. A blank answer earns
nothing without asking anybody.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast

from zhenxue.evidence import api as evidence
from zhenxue.exams import kinds
from zhenxue.exams.data import AttemptState, SheetLine
from zhenxue.exams.kinds.base import Marking
from zhenxue.exams.models import Answer, Attempt
from zhenxue.exams.operations.common import draft, move
from zhenxue.exams.operations.drawing import sheet_of
from zhenxue.exams.operations.marking import digest_of, part_points, passes, points
from zhenxue.exams.queries.content import Content, contents_of
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel.bulk import update_rows

NOTHING = Decimal(0)
#: The columns that ``settle`` sets, beside the state.
SETTLED = ("state", "score", "passed", "parts", "marked_at", "told_at")


class Given(NamedTuple):
    """An answer as the database holds it; ``text`` is its JSON."""

    pk: int
    text: str


class Judged(NamedTuple):
    """What was answered and what it earned; ``awarded`` is None while a person has to say."""

    given: list[Any]
    correct: bool | None
    awarded: Decimal | None


class Judge:
    """Gives answers what a machine can say: of all that say the same to the same question, once."""

    def __init__(self) -> None:
        self._questions: dict[int, Content] = {}
        self._known: dict[tuple[Any, ...], Judged] = {}

    def of(self, attempt: Attempt, lines: Sequence[SheetLine], given: Mapping[int, Given]) -> dict[int, Judged]:
        """By question what was answered, in the order of the sheet."""
        missing = [line.question_id for line in lines if line.question_id not in self._questions]
        if missing:
            self._questions |= contents_of(missing)
        rule, known = attempt.exam.plan.multiple_rule, self._known
        found: dict[int, Judged] = {}
        for line in lines:
            answer = given.get(line.question_id)
            if answer is None:
                continue
            drawn = tuple(line.values.items()) if line.values else ()
            key = (line.question_id, answer.text, line.score, rule, drawn)
            judged = known.get(key)
            if judged is None:
                known[key] = judged = self._judge(line, json.loads(answer.text), rule)
            found[line.question_id] = judged
        return found

    def _judge(self, line: SheetLine, given: list[Any], rule: str) -> Judged:
        question = self._questions[line.question_id]
        rules = kinds.of(question.kind)
        if rules.is_blank(given):
            return Judged(given, False, NOTHING)
        marked = rules.mark(question.body, question.key, given, Marking(line.score, rule, line.values))
        return Judged(given, marked.correct, marked.awarded) if marked else Judged(given, None, None)


def answers_of(attempts: Iterable[Attempt]) -> dict[int, dict[int, Given]]:
    """By attempt and question what was answered; one query."""
    found: dict[int, dict[int, Given]] = {}
    rows = Answer.objects.filter(attempt__in=[one.pk for one in attempts])
    columns = ("attempt_id", "question_id", "pk", Cast("given", TextField()))
    for attempt, question, pk, text in rows.values_list(*columns):
        found.setdefault(attempt, {})[question] = Given(pk, text)
    return found


def save_points(marked: Sequence[tuple[int, bool | None, Decimal | None]]) -> None:
    """Writes what answers earned: id, whether right, points."""
    update_rows(Answer, ("correct", "awarded"), marked)


def complete(attempt: Attempt, now: dt.datetime) -> bool:
    """Gives a handed-in attempt its result when none of its answers waits any more; whether it has one now.

    The attempt is held by the caller (``lock_attempt``).
    """
    if attempt.state != AttemptState.SUBMITTED:
        return False
    awarded = points_of(attempt)
    if None in awarded.values():
        return False
    entry = settle(attempt, sheet_of(attempt), awarded, now)
    attempt.save(update_fields=list(SETTLED))
    evidence.record_many([entry], now=now)
    return True


def points_of(attempt: Attempt) -> dict[int, Decimal | None]:
    """By question what its answers earned."""
    return dict(attempt.answers.values_list("question_id", "awarded"))


def settle(
    attempt: Attempt, lines: Sequence[SheetLine], awarded: Mapping[int, Decimal | None], now: dt.datetime
) -> evidence.Draft:
    """The result of an attempt whose answers all have their points (not saved yet), and its log entry."""
    weigh(attempt, lines, awarded)
    move(attempt, AttemptState.MARKED)
    attempt.marked_at = now
    body = {
        **result_of(attempt),
        "pass_percent": attempt.exam.pass_percent,
        "parts": attempt.parts,
        "marks_sha256": marks_digest(lines, awarded),
    }
    return draft(SYSTEM, attempt, "exams.attempt_marked", body, names_learner=attempt.exam.is_out)


def weigh(attempt: Attempt, lines: Sequence[SheetLine], awarded: Mapping[int, Decimal | None]) -> None:
    """Score, parts and result from the points of the answers, by question; not saved yet."""
    attempt.score = sum((one or NOTHING for one in awarded.values()), NOTHING)
    attempt.parts = part_points(lines, awarded)
    attempt.passed = passes(attempt.score, attempt.total, attempt.parts, attempt.exam)


def marks_digest(lines: Sequence[SheetLine], awarded: Mapping[int, Decimal | None]) -> str:
    """A digest of what every answer earned, in the order of the sheet."""
    known = [line.question_id for line in lines if line.question_id in awarded]
    return digest_of([[one, points(awarded[one] or NOTHING)] for one in known])


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
    entry = draft(actor, attempt, kind, body, names_learner=attempt.exam.is_out)
    evidence.record_many([entry], now=now)
