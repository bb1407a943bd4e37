"""Attendance: recorded once, corrected with a reason, hours into the ledger."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from tests.factories.identity import make_bureau, make_colleague, make_provider, make_teacher
from tests.factories.training import Running, attend_all, lesson_plan, make_approved_cohort, make_running_cohort
from zhenxue.evidence import api as evidence
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training
from zhenxue.training.data import AttendanceState, Mark
from zhenxue.training.models import Attendance, AttendanceCorrection, Cohort, PlanLine
from zhenxue.training.queries.attendance import expected_enrolments
from zhenxue.training.queries.verification import check_attendance

pytestmark = pytest.mark.django_db
PRESENT, LATE, ABSENT = AttendanceState.PRESENT, AttendanceState.LATE, AttendanceState.ABSENT


def begin(line: PlanLine) -> dt.datetime:
    assert line.starts_at is not None
    return line.starts_at


def record(made: Running, line: PlanLine, *states: AttendanceState, now: dt.datetime | None = None) -> list[Attendance]:
    marks = [
        Mark(enrolment.pk, state, "" if state is PRESENT else "家中有事")
        for enrolment, state in zip(made.enrolments, states, strict=True)
    ]
    return training.record_attendance(actor=made.teacher, line_id=line.pk, marks=marks, now=now or begin(line))


def offline_seconds(made: Running) -> list[int]:
    progress = ledger.progress_of([one.pk for one in made.enrolments])
    return [progress[one.pk].offline_seconds for one in made.enrolments]


def test_present_late_and_absent_book_their_minutes() -> None:
    made = make_running_cohort()
    line = made.lessons[0]
    records = record(made, line, PRESENT, LATE, ABSENT)
    minutes = {one.enrolment_id: one.minutes for one in records}
    assert [minutes[one.pk] for one in made.enrolments] == [45, 30, 0]
    assert offline_seconds(made) == [45 * 60, 30 * 60, 0]
    entry = evidence.list_entries(refs=[f"enrolment:{made.enrolments[1].pk}"], kinds=["training.attendance_recorded"])[
        0
    ]
    assert ("出勤", "迟到") in entry.lines


def test_the_same_marks_twice_change_nothing_and_other_marks_are_a_correction() -> None:
    made = make_running_cohort()
    line = made.lessons[0]
    record(made, line, PRESENT, PRESENT, PRESENT)
    assert record(made, line, PRESENT, PRESENT, PRESENT) == []
    with pytest.raises(Conflict, match="更正"):
        record(made, line, PRESENT, PRESENT, ABSENT)
    assert Attendance.objects.count() == 3
    assert offline_seconds(made) == [45 * 60] * 3


def propose(
    made: Running, one: Attendance, state: AttendanceState, reason: str, **more: object
) -> AttendanceCorrection:
    values = {"actor": made.teacher, "now": begin(made.lessons[0]) + dt.timedelta(hours=3)} | more
    return training.propose_attendance_correction(attendance_id=one.pk, state=state, reason=reason, **values)  # type: ignore[arg-type]  # passed through


def test_a_correction_needs_a_reason_and_a_second_person_before_it_moves_the_hours() -> None:
    made = make_running_cohort(learners=1)
    line = made.lessons[0]
    one = record(made, line, ABSENT)[0]
    later = begin(line) + dt.timedelta(hours=4)
    with pytest.raises(Invalid):
        propose(made, one, PRESENT, " 对 ")
    with pytest.raises(Conflict, match="没有变化"):
        propose(made, one, ABSENT, "学员补交了证明")
    asked = propose(made, one, PRESENT, "签到时漏看了学员")
    with pytest.raises(Conflict, match="等待复核"):
        propose(made, one, LATE, "核对录像后迟到")
    assert offline_seconds(made) == [0]
    for who in (made.teacher, make_provider(), make_bureau("371581")):
        with pytest.raises((Refused, NotFound)):
            training.approve_attendance_correction(actor=who, correction_id=asked.pk, now=later)
    training.approve_attendance_correction(actor=made.manager, correction_id=asked.pk, now=later, note="核对了签到表")
    done = Attendance.objects.get()
    assert (done.minutes, done.corrected_from, done.correction_reason) == (45, ABSENT, "签到时漏看了学员")
    assert offline_seconds(made) == [45 * 60]
    kinds = [entry.kind for entry in evidence.list_entries(refs=[f"lesson:{line.pk}"])]
    assert kinds == [
        "training.attendance_corrected",
        "training.attendance_correction_proposed",
        "training.attendance_recorded",
    ]
    with pytest.raises(Conflict, match="已更正"):
        training.approve_attendance_correction(actor=made.bureau, correction_id=asked.pk, now=later)
    back = propose(made, one, LATE, "核对录像后迟到")
    training.approve_attendance_correction(actor=made.bureau, correction_id=back.pk, now=later)
    assert offline_seconds(made) == [30 * 60]
    assert not list(check_attendance())


def test_nobody_decides_what_they_proposed_and_the_database_says_so_too() -> None:
    made = make_running_cohort(learners=1)
    one = record(made, made.lessons[0], PRESENT)[0]
    now = begin(made.lessons[0]) + dt.timedelta(hours=4)
    asked = propose(made, one, ABSENT, "核对后确认缺勤", actor=made.manager)
    with pytest.raises(Refused, match="另一位"):
        training.approve_attendance_correction(actor=made.manager, correction_id=asked.pk, now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        AttendanceCorrection.objects.filter(pk=asked.pk).update(
            state="approved", decided_by=asked.proposed_by_id, decided_at=now
        )
    with pytest.raises(Refused, match="提出的人"):
        training.cancel_attendance_correction(actor=make_colleague(made.manager), correction_id=asked.pk, now=now)
    training.cancel_attendance_correction(actor=made.manager, correction_id=asked.pk, now=now)
    with pytest.raises(Conflict):
        training.approve_attendance_correction(actor=made.bureau, correction_id=asked.pk, now=now)
    again = propose(made, one, ABSENT, "核对后确认缺勤", actor=made.manager)
    with pytest.raises(Invalid):
        training.reject_attendance_correction(actor=made.bureau, correction_id=again.pk, reason="不", now=now)
    training.reject_attendance_correction(actor=made.bureau, correction_id=again.pk, reason="没有证明材料", now=now)
    assert Attendance.objects.get().state == PRESENT
    assert offline_seconds(made) == [45 * 60]


def test_back_dating_is_said_and_goes_into_the_log() -> None:
    made = make_running_cohort(learners=1)
    line = made.lessons[0]
    marks = [Mark(made.enrolments[0].pk, PRESENT)]
    late = begin(line) + dt.timedelta(days=3)
    [one] = training.record_attendance(actor=made.manager, line_id=line.pk, marks=marks, now=late)
    assert one.late_words == "课后 3 天补登"
    [entry] = evidence.list_entries(refs=[f"lesson:{line.pk}"])
    assert ("课后几天补登", "3") in entry.lines
    [booked] = evidence.list_entries(refs=[f"enrolment:{made.enrolments[0].pk}"], kinds=["ledger.attendance_booked"])
    assert ("补登", "课后 3 天") in booked.lines


def test_a_record_edited_behind_the_log_is_named() -> None:
    made = make_running_cohort(learners=1)
    record(made, made.lessons[0], ABSENT)
    assert not list(check_attendance())
    Attendance.objects.update(state=PRESENT, minutes=45, reason="")
    [finding] = check_attendance()
    assert f"学籍 {made.enrolments[0].pk}" in str(finding)


def test_everybody_must_be_named_and_the_late_and_absent_need_reasons() -> None:
    made = make_running_cohort()
    line = made.lessons[0]
    first = made.enrolments[0]
    with pytest.raises(Invalid, match="还有 2 人"):
        training.record_attendance(
            actor=made.teacher, line_id=line.pk, marks=[Mark(first.pk, PRESENT)], now=begin(line)
        )
    marks = [Mark(one.pk, ABSENT) for one in made.enrolments]
    with pytest.raises(Invalid, match="写明原因"):
        training.record_attendance(actor=made.teacher, line_id=line.pk, marks=marks, now=begin(line))
    with pytest.raises(Conflict, match="名册有变动"):
        training.record_attendance(actor=made.teacher, line_id=line.pk, marks=[Mark(999_999, PRESENT)], now=begin(line))
    assert not Attendance.objects.exists()


def test_attendance_waits_for_the_lesson_and_for_teachers_ends_some_days_later() -> None:
    made = make_running_cohort(learners=1)
    line = made.lessons[0]
    with pytest.raises(Refused, match="还没有上课"):
        record(made, line, PRESENT, now=begin(line) - dt.timedelta(minutes=1))
    late = begin(line) + dt.timedelta(hours=80)
    with pytest.raises(Refused, match="72 小时"):
        record(made, line, PRESENT, now=late)
    marks = [Mark(made.enrolments[0].pk, PRESENT)]
    assert training.record_attendance(actor=made.manager, line_id=line.pk, marks=marks, now=late)


def test_only_the_lessons_people_record() -> None:
    made = make_running_cohort(learners=1)
    line = made.lessons[0]
    marks = [Mark(made.enrolments[0].pk, PRESENT)]
    colleague = make_teacher(made.cohort.organisation_id)
    for other in (colleague, make_teacher(), make_provider(), made.learners[0]):
        with pytest.raises((NotFound, Refused)):
            training.record_attendance(actor=other, line_id=line.pk, marks=marks, now=begin(line))
    with pytest.raises(Refused):
        training.record_attendance(actor=made.bureau, line_id=line.pk, marks=marks, now=begin(line))


def test_a_cohort_that_has_not_started_records_nothing() -> None:
    made = make_approved_cohort(learners=1)
    with pytest.raises(Conflict, match="已备案"):
        record(made, made.lessons[0], PRESENT)


def test_who_left_is_no_longer_expected() -> None:
    made = make_running_cohort()
    line = made.lessons[0]
    training.leave(actor=made.manager, enrolment_id=made.enrolments[0].pk, reason="本人外出务工", now=begin(line))
    assert {one.pk for one in expected_enrolments(line)} == {one.pk for one in made.enrolments[1:]}


def test_a_make_up_lesson_gives_back_only_what_was_missed() -> None:
    made = make_running_cohort()
    line = made.lessons[0]
    record(made, line, PRESENT, LATE, ABSENT)
    day = made.cohort.starts_on + dt.timedelta(days=10)
    plan = lesson_plan(line, day, teacher_id=made.teacher.person_id or 0)
    asked = training.file_make_up_lesson(
        actor=made.manager, cohort_id=made.cohort.pk, lesson=plan, reason="两名学员缺课需要补课", now=begin(line)
    )
    training.approve_amendment(actor=made.bureau, amendment_id=asked.pk, now=begin(line))
    make_up = PlanLine.objects.select_related("cohort").get(makes_up=line)
    assert {one.pk for one in expected_enrolments(make_up)} == {one.pk for one in made.enrolments[1:]}
    marks = [Mark(one.pk, PRESENT) for one in made.enrolments[1:]]
    records = training.record_attendance(actor=made.teacher, line_id=make_up.pk, marks=marks, now=begin(make_up))
    assert sorted(one.minutes for one in records) == [15, 45]
    assert offline_seconds(made) == [45 * 60] * 3
    assert training.required_seconds(made.cohort.pk)[1] == 90 * 60
    attend_all(made, made.lessons[1])
    assert Cohort.objects.get(pk=made.cohort.pk).lesson_count == 3
