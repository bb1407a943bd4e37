"""What an attempt earns when people have to mark: it waits, gets its result once, and the log can tell it again."""

from decimal import Decimal

import pytest

from tests.factories.exams import SITTING
from tests.factories.exams_marking import AFTER, hand_in, make_written, mark_next
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams.models import Answer, Attempt
from zhenxue.exams.operations.voiding import restore_attempt, void_attempt
from zhenxue.exams.queries.verification import check_scores
from zhenxue.identity.data import SYSTEM

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
