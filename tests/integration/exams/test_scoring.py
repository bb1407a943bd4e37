"""What an attempt earns when people have to mark: it waits, gets its result once, and the log can tell it again."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.exams import DEVICE, SITTING, Sitting, make_exam, start
from tests.factories.exams_kinds import make_kinds_paper, right_answers
from tests.factories.exams_marking import AFTER, hand_in, make_written, mark_next
from tests.factories.training import make_running_cohort
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams import kinds
from zhenxue.exams.data import Kind, SheetLine
from zhenxue.exams.kinds.base import Marking
from zhenxue.exams.models import Answer, Attempt
from zhenxue.exams.operations.handing_in import settle
from zhenxue.exams.operations.voiding import restore_attempt, void_attempt
from zhenxue.exams.queries.verification import check_scores
from zhenxue.identity.data import SYSTEM, Actor

pytestmark = pytest.mark.django_db


def test_an_attempt_waits_for_people_and_a_blank_answer_waits_for_nobody() -> None:
    made = make_written()
    waits, blank = hand_in(made, made.learners[0]), hand_in(made, made.learners[1], given=(["B"], [], ["  "]))
    assert (waits.state, waits.score, waits.passed) == ("submitted", None, None)
    known = dict(waits.answers.values_list("question_id", "awarded"))
    assert known == {made.questions[0].pk: Decimal(2), made.questions[1].pk: None, made.questions[2].pk: None}
    assert (blank.state, blank.score, blank.passed) == ("marked", Decimal(0), False)
    assert mark_next(made, made.teachers[0], 1, "4", "3") is not None
    assert Attempt.objects.get(pk=waits.pk).state == "submitted"
    assert mark_next(made, made.teachers[0], 2, "6") is not None
    marked = Attempt.objects.get(pk=waits.pk)
    assert (marked.state, marked.score, marked.passed) == ("marked", Decimal(15), True)
    assert Entry.objects.filter(kind="exams.attempt_marked", subject=f"attempt:{waits.pk}").count() == 1
    assert not list(check_scores())
    Answer.objects.filter(attempt=waits, awarded=6).update(awarded=9)
    assert ["各题合计" in str(found) for found in check_scores()] == [True]


def test_a_class_is_done_only_when_everything_is_marked() -> None:
    made = make_written()
    hand_in(made, made.learners[0])
    late = made.exam.closes_at
    assert exams.close_due_exams(now=late) == 0
    mark_next(made, made.teachers[0], 1, "5", "0")
    mark_next(made, made.teachers[0], 2, "1")
    assert exams.close_due_exams(now=late) == 1


def test_a_voided_attempt_comes_back_with_the_marks_of_people() -> None:
    made = make_written()
    attempt = hand_in(made, made.learners[0], at=SITTING)
    mark_next(made, made.teachers[0], 1, "5", "3")
    mark_next(made, made.teachers[0], 2, "10")
    void_attempt(actor=SYSTEM, attempt_id=attempt.pk, source="incident:1", now=AFTER)
    assert not list(check_scores())
    back = restore_attempt(actor=SYSTEM, attempt_id=attempt.pk, source="incident:1", now=AFTER)
    assert (back.score, back.passed) == (Decimal(20), True)
    assert not list(check_scores())


#: Of every kind an answer that is right, one that is not, and one that says nothing; practical ones take none.
WRONG: dict[str, list[Any]] = {
    "single": ["A"],
    "multiple": ["A"],
    "true_false": ["错"],
    "fill_in": ["10", ""],
    "short_answer": ["不知道"],
    "calculation": ["1", "U=IR"],
    "matching": ["2", "1"],
    "ordering": ["1", "2", "0"],
    "case": [["A"], ["380"]],
    "hotspot": ["5,5"],
}


def answer_all(sitting: Sitting, learner: Actor, wrong: Sequence[int]) -> Attempt:
    """Every question of every kind answered: right, but at some positions wrong, the last of those not at all."""
    attempt = start(sitting, learner)
    for position, row in enumerate(attempt.sheet, start=1):
        line = SheetLine.from_json(position, row)
        kind = kinds_of(attempt)[position - 1]
        given = WRONG[kind] if position in wrong else right_answers(line.values)[kind]
        if position == max(wrong, default=0):
            continue
        saved = {"actor": learner, "attempt_id": attempt.pk, "position": position, "device": DEVICE}
        exams.save_answer(**saved, given=given, now=SITTING)  # type: ignore[arg-type]  # as named
    return attempt


def kinds_of(attempt: Attempt) -> list[str]:
    found = dict(exams.Question.objects.values_list("pk", "kind"))
    return [found[row[0]] for row in attempt.sheet]


def earned(attempt: Attempt) -> list[tuple[int, bool | None, Decimal | None]]:
    return list(attempt.answers.order_by("question_id").values_list("question_id", "correct", "awarded"))


def one_by_one(attempt: Attempt) -> list[tuple[int, bool | None, Decimal | None]]:
    """What each answer earns, asked of the rules of its kind alone."""
    found: list[tuple[int, bool | None, Decimal | None]] = []
    lines = {row[0]: SheetLine.from_json(at, row) for at, row in enumerate(attempt.sheet, start=1)}
    for answer in attempt.answers.order_by("question_id").select_related("question"):
        line, question = lines[answer.question_id], answer.question
        stake = Marking(line.score, attempt.exam.plan.multiple_rule, line.values)
        marked = kinds.of(question.kind).mark(question.body, question.key, answer.given, stake)
        found.append((question.pk, marked and marked.correct, marked and marked.awarded))
    return found


def test_many_papers_at_once_earn_what_each_earns_alone_whatever_the_kind() -> None:
    running = make_running_cohort(learners=4)
    without = [
        kind.value for kind in Kind if kind is not Kind.PRACTICAL
    ]  # scored by examiners, never in a paper's time
    paper = make_kinds_paper(running.manager)
    sitting = make_exam(running, paper=paper, kind="chapter", stage=None, ready=False)
    some = [
        answer_all(sitting, learner, wrong)
        for learner, wrong in zip(sitting.learners, ((), (1, 4, 9), (2, 6, 8), (3, 5, 10)), strict=True)
    ]
    assert sorted(kinds_of(some[0])) == sorted(without)
    alone = exams.submit_attempt(actor=sitting.learners[0], attempt_id=some[0].pk, device=DEVICE, now=SITTING)
    assert exams.close_due_attempts(now=alone.deadline_at + dt.timedelta(minutes=1)) == 3
    for attempt in some:
        assert earned(attempt) == one_by_one(attempt)
        kinds_seen = Entry.objects.filter(subject=f"attempt:{attempt.pk}").order_by("pk").values_list("kind", flat=True)
        assert list(kinds_seen) == ["exams.attempt_started", "exams.attempt_submitted"]
        attempt.refresh_from_db()
        assert (attempt.state, attempt.score, attempt.passed) == ("submitted", None, None)  # a short answer waits
    given = dict(some[1].answers.values_list("question__kind", "awarded"))
    assert (given["single"], given["true_false"], given["short_answer"]) == (0, 2, None)


def test_three_papers_at_once_take_no_more_statements_than_one() -> None:
    sitting = make_exam(learners=4, kind="chapter", stage=None, ready=False)
    first, second, *others = (start(sitting, one) for one in sitting.learners)
    over = first.deadline_at + dt.timedelta(minutes=1)

    def statements(*attempts: Attempt) -> int:
        chosen = Attempt.objects.filter(pk__in=[one.pk for one in attempts])
        with CaptureQueriesContext(connection) as seen:
            assert settle(chosen, now=over) == len(attempts)
        return len([one for one in seen if "evidence_" not in one["sql"] and not one["sql"].startswith("UPDATE")])

    assert statements(first) >= statements(second, *others)
