"""Offline lessons in the ledger: booked from the teacher's record, corrected beside it, never over it."""

import pytest

from tests.factories.training import attend_all, make_running_cohort
from zhenxue.evidence import api as evidence
from zhenxue.ledger import api as ledger
from zhenxue.ledger.models import Day, Span
from zhenxue.ledger.queries import check_against_log
from zhenxue.training import api as training
from zhenxue.training.data import AttendanceState, Mark

pytestmark = pytest.mark.django_db


def test_attendance_is_booked_once_with_its_day_and_its_evidence() -> None:
    running = make_running_cohort(learners=2)
    lesson = running.lessons[0]
    attend_all(running, lesson)
    enrolment = running.enrolments[0]
    progress = ledger.progress_of([enrolment.pk])[enrolment.pk]
    assert (progress.offline_seconds, progress.online_seconds) == (45 * 60, 0)
    assert str(progress.offline_hours) == "1.0"
    [day] = ledger.list_days(enrolment.pk)
    assert day.offline_seconds == 45 * 60
    [entry] = evidence.list_entries(refs=[f"enrolment:{enrolment.pk}"], kinds=["ledger.attendance_booked"])
    assert ("课次", lesson.title) in entry.lines


def test_a_correction_withdraws_and_books_anew_and_both_stay_readable() -> None:
    running = make_running_cohort(learners=1)
    lesson, enrolment = running.lessons[0], running.enrolments[0]
    attend_all(running, lesson)
    asked = training.propose_attendance_correction(
        actor=running.manager,
        attendance_id=training.list_attendance_of(enrolment.pk)[0].pk,
        state=AttendanceState.ABSENT,
        reason="点名时看错了人",
        now=lesson.ends_at,
    )
    assert Span.objects.count() == 1
    training.approve_attendance_correction(actor=running.bureau, correction_id=asked.pk, now=lesson.ends_at)
    states = list(Span.objects.order_by("pk").values_list("state", "seconds", "reason"))
    assert states == [("credited", 2700, ""), ("withdrawn", -2700, "corrected"), ("refused", 0, "absent")]
    assert Day.objects.get().offline_seconds == 0
    assert not list(check_against_log())


def test_an_absent_learner_gets_nothing_and_a_reason() -> None:
    running = make_running_cohort(learners=1)
    lesson = running.lessons[0]
    training.record_attendance(
        actor=running.teacher,
        line_id=lesson.pk,
        marks=[Mark(running.enrolments[0].pk, AttendanceState.ABSENT, reason="请病假")],
        now=lesson.ends_at,
    )
    span = Span.objects.get()
    assert (span.state, span.seconds, span.reason) == ("refused", 0, "absent")
