"""Results come out at their time, not before, and everybody is told once."""

import datetime as dt

import pytest

from tests.factories.exams import CLOSES, RIGHT, SITTING, make_exam, sit
from tests.factories.exams_marking import AFTER, hand_in, make_written, mark_next
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams import policies, queries
from zhenxue.exams.models import Attempt, Exam
from zhenxue.exams.operations.allowances import give_allowance
from zhenxue.exams.operations.publication import publish, publish_due, tell_results
from zhenxue.kernel.errors import Refused
from zhenxue.notices.models import Notice

pytestmark = pytest.mark.django_db

TIME = CLOSES + dt.timedelta(days=1)


def test_nothing_is_told_before_its_time_and_each_learner_once_after_it() -> None:
    made = make_written(publish_at=TIME)
    learner, enrolment = made.learners[0], made.running.enrolments[0]
    attempt = hand_in(made, learner)
    mark_next(made, made.teachers[0], 1, "0", "0")
    mark_next(made, made.teachers[0], 2, "0")
    attempt = Attempt.objects.select_related("exam", "enrolment").get(pk=attempt.pk)
    assert attempt.state == "marked"
    assert not policies.can_see_result(learner, attempt)
    assert not policies.can_see_solutions(learner, attempt, TIME)
    assert policies.can_see_result(made.manager, attempt)
    assert exams.results_of([enrolment.pk]) == {}
    readiness = queries.readiness_of(exam=attempt.exam, enrolment=enrolment, now=SITTING)
    assert readiness.code == "exams.result_waits"
    named = Entry.objects.filter(kind="exams.attempt_marked", refs__ref=f"enrolment:{enrolment.pk}")
    assert not named
    assert (publish_due(now=TIME - dt.timedelta(seconds=1)), tell_results(now=TIME)) == (0, 0)
    assert publish_due(now=TIME) == 1
    assert publish_due(now=TIME) == 0
    assert (tell_results(now=TIME), tell_results(now=TIME)) == (1, 0)
    assert [one.title for one in Notice.objects.filter(kind="exams.result")] == ["考试成绩已公布"]
    assert Entry.objects.filter(kind="exams.result_published", refs__ref=f"enrolment:{enrolment.pk}").count() == 1
    assert [one.passed for one in exams.results_of([enrolment.pk])[enrolment.pk]] == [False]


def test_a_try_that_was_granted_waits_for_no_result_and_tells_none() -> None:
    made = make_written(publish_at=TIME)
    learner, enrolment = made.learners[0], made.running.enrolments[0]
    give = {"actor": made.manager, "enrolment_id": enrolment.pk, "extra_minutes": 0, "extra_attempts": 1}
    first = hand_in(made, learner, given=(["A"], [], []))
    assert first.state == "marked"
    exam = queries.get_exam(made.manager, made.exam.pk)
    assert queries.readiness_of(exam=exam, enrolment=enrolment, now=SITTING).code == "exams.result_waits"
    give_allowance(**give, exam=exam, reason="考场停电，重新安排。", now=SITTING)  # type: ignore[arg-type]  # as named
    exam = queries.get_exam(made.manager, made.exam.pk)
    Attempt.objects.update(passed=True)  # known to nobody who sits it
    readiness = queries.readiness_of(exam=exam, enrolment=enrolment, now=SITTING)
    assert (readiness.can_start, readiness.attempts_left) == (True, 1)
    Exam.objects.update(published_at=SITTING)
    exam = queries.get_exam(made.manager, made.exam.pk)
    assert queries.readiness_of(exam=exam, enrolment=enrolment, now=SITTING).code == "exams.passed"


def test_the_manager_may_publish_earlier_and_what_is_marked_later_follows_by_itself() -> None:
    made = make_written(publish_at=TIME)
    attempt = hand_in(made, made.learners[0])
    with pytest.raises(Refused):
        publish(actor=made.teachers[0], exam=made.exam, now=AFTER)
    publish(actor=made.manager, exam=made.exam, now=AFTER)
    publish(actor=made.manager, exam=made.exam, now=TIME)
    assert Exam.objects.get(pk=made.exam.pk).published_at == AFTER
    assert Entry.objects.filter(kind="exams.results_published").count() == 1
    assert tell_results(now=AFTER) == 0
    mark_next(made, made.teachers[0], 1, "5", "3", at=TIME)
    mark_next(made, made.teachers[0], 2, "1", at=TIME)
    assert tell_results(now=TIME) == 1
    assert not Entry.objects.filter(kind="exams.result_published").exists()
    assert Entry.objects.filter(kind="exams.attempt_marked", refs__ref__startswith="enrolment:").count() == 1
    assert Attempt.objects.get(pk=attempt.pk).told_at == TIME


def test_a_stage_counts_as_passed_when_its_results_are_out() -> None:
    sitting = make_exam(learners=1)
    Exam.objects.filter(pk=sitting.exam.pk).update(publish_at=TIME)
    sitting.exam.refresh_from_db()
    sit(sitting, sitting.learners[0], answers=RIGHT)
    assert exams.passed(sitting.running.cohort.pk) == {}
    publish_due(now=TIME)
    assert exams.passed(sitting.running.cohort.pk) == {sitting.enrolments[0].pk: {1}}
