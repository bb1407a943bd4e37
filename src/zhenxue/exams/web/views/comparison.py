"""Pairs of attempts that are more alike than chance explains."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhenxue.exams import policies, queries
from zhenxue.exams.models import Exam
from zhenxue.exams.operations import comparison as operations
from zhenxue.exams.queries import comparison as pairs
from zhenxue.exams.web.forms.room import ReasonForm
from zhenxue.exams.web.support import AUTHORS, STAFF, read_only
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.listing import Listing


@roles(*STAFF)
@require_GET
def comparison(request: ActorRequest, exam_id: int) -> HttpResponse:
    """What the comparison of an exam found; while it runs the page looks again by itself."""
    exam = queries.get_exam(request.actor, exam_id)
    run = pairs.comparison_run_of(exam)
    listing = pairs_of(request, exam)
    rows = [(one, pairs.odds_in_words(one.probability)) for one in listing.rows]
    context: dict[str, object] = {
        "exam": exam,
        "run": run,
        "listing": listing,
        "rows": rows,
        "read_only": read_only(request),
    }
    context["may"] = policies.can_invigilate(request.actor, exam)
    context["fast"] = pairs.fast_attempts(run) if run is not None else []
    working = request.htmx and run is not None and run.state in {"waiting", "running"}
    return render(request, "exams/comparison/_working.html" if working else "exams/comparison/list.html", context)


def pairs_of(request: ActorRequest, exam: Exam) -> Listing:
    """The pairs of an exam as the address asks."""
    return Listing(
        request,
        pairs.visible_comparisons(request.actor).filter(exam=exam),
        search=("first__enrolment__person__name", "second__enrolment__person__name"),
        sorts={"probability": "偶然概率", "same_wrong": "相同错答", "common": "共同题数"},
        default_sort="probability",
        search_label="搜索姓名",
    )


@roles(*AUTHORS)
@require_POST
def comparison_again(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    operations.ask_comparison(actor=request.actor, exam=exam, now=clock.now())
    messages.success(request, "已安排重新比对，可以离开本页，稍后再来看结果。")
    return redirect("exams:comparison", exam.pk)


@roles(*STAFF)
@require_GET
def pair(request: ActorRequest, comparison_id: int) -> HttpResponse:
    """Two attempts side by side."""
    found = pairs.get_comparison(request.actor, comparison_id)
    rows = pairs.side_by_side(found)
    context = {"pair": found, "rows": rows, "read_only": read_only(request)}
    context |= {
        "odds": pairs.odds_in_words(found.probability),
        "may": policies.can_invigilate(request.actor, found.exam),
    }
    context["times_odds"] = pairs.odds_in_words(float(found.facts.get("times_probability", 1)))
    context["only"] = [one for one in rows if one.is_same_wrong]
    return render(request, "exams/comparison/pair.html", context)


@roles(*AUTHORS)
@require_POST
def pair_refer(request: ActorRequest, comparison_id: int) -> HttpResponse:
    found = pairs.get_comparison(request.actor, comparison_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Invalid("exams.reason", "请写明看过以后的意见（不超过 200 字）。")
    operations.refer_pair(actor=request.actor, pair=found, reason=form.cleaned_data["reason"], now=clock.now())
    messages.success(request, "已交由核查。核查有结论以前，成绩不受影响。")
    return redirect("exams:pair", found.pk)
