"""Lessons and who was there."""

import datetime as dt
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import NotFound
from zhenxue.training.data import AttendanceCorrectionState, AttendanceState, CohortState, EnrolmentState, LineMode
from zhenxue.training.models import Attendance, AttendanceCorrection, Enrolment, PlanLine
from zhenxue.training.queries.scope import visible_lessons


def visible_attendance_corrections(actor: Actor) -> QuerySet[AttendanceCorrection]:
    """Corrections of records at the lessons in sight; a learner's own."""
    lessons = visible_lessons(actor).select_related(None).values("pk")
    rows = AttendanceCorrection.objects.filter(attendance__line__in=lessons).select_related(
        "attendance__line__cohort__organisation",
        "attendance__enrolment__person",
        "proposed_by__person",
        "decided_by__person",
    )
    return rows.filter(attendance__enrolment__person_id=actor.person_id or 0) if actor.is_learner else rows


def attendance_corrections_for(actor: Actor) -> QuerySet[AttendanceCorrection]:
    """What this manager or officer may decide now: not what they proposed."""
    rows = visible_attendance_corrections(actor).filter(state=AttendanceCorrectionState.PROPOSED)
    if actor.is_bureau:
        rows = rows.filter(attendance__line__cohort__region_id=actor.region_code)
    elif not actor.is_manager:
        return rows.none()
    return rows.exclude(proposed_by_id=actor.account_id or 0).order_by("proposed_at", "pk")


def get_attendance_correction(actor: Actor, correction_id: int) -> AttendanceCorrection:
    """The correction, or ``NotFound``."""
    found = visible_attendance_corrections(actor).filter(pk=correction_id).first()
    if found is None:
        raise NotFound("training.attendance_correction_not_found", "没有找到这条考勤更正，或您无权查看。")
    return found


def corrections_of_lesson(line_id: int) -> dict[int, list[AttendanceCorrection]]:
    """Corrections of a lesson's records by record, the newest first. One query."""
    rows = AttendanceCorrection.objects.filter(attendance__line_id=line_id)
    found: dict[int, list[AttendanceCorrection]] = {}
    for one in rows.select_related("proposed_by__person", "decided_by__person").order_by("-pk"):
        found.setdefault(one.attendance_id, []).append(one)
    return found


def expected_enrolments(line: PlanLine) -> list[Enrolment]:
    """Who should be at a lesson, by name: everybody active; at a make-up lesson those who missed something of it."""
    rows = Enrolment.objects.filter(cohort_id=line.cohort_id, state=EnrolmentState.ACTIVE).select_related("person")
    if line.makes_up_id is not None:
        missed = Attendance.objects.filter(line_id=line.makes_up_id, enrolment=OuterRef("pk"))
        rows = rows.filter(Exists(missed.exclude(state=AttendanceState.PRESENT)))
    return list(rows.order_by("person__name", "pk"))


def missed_minutes(line_id: int, enrolment_id: int) -> int:
    """How many minutes of a lesson a learner did not get."""
    found = Attendance.objects.select_related("line").filter(line_id=line_id, enrolment_id=enrolment_id).first()
    return found.line.minutes - found.minutes if found else 0


def attendance_of_lesson(line_id: int) -> dict[int, Attendance]:
    """Records of a lesson by enrolment."""
    rows = Attendance.objects.filter(line_id=line_id).select_related(
        "line", "recorded_by__person", "corrected_by__person"
    )
    return {one.enrolment_id: one for one in rows}


def attendance_of_cohort(cohort_id: int) -> dict[tuple[int, int], Attendance]:
    """Every record of a cohort by (enrolment, line). One query."""
    rows = Attendance.objects.filter(line__cohort_id=cohort_id).select_related("line")
    return {(one.enrolment_id, one.line_id): one for one in rows}


def lesson_shelf(actor: Actor) -> QuerySet[PlanLine, Any]:
    """Visible lessons of live cohorts as rows by name, as narrow as their list shows them, each with how many are
    recorded and present (``recorded``, ``present``)."""
    shown = ("pk", "title", "makes_up_id", "starts_at", "ends_at", "place", "teacher__name")
    of_cohort = ("cohort_id", "cohort__title", "cohort__learner_count", "cohort__state")
    live = [CohortState.APPROVED, CohortState.RUNNING, CohortState.CLOSED]
    came = Q(attendances__state__in=[AttendanceState.PRESENT, AttendanceState.LATE])
    rows = visible_lessons(actor).filter(cohort__state__in=live).values(*shown, *of_cohort)
    counted = rows.annotate(recorded=Count("attendances"), present=Count("attendances", filter=came))
    found: QuerySet[PlanLine, Any] = counted.values_list(*shown, *of_cohort, "recorded", "present", named=True)
    return found


