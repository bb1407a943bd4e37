"""Cohorts: list, overview, the wizard's steps, acts."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.confirm import Ask, confirm_page
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates
from zhenxue.training import policies
from zhenxue.training.data import CohortState, LineMode
from zhenxue.training.models import Cohort
from zhenxue.training.operations import cohorts as operations
from zhenxue.training.operations import filing
from zhenxue.training.queries import checks as check_queries
from zhenxue.training.queries import cohorts as queries
from zhenxue.training.queries.plan import list_lines, list_stages, plan_share, required_seconds, rules_of
from zhenxue.training.queries.programmes import group_labels, ready_programmes
from zhenxue.training.queries.rules import explain_rules
from zhenxue.training.queries.scope import get_cohort, get_lesson
from zhenxue.training.web.forms.cohorts import BasicsForm, LessonForm, NewCohortForm, StageForm
from zhenxue.training.web.lines import cohort_lines
from zhenxue.training.web.views.common import MANAGERS, STAFF, frame, wizard_steps

JOIN = Ask("合并回去", "删除这一节，它的时长加回到同一内容的另一节课。")
SORTS = {
    "code": "班期编号",
    "title": "名称",
    "starts_on": "开班日期",
    "ends_on": "结班日期",
    "learner_count": "人数",
}


@roles(*STAFF)
@require_GET
def cohorts(request: ActorRequest) -> HttpResponse:
    """Cohorts in sight."""
    listing = Listing(
        request,
        queries.cohort_shelf(request.actor),
        search=("code", "title", "organisation__name"),
        filters=(Filter("state", "状态", CohortState.choices()),),
        sorts=SORTS,
        default_sort="-starts_on",
        search_label="搜索编号、名称、机构",
    )
    return render(request, "training/cohorts.html", {"listing": listing, "rows": cohort_lines(listing.rows)})


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def new_cohort(request: ActorRequest) -> HttpResponse:
    """Step 1 of a new cohort."""
    organisation_id = request.actor.organisation_id or 0
    programmes = [(one.pk, one.title) for one in ready_programmes(organisation_id)]
    form = NewCohortForm(
        request.POST or None,
        programmes=programmes,
        teachers=identity.list_teachers(organisation_id),
        initial={"programme_id": request.GET.get("programme", "")},
    )
    made = attempt(request, form, lambda values: operations.create_cohort(**_basics(request, form, values)))
    if made:
        messages.success(request, f"已新建班期 {made.code}，接着排课。")
        return redirect("training:edit_plan", made.pk)
    context = {"form": form, "steps": wizard_steps("basics"), "programmes": programmes}
    return render(request, "training/cohort_form.html", context, status=422 if form.errors else 200)


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
def edit_cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Step 1 again."""
    cohort = get_cohort(request.actor, cohort_id)
    policies.check_can_edit_cohort(request.actor, cohort)
    initial = {name: getattr(cohort, name) for name in BasicsForm.base_fields if name != "head_teacher"}
    initial["head_teacher"] = cohort.head_teacher_id or ""
    teachers = identity.list_teachers(cohort.organisation_id)
    form = BasicsForm(request.POST or None, teachers=teachers, initial=initial)
    if attempt(
        request, form, lambda values: operations.change_basics(cohort_id=cohort_id, **_basics(request, form, values))
    ):
        messages.success(request, "基本信息已保存。")
        return redirect("training:edit_plan", cohort_id)
    context = {"form": form, "cohort": cohort, "steps": wizard_steps("basics")}
    return render(request, "training/cohort_form.html", context, status=422 if form.errors else 200)


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
def edit_plan(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Step 2: time, place and teacher of every offline lesson, saved all together."""
    cohort = get_cohort(request.actor, cohort_id)
    policies.check_can_edit_cohort(request.actor, cohort)
    context = _plan_forms(request, cohort)
    if request.method == "POST" and _save_plan(request, cohort, context):
        messages.success(request, "教学计划已保存。")
        return redirect("training:roster" if "next" in request.POST else "training:edit_plan", cohort_id)
    refused = request.method == "POST"
    return render(request, "training/plan_form.html", context, status=422 if refused else 200)


@roles(*MANAGERS)
@require_POST
def split_lesson(request: ActorRequest, cohort_id: int, line_id: int) -> HttpResponse:
    """Give part of a lesson at another time."""
    typed = request.POST.get("minutes", "")
    minutes = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0
    operations.split_lesson(actor=request.actor, cohort_id=cohort_id, line_id=line_id, minutes=minutes, now=clock.now())
    messages.success(request, "已拆成两节，请为新的一节排时间。")
    return redirect("training:edit_plan", cohort_id)


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
def join_lesson(request: ActorRequest, cohort_id: int, line_id: int) -> HttpResponse:
    """Take a part back."""
    if request.method == "GET":
        line = get_lesson(request.actor, line_id)
        back = reverse("training:edit_plan", args=[cohort_id])
        return confirm_page(request, JOIN, subject=line.title, back=back)
    operations.join_lesson(actor=request.actor, cohort_id=cohort_id, line_id=line_id, now=clock.now())
    messages.success(request, "已合并，时长加回到同一内容的另一节课。")
    return redirect("training:edit_plan", cohort_id)


@roles(*MANAGERS)
@require_GET
def check_cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Step 4: everything that must be in order, with links."""
    cohort = get_cohort(request.actor, cohort_id)
    policies.check_can_file(request.actor, cohort)
    checks = check_queries.list_checks(cohort, clock.now())
    context = {
        "cohort": cohort,
        "steps": wizard_steps("check"),
        "checks": checks,
        "failed": len(check_queries.failed(checks)),
    }
    return render(request, "training/check.html", context)


@roles(*MANAGERS)
@require_POST
def file_cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Submit the filing."""
    filing.file_cohort(actor=request.actor, cohort_id=cohort_id, now=clock.now())
    messages.success(request, "已提交开班备案，等待人社部门审批。审批结果会出现在首页待办。")
    return redirect("training:cohort", cohort_id)


@roles(*MANAGERS)
@require_POST
def cancel_cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Give a cohort up."""
    reason = request.POST.get("reason", "")
    filing.cancel_cohort(actor=request.actor, cohort_id=cohort_id, reason=reason, now=clock.now())
    messages.success(request, "班期已取消。")
    return redirect("training:cohort", cohort_id)


@roles(*MANAGERS)
@require_POST
def start_cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Start by hand, once the day has come."""
    filing.start_cohort(actor=request.actor, cohort_id=cohort_id, now=clock.now())
    messages.success(request, "已开班，学员可以开始学习。")
    return redirect("training:cohort", cohort_id)


@roles(*MANAGERS)
@require_POST
def close_cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """End the training."""
    reason = request.POST.get("reason", "")
    filing.close_cohort(actor=request.actor, cohort_id=cohort_id, reason=reason, now=clock.now())
    messages.success(request, "已结班，不再计入学时。")
    return redirect("training:cohort", cohort_id)


@roles(*STAFF)
@require_GET
def cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Overview."""
    found = get_cohort(request.actor, cohort_id)
    online, offline = required_seconds(found.pk)
    context = {
        **frame(request, found, "overview"),
        "may_start": allows(policies.check_can_start, request.actor, found, clock.now()),
        "early": clock.civil_day(clock.now()) <= found.ends_on,
        "online": online,
        "offline": offline,
        "hour": rules_of(found)["minutes_per_class_hour"],
        "groups": group_labels(found.programme.target_groups),
        "active": queries.active_count(found.pk),
    }
    return render(request, "training/cohort.html", context)


@roles(*STAFF)
@require_GET
def plan(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """The plan to read and to print."""
    found = get_cohort(request.actor, cohort_id)
    return render(request, "training/plan.html", {**frame(request, found, "plan"), **plan_context(found)})


@roles(*STAFF)
@require_GET
def cohort_rules(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """The numbers this cohort runs by, each with its source."""
    found = get_cohort(request.actor, cohort_id)
    context = {**frame(request, found, "rules"), "told": explain_rules(found, clock.now())}
    return render(request, "training/cohort_rules.html", context)


@roles(*STAFF)
@require_GET
def history(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """What happened, from the log."""
    found = get_cohort(request.actor, cohort_id)
    page = evidence.timeline_page(refs=[f"cohort:{found.pk}"], asked=request.GET.dict(), now=clock.now())
    return render(request, "training/history.html", {**frame(request, found, "history"), "page": page})


def plan_context(cohort: Cohort) -> dict[str, Any]:
    """Stages with their lines, and the share; for the plan tab and the filing."""
    lines = list_lines(cohort.pk)
    stages = [(stage, [line for line in lines if line.stage_id == stage.pk]) for stage in list_stages(cohort.pk)]
    rules = rules_of(cohort)
    share = plan_share(lines)
    return {
        "stages": stages,
        "share": share,
        "limit": rules["online_share_percent"],
        "exceeds": share.exceeds(rules["online_share_percent"]),
        "hour": rules["minutes_per_class_hour"],
        "offline": LineMode.OFFLINE,
    }


def _basics(request: ActorRequest, form: BasicsForm, values: dict[str, Any]) -> dict[str, Any]:
    return {"actor": request.actor, "now": clock.now(), **form.fields_of(values)}


def _plan_forms(request: ActorRequest, cohort: Cohort) -> dict[str, Any]:
    data = request.POST or None
    teachers = identity.list_teachers(cohort.organisation_id)
    context = plan_context(cohort)
    lessons = _lesson_forms(data, cohort, context["stages"], teachers)
    return {
        **context,
        "cohort": cohort,
        "steps": wizard_steps("plan"),
        "stage_form": StageForm(data, stages=[(stage.number, stage.title) for stage, _ in context["stages"]]),
        "lessons": lessons,
        "rows": [(stage, [(line, lessons.get(line.pk)) for line in lines]) for stage, lines in context["stages"]],
        "parts": queries.sibling_parts(cohort.pk),
        "join": JOIN,
        "teachers": teachers,
    }


def _lesson_forms(data: Any, cohort: Cohort, stages: Any, teachers: list[identity.Person]) -> dict[int, LessonForm]:
    """One form for each offline line, by line."""
    return {
        line.pk: LessonForm(data, line=line, teachers=teachers, venue=cohort.venue)
        for _, lines in stages
        for line in lines
        if line.mode == LineMode.OFFLINE
    }


def _save_plan(request: ActorRequest, cohort: Cohort, context: dict[str, Any]) -> bool:
    """Save stages and lessons when every row is valid; else the forms carry the errors."""
    stage_form, lessons = context["stage_form"], context["lessons"].values()
    if not all([stage_form.is_valid(), *(form.is_valid() for form in lessons)]):
        return False
    plans = [plan for form in lessons if (plan := form.plan()) is not None]

    def save(_: dict[str, Any]) -> bool:
        acting: dict[str, Any] = {"actor": request.actor, "cohort_id": cohort.pk, "now": clock.now()}
        operations.rename_stages(**acting, titles=stage_form.titles())
        operations.set_plan(**acting, lessons=plans)
        return True

    return bool(attempt(request, stage_form, save))
