"""The invigilator's room: who is in, live; acts on all and on one."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.exams import policies, queries
from zhenxue.exams.models import Attempt, Exam
from zhenxue.exams.operations import invigilation as operations
from zhenxue.exams.operations import moving
from zhenxue.exams.operations.handing_in import settle
from zhenxue.exams.queries import conduct as records
from zhenxue.exams.queries import invigilation as rooms
from zhenxue.exams.web.forms.room import ExtendForm, MessageForm, ReasonForm
from zhenxue.exams.web.support import AUTHORS, STAFF, read_only
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.integrity import api as integrity
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.kernel.listing import Filter, Listing

type Act = Callable[[ActorRequest, Exam, Attempt | None, dict[str, Any]], str]


@roles(*STAFF)
@never_cache
@require_GET
def room(request: ActorRequest, exam_id: int) -> HttpResponse:
    """The roster; the part with the learners asks again every few seconds."""
    exam, now = queries.get_exam(request.actor, exam_id), clock.now()
    settle(queries.attempts_of(exam), now=now)
    listing = roster(request, exam)
    enrolled = rooms.roster_of(request.actor, exam).count()
    context = {"exam": exam, "listing": listing, "seats": rooms.seats_of(exam, listing.rows), "now": now}
    context |= {"figures": rooms.room_figures(exam, enrolled), "read_only": read_only(request)}
    context["live"] = exam.opens_at <= now and exam.state == "scheduled"
    context["may"] = context["live"] and policies.can_invigilate(request.actor, exam)
    return render(request, "exams/invigilation/_room.html" if request.htmx else "exams/invigilation/room.html", context)


def roster(request: ActorRequest, exam: Exam) -> Listing:
    """The learners of the exam's class as the address asks."""
    return Listing(
        request,
        rooms.roster_of(request.actor, exam),
        search=("person__name",),
        filters=(Filter("place", "状态", rooms.PLACES, apply=lambda rows, place: rooms.in_place(rows, exam, place)),),
        sorts={"person__name": "学员", "began": "入场时间", "saves": "保存次数"},
        default_sort="person__name",
        search_label="搜索姓名",
    )


@roles(*STAFF)
@never_cache
@require_GET
def seat(request: ActorRequest, attempt_id: int) -> HttpResponse:
    """One learner in the room: how they stand, what happened, and the acts."""
    attempt, now = queries.get_attempt(request.actor, attempt_id), clock.now()
    settle(queries.visible_attempts(request.actor).filter(pk=attempt.pk), now=now)
    attempt = queries.get_attempt(request.actor, attempt_id)
    context: dict[str, object] = {"attempt": attempt, "exam": attempt.exam, "seat": rooms.seat_of(attempt)}
    context |= {"lines": records.timeline_of(attempt), "read_only": read_only(request), "now": now}
    incidents = integrity.open_incidents_of(person_id=attempt.enrolment.person_id, cohort_id=attempt.exam.cohort_id)
    context |= {"incidents": incidents, "may": policies.can_invigilate(request.actor, attempt.exam)}
    return render(request, "exams/invigilation/seat.html", context)


@roles(*AUTHORS)
@require_POST
def room_act(request: ActorRequest, exam_id: int, act: str) -> HttpResponse:
    """An act on everybody who sits: message, extend, check."""
    exam = queries.get_exam(request.actor, exam_id)
    _do(request, exam, None, act, FOR_ALL)
    return redirect("exams:room", exam.pk)


@roles(*AUTHORS)
@require_POST
def seat_act(request: ActorRequest, attempt_id: int, act: str) -> HttpResponse:
    """An act on one learner: message, extend, check, release, end, note."""
    attempt = queries.get_attempt(request.actor, attempt_id)
    _do(request, attempt.exam, attempt, act, FOR_ONE)
    return redirect("exams:seat", attempt.pk)


def _do(
    request: ActorRequest,
    exam: Exam,
    attempt: Attempt | None,
    name: str,
    acts: dict[str, tuple[type[forms.Form], Act]],
) -> None:
    policies.check_can_invigilate(request.actor, exam)
    if name not in acts:
        raise NotFound("exams.no_such_act", "没有这项操作。")
    kind, act = acts[name]
    form = kind(request.POST)
    if not form.is_valid():
        field, words = next(iter(form.errors.items()))
        raise Invalid("exams.room_form", f"{form.fields[field].label}：{words[0]}")
    messages.success(request, act(request, exam, attempt, form.cleaned_data))


def _message(request: ActorRequest, exam: Exam, attempt: Attempt | None, values: dict[str, Any]) -> str:
    operations.send_message(actor=request.actor, exam=exam, attempt=attempt, text=values["text"], now=clock.now())
    return "消息已发出，学员的考试页面几秒内就会显示。"


def _extend(request: ActorRequest, exam: Exam, attempt: Attempt | None, values: dict[str, Any]) -> str:
    more: dict[str, Any] = {"minutes": values["minutes"], "reason": values["reason"], "now": clock.now()}
    if attempt is not None:
        operations.extend_one(actor=request.actor, attempt=attempt, **more)
        return f"已延长 {values['minutes']} 分钟。"
    count = operations.extend_all(actor=request.actor, exam=exam, **more)
    return f"已为 {count} 名正在作答的学员延长 {values['minutes']} 分钟，考试结束时间一并顺延。"


def _check(request: ActorRequest, exam: Exam, attempt: Attempt | None, values: dict[str, Any]) -> str:
    asked = operations.call_check(
        actor=request.actor, exam=exam, attempt=attempt, reason=values["reason"], now=clock.now()
    )
    return f"已要求 {asked} 名学员核验。" if asked else "现在没有可以要求核验的学员：还没入场，或已有核验在进行。"


def _release(request: ActorRequest, _exam: Exam, attempt: Attempt | None, values: dict[str, Any]) -> str:
    assert attempt is not None  # FOR_ONE
    moving.release_device(actor=request.actor, attempt=attempt, reason=values["reason"], now=clock.now())
    return "已放行。学员在新设备上打开考试，点“在本机继续考试”就能接着做。"


def _end(request: ActorRequest, _exam: Exam, attempt: Attempt | None, values: dict[str, Any]) -> str:
    assert attempt is not None  # FOR_ONE
    operations.take_in(actor=request.actor, attempt=attempt, reason=values["reason"], now=clock.now())
    return "已收卷，已答的题照常评分，原因已通知学员。"


def _note(request: ActorRequest, _exam: Exam, attempt: Attempt | None, values: dict[str, Any]) -> str:
    assert attempt is not None  # FOR_ONE
    operations.note_incident(actor=request.actor, attempt=attempt, words=values["reason"], now=clock.now())
    return "已记录，并交由核查。核查有结论以前，成绩不受影响。"


FOR_ALL: dict[str, tuple[type[forms.Form], Act]] = {
    "message": (MessageForm, _message),
    "extend": (ExtendForm, _extend),
    "check": (ReasonForm, _check),
}
FOR_ONE: dict[str, tuple[type[forms.Form], Act]] = {
    **FOR_ALL,
    "release": (ReasonForm, _release),
    "end": (ReasonForm, _end),
    "note": (ReasonForm, _note),
}