def lessons_without_attendance(actor: Actor, now: dt.datetime) -> QuerySet[PlanLine]:
    """Lessons of running cohorts that are over and have no record at all."""
    records = Attendance.objects.filter(line=OuterRef("pk"))
    return (
        visible_lessons(actor)
        .filter(~Exists(records), cohort__state=CohortState.RUNNING, ends_at__lt=now, cohort__learner_count__gt=0)
        .order_by("ends_at")
    )


def lessons_between(actor: Actor, first: dt.datetime, last: dt.datetime) -> list[PlanLine]:
    """Visible lessons of live cohorts that begin in [first, last), by time."""
    live = [CohortState.APPROVED, CohortState.RUNNING]
    rows = visible_lessons(actor).filter(starts_at__gte=first, starts_at__lt=last, cohort__state__in=live)
    return list(rows.order_by("starts_at", "pk"))


def list_attendance_of(enrolment_id: int) -> list[Attendance]:
    """All records of one enrolment, by the time of the lesson."""
    rows = Attendance.objects.filter(enrolment_id=enrolment_id).select_related("line", "line__teacher")
    return list(rows.order_by("line__starts_at", "pk"))


def list_lessons(cohort_id: int) -> list[PlanLine]:
    """The offline lessons of a cohort by time."""
    rows = PlanLine.objects.filter(cohort_id=cohort_id, mode=LineMode.OFFLINE).select_related("stage", "teacher")
    return list(rows.order_by("starts_at", "position"))


def within(rows: QuerySet[PlanLine], value: str, now: dt.datetime) -> QuerySet[PlanLine]:
    """Lessons of today, to come, past, or past without attendance."""
    begin, end = clock.start_of_day(clock.civil_day(now)), end_of_day(now)
    if value == "today":
        return rows.filter(starts_at__gte=begin, starts_at__lt=end)
    if value == "coming":
        return rows.filter(starts_at__gte=now)
    if value == "past":
        return rows.filter(ends_at__lt=now)
    records = Attendance.objects.filter(line=OuterRef("pk"))
    return rows.filter(~Exists(records), starts_at__lte=now, cohort__state=CohortState.RUNNING)


def end_of_day(now: dt.datetime) -> dt.datetime:
    """The next midnight in China."""
    return clock.start_of_day(clock.civil_day(now) + dt.timedelta(days=1))


def by_day(lessons: list[PlanLine]) -> list[tuple[dt.date, list[PlanLine]]]:
    """Lessons grouped by civil day, in order; lessons without a time are left out."""
    days: dict[dt.date, list[PlanLine]] = {}
    for line in lessons:
        if line.starts_at is not None:
            days.setdefault(clock.civil_day(line.starts_at), []).append(line)
    return sorted(days.items())


def past_lessons(actor: Actor, now: dt.datetime) -> list[tuple[PlanLine, Attendance | None]]:
    """The learner's last lessons with what was recorded of them."""
    lines = list(visible_lessons(actor).filter(ends_at__lt=now).order_by("-starts_at")[:20])
    rows = Attendance.objects.filter(line__in=lines, enrolment__person_id=actor.person_id or 0).select_related("line")
    records = {one.line_id: one for one in rows}
    return [(line, records.get(line.pk)) for line in lines]


def get_attendance(line: PlanLine, attendance_id: int) -> Attendance:
    """A record of this lesson, or ``NotFound``."""
    found = Attendance.objects.filter(line=line, pk=attendance_id).select_related("enrolment__person").first()
    if found is None:
        raise NotFound("training.attendance_not_found", "没有找到这条考勤记录，请刷新页面。")
    return found


def with_people(records: dict[int, Attendance]) -> list[tuple[Enrolment, Attendance]]:
    """Records with their learners, by name."""
    people = Enrolment.objects.filter(pk__in=records).select_related("person").order_by("person__name", "pk")
    return [(one, records[one.pk]) for one in people]


def attendance_table(cohort_id: int, totals: dict[int, dict[str, int]], roster: QuerySet[Enrolment]) -> dict[str, Any]:
    """Lessons across, learners down: ``lessons``, and ``rows`` of (enrolment, cells in lesson order, totals)."""
    lessons = list_lessons(cohort_id)
    records = attendance_of_cohort(cohort_id)
    rows = [
        (one, [(line, records.get((one.pk, line.pk))) for line in lessons], totals.get(one.pk))
        for one in roster.order_by("person__name", "pk")
    ]
    return {"lessons": lessons, "rows": rows}
