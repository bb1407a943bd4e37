"""Lessons: the teacher's list, attendance, the learner's timetable."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows, why_not
from zhenxue.kernel.web.forms import attempt
from zhenxue.training import policies
from zhenxue.training.data import AttendanceState
from zhenxue.training.models import PlanLine
from zhenxue.training.operations import attendance as operations
from zhenxue.training.queries import attendance as queries
from zhenxue.training.queries.cohorts import attendance_totals
from zhenxue.training.queries.cohorts import roster as roster_rows
from zhenxue.training.queries.plan import rules_of
from zhenxue.training.queries.scope import get_cohort, get_lesson
from zhenxue.training.web.forms.roster import AttendanceForm
from zhenxue.training.web.views.common import MANAGERS, STAFF, frame

TEACHING = (Role.TEACHER, *MANAGERS)
SCHEDULE_DAYS = 60
WHEN = (("today", "今天"), ("coming", "以后"), ("open", "待登记考勤"), ("past", "已上过"))


@roles(*TEACHING)
@require_GET
def lessons(request: ActorRequest) -> HttpResponse:
    """Lessons in sight, the coming ones first."""
    now = clock.now()
    listing = Listing(
        request,
        queries.lesson_shelf(request.actor),
        search=("title", "cohort__title", "place"),
        filters=(Filter("when", "时间", WHEN, apply=lambda rows, value: queries.within(rows, value, now)),),
        sorts={"starts_at": "上课时间", "title": "内容", "cohort__title": "班期"},
        default_sort="starts_at",
        search_label="搜索内容、班期、地点",
    )
    return render(request, "training/lessons.html", {"listing": listing, "now": now})


@roles(*TEACHING)
@require_http_methods(["GET", "POST"])
def lesson_attendance(request: ActorRequest, line_id: int) -> HttpResponse:
    """Who is there: three big choices a learner."""
    line = get_lesson(request.actor, line_id)
    policies.check_can_see_attendance(request.actor, line)
    context = _lesson(request, line)
    form = context["form"]
    acting: dict[str, Any] = {"actor": request.actor, "line_id": line_id, "now": clock.now()}
    done = attempt(request, form, lambda _: operations.record_attendance(**acting, marks=form.marks()))
    if done is not None:
        messages.success(request, f"已登记 {len(done)} 人的考勤，学时已记入。")
        return redirect("training:lesson_attendance", line_id)
    return render(request, "training/lesson_attendance.html", context, status=422 if form.errors else 200)


@roles(*STAFF)
@require_GET
def lesson_sheet(request: ActorRequest, line_id: int) -> HttpResponse:
    """The sign-in sheet to print, with places for signature and seal."""
    line = get_lesson(request.actor, line_id)
    records = queries.attendance_of_lesson(line.pk)
    rows = [(one, records.get(one.pk)) for one in queries.expected_enrolments(line)]
    return render(request, "training/lesson_sheet.html", {"line": line, "cohort": line.cohort, "rows": rows})


@roles(*STAFF)
@require_GET
def attendance(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Attendance of a cohort: lessons across, learners down."""
    cohort = get_cohort(request.actor, cohort_id)
    table = queries.attendance_table(cohort.pk, attendance_totals(cohort.pk), roster_rows(cohort.pk))
    context = {**frame(request, cohort, "attendance"), **table}
    context["may_record"] = request.actor.role in TEACHING
    return render(request, "training/attendance.html", context)


@roles(Role.LEARNER)
@require_GET
def schedule(request: ActorRequest) -> HttpResponse:
    """The learner's timetable: what comes, by day."""
    now = clock.now()
    today = clock.start_of_day(clock.civil_day(now))
    found = queries.lessons_between(request.actor, today, today + dt.timedelta(days=SCHEDULE_DAYS))
    context = {"days": queries.by_day(found), "now": now, "past": queries.past_lessons(request.actor, now)}
    return render(request, "training/schedule.html", context)


def _lesson(request: ActorRequest, line: PlanLine) -> dict[str, Any]:
    records = queries.attendance_of_lesson(line.pk)
    fresh = [one for one in queries.expected_enrolments(line) if one.pk not in records]
    filled = request.GET.get("fill") == "present"
    initial = {f"state-{one.pk}": AttendanceState.PRESENT for one in fresh} if filled else {}
    corrections = queries.corrections_of_lesson(line.pk) if records else {}
    told = why_not(policies.check_can_record_attendance, request.actor, line, clock.now())
    return {
        "line": line,
        "cohort": line.cohort,
        "fresh": fresh,
        "filled": filled,
        "form": AttendanceForm(request.POST or None, enrolments=fresh, initial=initial),
        "records": [(*pair, corrections.get(pair[1].pk, [])) for pair in queries.with_people(records)],
        "may_correct": allows(policies.check_can_propose_attendance_correction, request.actor, line, clock.now()),
        "may_record": not told,
        "why_not": told,
        "late_minutes": rules_of(line.cohort)["late_minutes"],
    }
