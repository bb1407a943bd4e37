"""Practice for staff: what is open to a class, and where the class is weak (A23). No learner's book is shown."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhenxue.exams import policies, queries
from zhenxue.exams.data import PaperState
from zhenxue.exams.models import PracticeOpening
from zhenxue.exams.operations import practice as operations
from zhenxue.exams.queries import practice as reading
from zhenxue.exams.queries.completion import cohorts_to_certify
from zhenxue.exams.web.forms.practice import OpenForm
from zhenxue.exams.web.support import AUTHORS, STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.web.forms import attempt as attempt_form
from zhenxue.training import api as training


@roles(*STAFF)
@require_GET
def cohorts(request: ActorRequest) -> HttpResponse:
    context = {"cohorts": cohorts_to_certify(request.actor), "read_only": read_only(request)}
    return render(request, "exams/practice/cohorts.html", context)


@roles(*STAFF)
def cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    found = training.get_cohort(request.actor, cohort_id)
    may = policies.can_write(request.actor, found.organisation_id)
    form = _form(request) if may else None

    opened = partial(_open, request, found)
    if form is not None and attempt_form(request, form, opened) is not None:
        messages.success(request, "已开放，学员在“练习”里就能看到。")
        return redirect("exams:practice_cohort", found.pk)
    context = _context(request, found) | {"form": form}
    return render(request, "exams/practice/cohort.html", context, status=status_of(form) if form else 200)


def _open(request: ActorRequest, found: training.Cohort, data: dict[str, Any]) -> PracticeOpening:
    kind, _, number = str(data["what"]).partition(":")
    asked: dict[str, Any] = {"minutes": data["minutes"] or 0}
    if kind == "bank":
        asked["bank"] = queries.get_bank(request.actor, int(number))
    elif kind == "blueprint":
        asked["blueprint"] = queries.get_blueprint(request.actor, int(number))
    return operations.open_practice(actor=request.actor, cohort=found, now=clock.now(), **asked)


def _context(request: ActorRequest, found: training.Cohort) -> dict[str, Any]:
    cards = reading.cards_of_cohort(request.actor, found)
    return {
        "cohort": found,
        "openings": list(reading.openings_of(request.actor, found)),
        "points": reading.points_of(cards)[:30],
        "questions": reading.weakest_questions(cards),
        "read_only": read_only(request),
    }


def _form(request: ActorRequest) -> OpenForm:
    banks = queries.visible_banks(request.actor).order_by("title").values_list("pk", "title")[:500]
    plans = queries.visible_blueprints(request.actor).filter(state=PaperState.FINAL).order_by("title")
    return OpenForm(request.POST or None).choose(list(banks), list(plans.values_list("pk", "title")[:500]))


@roles(*AUTHORS)
@require_POST
def close(request: ActorRequest, opening_id: int) -> HttpResponse:
    closed = operations.close_practice(actor=request.actor, opening_id=opening_id, now=clock.now())
    messages.success(request, "已停止开放；学员做过的记录和错题都保留。")
    return redirect("exams:practice_cohort", closed.cohort_id)
