"""Exams for staff: list, arrange, results, export; the learner's list shares the address."""

import datetime as dt

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.exams import policies, queries
from zhenxue.exams.data import AttemptState, ExamKind, ExamState, phase_of
from zhenxue.exams.models import Exam
from zhenxue.exams.operations import exams as operations
from zhenxue.exams.operations.handing_in import settle
from zhenxue.exams.queries.stages import HELD
from zhenxue.exams.web.exports import results_sheet
from zhenxue.exams.web.forms import CancelForm, ExamForm
from zhenxue.exams.web.forms.plans import plan_choices
from zhenxue.exams.web.support import MANAGERS, STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.downloads import xlsx
from zhenxue.kernel.web.forms import try_form
from zhenxue.kernel.web.once import creates
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training


@roles(Role.LEARNER, *STAFF)
def exam_list(request: ActorRequest) -> HttpResponse:
    now = clock.now()
    if request.actor.is_learner:
        cards = queries.cards_of(training.own_enrolments(request), ledger.own_units(request), now, papers=True)
        return render(request, "exams/my.html", {"cards": cards, "now": now})
    listing = _exams_in_sight(request)
    kinds = dict(ExamKind.choices())
    rows = [(one, kinds[one.kind], phase_of(one.state, one.opens_at, one.closes_at, now)) for one in listing.rows]
    context = {"listing": listing, "rows": rows, "can_schedule": request.actor.role in MANAGERS}
    return render(request, "exams/list.html", {**context, "read_only": read_only(request)})


def _exams_in_sight(request: ActorRequest) -> Listing:
    return Listing(
        request,
        queries.exam_shelf(request.actor),
        search=("title", "cohort__code", "cohort__title"),
        filters=(
            Filter("kind", "类别", ExamKind.choices()),
            Filter("state", "状态", ExamState.choices()),
            Filter("cohort", "班期", queries.cohorts_with_exams(request.actor)),
        ),
        sorts={"title": "考试", "cohort__code": "班期", "opens_at": "开始时间", "closes_at": "结束时间"},
        default_sort="-opens_at",
        search_label="搜索考试或班期",
    )


@roles(Role.LEARNER, Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER)
def home_block(request: ActorRequest) -> HttpResponse:
    now = clock.now()
    if request.actor.is_learner:
        cards = queries.cards_of(training.own_enrolments(request), ledger.own_units(request), now)
        waiting = [card for card in cards if card.is_waiting]
        return render(request, "exams/_home_learner.html", {"cards": waiting[:3]})
    exams = queries.coming_exams(request.actor, now)
    rows = [(exam, phase_of(exam.state, exam.opens_at, exam.closes_at, now)) for exam in exams]
    return render(request, "exams/_home_staff.html", {"rows": rows})


@roles(*MANAGERS)
@creates
def exam_new(request: ActorRequest) -> HttpResponse:
    cohorts = queries.cohorts_to_examine(request.actor)
    form, plans = _offered(request, ExamForm(request.POST or None, initial=_wished(request)), cohorts)

    def create() -> HttpResponse:
        cohort = next(one for one in cohorts if one.pk == form.cleaned_data["cohort"])
        exam = operations.create_exam(actor=request.actor, cohort=cohort, facts=form.facts(), now=clock.now())
        return redirect("exams:exam", exam.pk)

    context = {"form": form, "cohorts": cohorts, "plans": plans}
    return try_form(form, create) or render(request, "exams/exam_new.html", context, status=status_of(form))


def _wished(request: ActorRequest) -> dict[str, str]:
    """What the address asks for: a cohort, a paper or blueprint."""
    return {name: request.GET[name] for name in ("cohort", "paper", "kind") if name in request.GET}


def _offered(
    request: ActorRequest, form: ExamForm, cohorts: list[training.Cohort]
) -> tuple[ExamForm, list[tuple[str, str]]]:
    plans = plan_choices(queries.papers_to_use(request.actor), queries.blueprints_to_use(request.actor))
    return form.choose(cohorts, plans, queries.exams_to_make_up(request.actor)), plans


@roles(*MANAGERS)
def exam_edit(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    filled = ExamForm(request.POST) if request.method == "POST" else ExamForm.of(exam)
    form, plans = _offered(request, filled, [exam.cohort])

    def change() -> HttpResponse:
        operations.change_exam(actor=request.actor, exam=exam, facts=form.facts())
        return redirect("exams:exam", exam.pk)

    context = {"form": form, "cohorts": [exam.cohort], "plans": plans, "exam": exam}
    return try_form(form, change) or render(request, "exams/exam_new.html", context, status=status_of(form))


@roles(*STAFF)
def exam_page(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam, now = queries.get_exam(request.actor, exam_id), clock.now()
    settle(queries.attempts_of(exam), now=now)
    listing = Listing(
        request,
        queries.attempts_of(exam),
        search=("enrolment__person__name",),
        filters=(
            Filter("state", "状态", AttemptState.choices()),
            Filter("passed", "结果", (("True", "合格"), ("False", "不合格"))),
        ),
        sorts={"score": "得分", "started_at": "开始时间", "submitted_at": "交卷时间", "number": "第几次"},
        default_sort="-started_at",
        search_label="搜索姓名",
    )
    return render(request, "exams/exam.html", exam_context(request, exam, now) | {"listing": listing})


def exam_context(request: ActorRequest, exam: Exam, now: dt.datetime) -> dict[str, object]:
    """What the exam's page shows beside the list of attempts."""
    figures = queries.figures_of(exam)
    return {
        "exam": exam,
        "phase": phase_of(exam.state, exam.opens_at, exam.closes_at, now),
        "plan_words": queries.plan_words(exam),
        "failing": queries.failing_of(exam) if exam.state in HELD and now >= exam.opens_at else None,
        "figures": figures,
        "bands": figures["bands"],
        "questions": queries.question_figures(exam),
        "can_schedule": policies.can_schedule(request.actor, exam.cohort.organisation_id),
        "read_only": read_only(request),
    }


@roles(*MANAGERS)
@require_POST
def exam_schedule(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    operations.schedule_exam(actor=request.actor, exam=exam, now=clock.now())
    messages.success(request, "考试已发布，学员可以在“考试”里看到。")
    return redirect("exams:exam", exam.pk)


@roles(*MANAGERS)
@require_POST
def exam_cancel(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    form = CancelForm(request.POST)
    if form.has_error("reason", "max_length"):
        raise Invalid("exams.cancel_reason", str(form.errors["reason"][0]))
    reason = form.cleaned_data.get("reason", "")
    operations.cancel_exam(actor=request.actor, exam=exam, reason=reason, now=clock.now())
    messages.success(request, "考试已取消。")
    return redirect("exams:exam", exam.pk)


@roles(*STAFF)
def exam_export(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    return xlsx(results_sheet(exam), f"{exam.cohort.code}_{exam.title}_成绩.xlsx")
