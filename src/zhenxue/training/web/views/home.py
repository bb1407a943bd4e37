"""Blocks of the home page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.training.queries import attendance, cohorts
from zhenxue.training.web.views.common import BUREAU, MANAGERS

SHOWN = 6


@roles(*MANAGERS)
@require_GET
def manager_block(request: ActorRequest) -> HttpResponse:
    """What waits for a manager."""
    now = clock.now()
    today = clock.civil_day(now)
    context = {
        "returned": cohorts.returned(request.actor)[:SHOWN],
        "soon": cohorts.starting_soon(request.actor, today)[:SHOWN],
        "ending": cohorts.ending(request.actor, today)[:SHOWN],
        "unrecorded": attendance.lessons_without_attendance(request.actor, now)[:SHOWN],
        "corrections": attendance.attendance_corrections_for(request.actor)[:SHOWN],
        "counts": cohorts.state_counts(request.actor),
    }
    return render(request, "training/_manager_block.html", context)


@roles(*BUREAU)
@require_GET
def bureau_block(request: ActorRequest) -> HttpResponse:
    """What waits for the bureau."""
    filings = list(cohorts.waiting_filings(request.actor)[: SHOWN + 1])
    amendments = list(cohorts.waiting_amendments(request.actor)[: SHOWN + 1])
    context = {
        "filings": filings[:SHOWN],
        "amendments": amendments[:SHOWN],
        "corrections": attendance.attendance_corrections_for(request.actor)[:SHOWN],
        "more": max(len(filings), len(amendments)) > SHOWN,
    }
    return render(request, "training/_bureau_block.html", context)


@roles(Role.TEACHER)
@require_GET
def teacher_block(request: ActorRequest) -> HttpResponse:
    """Today's lessons, and lessons that still need attendance."""
    now = clock.now()
    begin, end = clock.start_of_day(clock.civil_day(now)), attendance.end_of_day(now)
    context = {
        "today": attendance.lessons_between(request.actor, begin, end),
        "unrecorded": attendance.lessons_without_attendance(request.actor, now)[:SHOWN],
        "now": now,
    }
    return render(request, "training/_teacher_block.html", context)
