"""Lessons and who was there."""

import datetime as dt

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from zhenxue.identity.data import Actor
from zhenxue.training.data import AttendanceState, CohortState, EnrolmentState, LineMode
from zhenxue.training.models import Attendance, Enrolment, PlanLine
from zhenxue.training.queries.scope import visible_lessons


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
    rows = Attendance.objects.filter(line_id=line_id).select_related("recorded_by__person", "corrected_by__person")
    return {one.enrolment_id: one for one in rows}


def attendance_of_cohort(cohort_id: int) -> dict[tuple[int, int], Attendance]:
    """Every record of a cohort by (enrolment, line). One query."""
    return {(one.enrolment_id, one.line_id): one for one in Attendance.objects.filter(line__cohort_id=cohort_id)}


def lesson_shelf(actor: Actor) -> QuerySet[PlanLine]:
    """Visible lessons of live cohorts, each with how many are recorded and present (``recorded``, ``present``)."""
    live = [CohortState.APPROVED, CohortState.RUNNING, CohortState.CLOSED]
    came = Q(attendances__state__in=[AttendanceState.PRESENT, AttendanceState.LATE])
    return (
        visible_lessons(actor)
        .filter(cohort__state__in=live)
        .annotate(recorded=Count("attendances"), present=Count("attendances", filter=came))
    )


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
