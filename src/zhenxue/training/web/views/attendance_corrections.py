"""Corrections of attendance: propose on the lesson's page, the list, one correction with its decision."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.evidence import api as evidence
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates
from zhenxue.training import policies
from zhenxue.training.data import AttendanceCorrectionState
from zhenxue.training.operations import attendance_corrections as operations
from zhenxue.training.queries import attendance as queries
from zhenxue.training.queries.scope import get_lesson
from zhenxue.training.web.forms.roster import CorrectionForm
from zhenxue.training.web.views.common import BUREAU, MANAGERS, STAFF

DECIDERS = (*MANAGERS, *BUREAU)
KINDS = (
    "training.attendance_recorded",
    "training.attendance_corrected",
    "training.attendance_correction_proposed",
    "training.attendance_correction_rejected",
    "training.attendance_correction_cancelled",
)


@roles(Role.TEACHER, *MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def correct_attendance(request: ActorRequest, line_id: int, attendance_id: int) -> HttpResponse:
    """Ask that one record be changed, with the reason."""
    line = get_lesson(request.actor, line_id)
    policies.check_can_propose_attendance_correction(request.actor, line, clock.now())
    found = queries.get_attendance(line, attendance_id)
    form = CorrectionForm(request.POST or None, initial={"state": found.state})
    acting: dict[str, Any] = {"actor": request.actor, "attendance_id": attendance_id, "now": clock.now()}
    if attempt(request, form, lambda values: operations.propose_attendance_correction(**acting, **values)):
        messages.success(request, "更正已提交，由另一位管理员或人社部门复核后才改学时。")
        return redirect("training:lesson_attendance", line_id)
    context = {"form": form, "line": line, "record": found, "person": found.enrolment.person}
    return render(request, "training/correct_attendance.html", context, status=422 if form.errors else 200)


@roles(*STAFF)
@require_GET
def attendance_corrections(request: ActorRequest) -> HttpResponse:
    """Corrections in sight; ``for=mine`` keeps what waits for whoever asks."""
    waiting = queries.attendance_corrections_for(request.actor)
    filters = [Filter("state", "状态", AttendanceCorrectionState.choices())]
    if request.actor.role in DECIDERS:
        mine = (("mine", "等我复核"),)
        filters.append(Filter("for", "待办", mine, apply=lambda rows, _: rows.filter(pk__in=waiting.values("pk"))))
    listing = Listing(
        request,
        queries.visible_attendance_corrections(request.actor),
        search=("attendance__enrolment__person__name", "attendance__line__title", "attendance__line__cohort__title"),
        filters=filters,
        sorts={"proposed_at": "提出时间", "state": "状态", "attendance__enrolment__person__name": "姓名"},
        default_sort="-proposed_at",
        search_label="搜索姓名、课次、班期",
    )
    return render(request, "training/attendance_corrections.html", {"listing": listing})


@roles(*STAFF)
@require_GET
def attendance_correction(request: ActorRequest, correction_id: int) -> HttpResponse:
    """One correction: what, why, who, and the decision."""
    found = queries.get_attendance_correction(request.actor, correction_id)
    record = found.attendance
    decide = policies.check_can_decide_attendance_correction
    context = {
        "correction": found,
        "record": record,
        "line": record.line,
        "entries": evidence.list_entries(refs=[f"enrolment:{record.enrolment_id}"], kinds=KINDS, limit=20),
        "may_decide": allows(decide, request.actor, found, AttendanceCorrectionState.APPROVED),
        "may_cancel": allows(policies.check_can_cancel_attendance_correction, request.actor, found),
    }
    return render(request, "training/attendance_correction.html", context)


@roles(*DECIDERS)
@require_POST
def approve_attendance_correction(request: ActorRequest, correction_id: int) -> HttpResponse:
    """Put it in force."""
    note = request.POST.get("note", "")
    operations.approve_attendance_correction(
        actor=request.actor, correction_id=correction_id, note=note, now=clock.now()
    )
    messages.success(request, "考勤已更正，学时已重新计算，更正原因已存证。")
    return redirect("training:attendance_correction", correction_id)


@roles(*DECIDERS)
@require_POST
def reject_attendance_correction(request: ActorRequest, correction_id: int) -> HttpResponse:
    """Say no, with the reason."""
    reason = request.POST.get("reason", "")
    operations.reject_attendance_correction(
        actor=request.actor, correction_id=correction_id, reason=reason, now=clock.now()
    )
    messages.success(request, "已写明理由退回，考勤没有变化。")
    return redirect("training:attendance_correction", correction_id)


@roles(Role.TEACHER, *MANAGERS)
@require_POST
def cancel_attendance_correction(request: ActorRequest, correction_id: int) -> HttpResponse:
    """Take it back."""
    operations.cancel_attendance_correction(actor=request.actor, correction_id=correction_id, now=clock.now())
    messages.success(request, "已撤回，考勤没有变化。")
    return redirect("training:attendance_correction", correction_id)
