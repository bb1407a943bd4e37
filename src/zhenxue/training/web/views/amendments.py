"""The manager's side of amendments."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from zhenxue.identity import api as identity
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates
from zhenxue.training import policies
from zhenxue.training.operations import amendments as operations
from zhenxue.training.queries import cohorts as queries
from zhenxue.training.queries.attendance import list_lessons
from zhenxue.training.queries.scope import get_cohort, get_lesson
from zhenxue.training.web.forms.cohorts import AmendLessonForm, EndDateForm, MakeUpForm
from zhenxue.training.web.views.common import MANAGERS, OVERSEERS, frame, with_changes


@roles(*MANAGERS, *OVERSEERS)
@require_GET
def amendments(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Amendments of a cohort, with digests before and after."""
    cohort = get_cohort(request.actor, cohort_id)
    found = queries.list_amendments(cohort.pk)
    context = {
        **frame(request, cohort, "amendments"),
        "amendments": with_changes(found, queries.teacher_names(found)),
        "lessons": list_lessons(cohort.pk),
    }
    return render(request, "training/amendments.html", context)


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def amend_lesson(request: ActorRequest, line_id: int) -> HttpResponse:
    """Ask for another time, place or teacher."""
    line = get_lesson(request.actor, line_id)
    policies.check_can_amend(request.actor, line.cohort)
    form = AmendLessonForm(
        request.POST or None, line=line, teachers=identity.list_teachers(line.cohort.organisation_id)
    )
    acting = _acting(request, line.cohort_id)
    done = attempt(
        request,
        form,
        lambda values: operations.file_lesson_change(**acting, lesson=form.wanted(), reason=values["reason"]),
    )
    if done:
        return _filed(request, line.cohort_id)
    return _page(request, form, f"变更：{line.title}", line.cohort_id)


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def make_up_lesson(request: ActorRequest, line_id: int) -> HttpResponse:
    """Ask for a make-up lesson."""
    line = get_lesson(request.actor, line_id)
    policies.check_can_amend(request.actor, line.cohort)
    form = MakeUpForm(request.POST or None, line=line, teachers=identity.list_teachers(line.cohort.organisation_id))
    acting = _acting(request, line.cohort_id)
    done = attempt(
        request,
        form,
        lambda values: operations.file_make_up_lesson(
            **acting, lesson=form.wanted(values["minutes"]), reason=values["reason"]
        ),
    )
    if done:
        return _filed(request, line.cohort_id)
    return _page(request, form, f"补课：{line.title}", line.cohort_id)


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def amend_end_date(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Ask for another last day."""
    cohort = get_cohort(request.actor, cohort_id)
    policies.check_can_amend(request.actor, cohort)
    form = EndDateForm(request.POST or None, initial={"ends_on": cohort.ends_on})
    acting = _acting(request, cohort_id)
    if attempt(request, form, lambda values: operations.file_end_date_change(**acting, **values)):
        return _filed(request, cohort_id)
    return _page(request, form, "变更结班日期", cohort_id)


def _acting(request: ActorRequest, cohort_id: int) -> dict[str, Any]:
    return {"actor": request.actor, "cohort_id": cohort_id, "now": clock.now()}


def _filed(request: ActorRequest, cohort_id: int) -> HttpResponse:
    messages.success(request, "变更申请已提交，人社部门批准后才生效。")
    return redirect("training:amendments", cohort_id)


def _page(request: ActorRequest, form: Any, title: str, cohort_id: int) -> HttpResponse:
    context = {"form": form, "heading": title, "cohort": get_cohort(request.actor, cohort_id)}
    return render(request, "training/amendment_form.html", context, status=422 if form.errors else 200)
