"""An attempt: its page, every answer, the clock, handing in, the result."""

import datetime as dt
from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from zhenxue.exams import queries
from zhenxue.exams.data import AttemptState
from zhenxue.exams.errors import AttemptEnded, DeadlinePassed
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations import attempts as operations
from zhenxue.exams.operations import breaks, conduct, moving, presence
from zhenxue.exams.operations.handing_in import settle
from zhenxue.exams.operations.saving import acknowledgement
from zhenxue.exams.operations.timing import may_hand_in_at
from zhenxue.exams.queries.conduct import messages_to
from zhenxue.exams.queries.room import rooms_of, state_of
from zhenxue.exams.web.results import result_context
from zhenxue.exams.web.sections import sections_of
from zhenxue.exams.web.support import STAFF, device_of, fingerprint_of, message_of, to_question, wants_json
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock


def settled(
    request: ActorRequest, attempt_id: int, now: dt.datetime, get: Callable[..., Attempt] = queries.get_attempt
) -> Attempt:
    """The attempt after its deadline was applied, if it is over."""
    attempt = get(request.actor, attempt_id)
    if attempt.state != AttemptState.OPEN or now < attempt.deadline_at:
        return attempt
    settle(queries.visible_attempts(request.actor).filter(pk=attempt_id), now=now)
    return get(request.actor, attempt_id)


@roles(Role.LEARNER)
@never_cache
def attempt_page(request: ActorRequest, attempt_id: int) -> HttpResponse:
    now = clock.now()
    attempt = settled(request, attempt_id, now, queries.get_sitting)
    if (elsewhere := instead(request, attempt, now)) is not None:
        return elsewhere
    sheet = queries.paper_sheet(attempt)
    context = {"attempt": attempt, "bare": True, "now_ms": clock.milliseconds(now)}
    context["sections"] = sections_of(request, attempt.pk, sheet)
    context |= {
        "deadline_ms": clock.milliseconds(attempt.deadline_at),
        "answered": sum(bool(line.given) for line in sheet),
        "breaks_left": attempt.exam.breaks_allowed - attempt.breaks,
    }
    context["words"] = messages_to(attempt)
    context["client_sequence"] = max((line.client_sequence for line in sheet), default=0)
    return render(request, "exams/attempt.html", context)


def instead(request: ActorRequest, attempt: Attempt, now: dt.datetime) -> HttpResponse | None:
    """What is shown in place of the paper: the result, a second device's refusal, the door, a break."""
    if attempt.state != AttemptState.OPEN:
        return redirect("exams:result", attempt.pk)
    if attempt.device != device_of(request):
        return other_device(request, attempt, now)
    if presence.is_at_the_door(attempt):
        return render(request, "exams/door.html", {"attempt": attempt, "bare": True, "narrow": True})
    if attempt.paused_at is not None:
        context = {"attempt": attempt, "break_ends_at": breaks.ends_at(attempt), "bare": True, "narrow": True}
        return render(request, "exams/break.html", context)
    return None


def other_device(request: ActorRequest, attempt: Attempt, now: dt.datetime) -> HttpResponse:
    """A second device is refused, and told how it may go on."""
    conduct.note_second(attempt, device=device_of(request), now=now)
    context = {"attempt": attempt, "released": attempt.device == moving.RELEASED, "bare": True, "narrow": True}
    context["may_move"] = moving.may_move_alone(attempt, fingerprint_of(request))
    return render(request, "exams/move.html", context, status=409)


@roles(Role.LEARNER)
@never_cache
def attempt_state(request: ActorRequest, attempt_id: int) -> HttpResponse:
    now = clock.now()
    attempt = settled(request, attempt_id, now, queries.get_sitting)
    return JsonResponse(state_of(rooms_of([attempt.pk])[attempt.pk], device_of(request), now))


@roles(Role.LEARNER)
@require_POST
def answer(request: ActorRequest, attempt_id: int, position: int) -> HttpResponse:
    now, message, machine = clock.now(), message_of(request), wants_json(request)
    save = partial(operations.save_answer, actor=request.actor, device=device_of(request), now=now)
    given, number = message.given, message.client_sequence
    try:
        saved = save(attempt_id=attempt_id, position=position, given=given, client_sequence=number)
    except (DeadlinePassed, AttemptEnded) as error:
        if machine:
            raise
        messages.error(request, error.message)
        return redirect("exams:result", attempt_id)
    if machine:
        return JsonResponse(acknowledgement(saved, now))
    said = acknowledgement(saved, now)
    messages.success(request, f"第 {position} 题已保存（第 {saved.sequence} 号 · {said['at']}）。")
    return redirect(to_question(attempt_id, position))


@roles(Role.LEARNER)
@require_POST
def move(request: ActorRequest, attempt_id: int) -> HttpResponse:
    where = {"device": device_of(request), "fingerprint": fingerprint_of(request)}
    moving.move_attempt(actor=request.actor, attempt_id=attempt_id, **where, now=clock.now())
    return redirect("exams:attempt", attempt_id)


@roles(Role.LEARNER)
@never_cache
def submit(request: ActorRequest, attempt_id: int) -> HttpResponse:
    now, device = clock.now(), device_of(request)
    if request.method == "POST":
        operations.submit_attempt(actor=request.actor, attempt_id=attempt_id, device=device, now=now)
        return redirect("exams:result", attempt_id)
    attempt = settled(request, attempt_id, now)
    if attempt.state != AttemptState.OPEN:
        return redirect("exams:result", attempt.pk)
    sheet = queries.paper_sheet(attempt)
    context = {"attempt": attempt, "sheet": sheet, "unanswered": [line for line in sheet if not line.given]}
    context |= {"may_at": may_hand_in_at(attempt), "now": now}
    return render(request, "exams/submit.html", {**context, "bare": True, "narrow": True})


@roles(Role.LEARNER, *STAFF)
@never_cache
def result(request: ActorRequest, attempt_id: int) -> HttpResponse:
    now = clock.now()
    attempt = settled(request, attempt_id, now)
    if attempt.state == AttemptState.OPEN and request.actor.is_learner:
        return redirect("exams:attempt", attempt.pk)
    return render(request, "exams/result.html", result_context(request, attempt, now))
