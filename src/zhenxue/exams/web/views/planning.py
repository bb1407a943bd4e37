"""Beside an exam: what single learners are allowed, make-ups, and a learner's breaks."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from zhenxue.exams import queries
from zhenxue.exams.models import Exam
from zhenxue.exams.operations import allowances, breaks
from zhenxue.exams.operations import exams as operations
from zhenxue.exams.operations.make_ups import plan_make_up
from zhenxue.exams.web.forms.plans import AllowanceForm, MakeUpForm, chosen_plan, plan_choices
from zhenxue.exams.web.support import MANAGERS, STAFF, device_of, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Listing
from zhenxue.kernel.web.forms import attempt as try_act
from zhenxue.kernel.web.once import creates


@roles(*STAFF)
def allowance_list(request: ActorRequest, exam_id: int) -> HttpResponse:
    """Who has more time or another try; a manager gives it here too."""
    exam = queries.get_exam(request.actor, exam_id)
    can_give = queries.can_be_changed(exam, request.actor)
    form = AllowanceForm(request.POST or None).choose(queries.active_learners(exam) if can_give else [])

    def give(data: dict[str, Any]) -> HttpResponse:
        enrolment = data.pop("enrolment")
        allowances.give_allowance(actor=request.actor, exam=exam, enrolment_id=enrolment, now=clock.now(), **data)
        messages.success(request, "已保存，学员会收到通知。")
        return redirect("exams:allowances", exam.pk)

    done = try_act(request, form, give)
    return done or render(
        request, "exams/allowances.html", _given(request, exam, form, can_give), status=status_of(form)
    )


def _given(request: ActorRequest, exam: Exam, form: AllowanceForm, can_give: bool) -> dict[str, object]:
    sorts = {"enrolment__person__name": "学员", "created_at": "设置时间"}
    listing = Listing(
        request,
        queries.list_allowances(exam),
        search=("enrolment__person__name", "reason"),
        sorts=sorts,
        default_sort="-created_at",
        search_label="搜索姓名或原因",
    )
    context = {"exam": exam, "listing": listing, "form": form, "can_give": can_give}
    return {**context, "read_only": read_only(request)}


@roles(*MANAGERS)
@require_POST
def allowance_end(request: ActorRequest, exam_id: int, enrolment_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    allowances.end_allowance(actor=request.actor, exam=exam, enrolment_id=enrolment_id, now=clock.now())
    messages.success(request, "已取消。正在考的这一次不受影响。")
    return redirect("exams:allowances", exam.pk)


@roles(*MANAGERS)
@creates
def make_up(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    plans = plan_choices(queries.papers_to_use(request.actor), queries.blueprints_to_use(request.actor))
    form = (MakeUpForm(request.POST) if request.method == "POST" else MakeUpForm.after(exam)).choose(plans)

    def arrange(data: dict[str, Any]) -> HttpResponse:
        publish, now = data.pop("publish"), clock.now()
        planned = plan_make_up(actor=request.actor, exam=exam, **chosen_plan(data.pop("paper")), **data, now=now)
        if publish:
            operations.schedule_exam(actor=request.actor, exam=planned, now=now)
        messages.success(request, "补考已发布，并通知了这些学员。" if publish else "补考已保存为草稿，核对后再发布。")
        return redirect("exams:exam", planned.pk)

    context = {"exam": exam, "form": form, "failing": queries.failing_of(exam), "plans": plans}
    return try_act(request, form, arrange) or render(request, "exams/make_up.html", context, status=status_of(form))


@roles(Role.LEARNER)
@require_POST
@never_cache
def begin_break(request: ActorRequest, attempt_id: int) -> HttpResponse:
    breaks.begin_break(actor=request.actor, attempt_id=attempt_id, device=device_of(request), now=clock.now())
    return redirect("exams:attempt", attempt_id)


@roles(Role.LEARNER)
@require_POST
@never_cache
def end_break(request: ActorRequest, attempt_id: int) -> HttpResponse:
    breaks.end_break(actor=request.actor, attempt_id=attempt_id, device=device_of(request), now=clock.now())
    return redirect("exams:attempt", attempt_id)
