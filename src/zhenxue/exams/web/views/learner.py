"""A learner before an exam: rules, time, attempts, what is missing; start."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.exams import queries
from zhenxue.exams.operations import attempts as operations
from zhenxue.exams.operations.handing_in import settle
from zhenxue.exams.web.support import device_of, fingerprint_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock


@roles(Role.LEARNER)
def entry(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam, now = queries.get_exam(request.actor, exam_id), clock.now()
    enrolment = queries.own_enrolment(request.actor, exam)
    own = queries.visible_attempts(request.actor).filter(exam=exam).order_by("number")
    settle(own, now=now)
    readiness = queries.readiness_of(exam=exam, enrolment=enrolment, now=now)
    attempts = list(own)
    context = {"exam": exam, "readiness": readiness, "attempts": attempts, "narrow": True, "now": now}
    context |= {"plan_words": queries.plan_words(exam), "given": len(attempts) + readiness.attempts_left}
    context["minutes"] = exam.duration_minutes + readiness.extra_minutes
    return render(request, "exams/entry.html", context)


@roles(Role.LEARNER)
@require_POST
def start(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    attempt = operations.start_attempt(
        actor=request.actor,
        exam=exam,
        device=device_of(request),
        fingerprint=fingerprint_of(request),
        now=clock.now(),
    )
    return redirect("exams:attempt", attempt.pk)
