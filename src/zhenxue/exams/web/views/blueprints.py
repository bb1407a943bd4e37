"""Blueprints: list, rules with a live count, papers drawn to be looked at, finish, copy."""

from random import SystemRandom

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.exams import policies, queries
from zhenxue.exams.data import MultipleRule, PaperState
from zhenxue.exams.models import Blueprint
from zhenxue.exams.operations import blueprints as operations
from zhenxue.exams.operations.planning import frozen_view, plan_of, try_out
from zhenxue.exams.web.forms import TitleForm
from zhenxue.exams.web.forms.plans import BlueprintForm, RuleForm
from zhenxue.exams.web.support import AUTHORS, STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import try_form
from zhenxue.kernel.web.once import creates


@roles(*STAFF)
def blueprint_list(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        queries.visible_blueprints(request.actor),
        search=("title", "organisation__name"),
        filters=(Filter("state", "状态", PaperState.choices()),),
        sorts={"title": "方案", "questions": "题数", "total": "总分", "difficulty": "难度", "created_at": "建立时间"},
        default_sort="-created_at",
        search_label="搜索组卷方案",
    )
    context = {"listing": listing, "read_only": read_only(request), "can_write": request.actor.role in AUTHORS}
    return render(request, "exams/blueprints.html", context)


@roles(*AUTHORS)
@creates
def blueprint_new(request: ActorRequest) -> HttpResponse:
    form = BlueprintForm(request.POST or None, initial={"multiple_rule": MultipleRule.ALL.value})
    made = try_form(
        form, lambda: operations.create_blueprint(actor=request.actor, now=clock.now(), **form.cleaned_data)
    )
    if made is not None:
        return redirect("exams:blueprint", made.pk)
    return render(request, "exams/blueprint_form.html", {"form": form}, status=status_of(form))


@roles(*AUTHORS)
def blueprint_edit(request: ActorRequest, blueprint_id: int) -> HttpResponse:
    blueprint = queries.get_blueprint(request.actor, blueprint_id)
    form = BlueprintForm(request.POST) if request.method == "POST" else BlueprintForm.of(blueprint)

    def change() -> HttpResponse:
        operations.change_blueprint(actor=request.actor, blueprint=blueprint, **form.cleaned_data)
        return redirect("exams:blueprint", blueprint.pk)

    context = {"form": form, "blueprint": blueprint}
    return try_form(form, change) or render(request, "exams/blueprint_form.html", context, status=status_of(form))


@roles(*STAFF)
def blueprint_page(request: ActorRequest, blueprint_id: int) -> HttpResponse:
    blueprint = queries.get_blueprint(request.actor, blueprint_id)
    return render(request, "exams/blueprint.html", _context(request, blueprint))


def _context(request: ActorRequest, blueprint: Blueprint, form: RuleForm | None = None) -> dict[str, object]:
    can_write = policies.can_write(request.actor, blueprint.organisation_id)
    is_draft = can_write and blueprint.state == PaperState.DRAFT
    plan = plan_of(blueprint) if blueprint.state == PaperState.DRAFT else frozen_view(blueprint)
    context = {"blueprint": blueprint, "plan": plan, "is_draft": is_draft, "can_write": can_write}
    if is_draft:
        context["form"] = form or _chosen(request, RuleForm())
    return {**context, "read_only": read_only(request)}


def _chosen(request: ActorRequest, form: RuleForm) -> RuleForm:
    banks = list(queries.visible_banks(request.actor).order_by("title"))
    return form.choose(banks, queries.points_in_use(request.actor))


@roles(*AUTHORS)
@require_POST
def rule_add(request: ActorRequest, blueprint_id: int) -> HttpResponse:
    blueprint = queries.get_blueprint(request.actor, blueprint_id)
    form = _chosen(request, RuleForm(request.POST))
    added = try_form(form, lambda: operations.put_rule(actor=request.actor, blueprint=blueprint, facts=form.facts()))
    if added is None:
        return render(request, "exams/blueprint.html", _context(request, blueprint, form), status=422)
    return redirect(f"{request.path.rsplit('rules/', 1)[0]}#rules")


@roles(*AUTHORS)
def rule_edit(request: ActorRequest, blueprint_id: int, position: int) -> HttpResponse:
    blueprint = queries.get_blueprint(request.actor, blueprint_id)
    rule = next((one for one in queries.list_rules(blueprint) if one.position == position), None)
    if rule is None:
        raise NotFound("exams.rule_gone", "这条规则已经不在了，请返回方案刷新。")
    form = _chosen(request, RuleForm(request.POST) if request.method == "POST" else RuleForm.of(rule))

    def change() -> HttpResponse:
        facts = form.facts()
        operations.put_rule(actor=request.actor, blueprint=blueprint, facts=facts, position=position)
        return redirect("exams:blueprint", blueprint.pk)

    context = {"form": form, "blueprint": blueprint, "rule": rule}
    return try_form(form, change) or render(request, "exams/rule.html", context, status=status_of(form))


@roles(*AUTHORS)
def rule_count(request: ActorRequest) -> HttpResponse:
    """The live count beside the form of a rule."""
    form = _chosen(request, RuleForm(request.GET))
    form.is_valid()
    clean = form.cleaned_data
    can_count = {"bank", "kind", "lowest", "highest", "point"} <= set(clean)
    count = queries.count_matching(form.facts_to_count()) if can_count else None
    return render(request, "exams/_rule_count.html", {"count": count, "wanted": clean.get("count")})


@roles(*AUTHORS)
@require_POST
def rule_act(request: ActorRequest, blueprint_id: int, position: int, act: str) -> HttpResponse:
    blueprint = queries.get_blueprint(request.actor, blueprint_id)
    step = {"up": -1, "down": 1, "remove": 0}.get(act)
    if step is None:
        raise NotFound("exams.no_such_act", "没有这项操作。")
    if step:
        operations.shift_rule(actor=request.actor, blueprint=blueprint, position=position, step=step)
    else:
        operations.remove_rule(actor=request.actor, blueprint=blueprint, position=position)
    return redirect(f"{request.path.rsplit('rules/', 1)[0]}#rules")


@roles(*STAFF)
def blueprint_samples(request: ActorRequest, blueprint_id: int) -> HttpResponse:
    blueprint = queries.get_blueprint(request.actor, blueprint_id)
    plan = plan_of(blueprint) if blueprint.state == PaperState.DRAFT else frozen_view(blueprint)
    samples = try_out(plan, SystemRandom())
    context = {"blueprint": blueprint, "plan": plan, "samples": samples, "read_only": read_only(request)}
    return render(request, "exams/blueprint_samples.html", context)


@roles(*AUTHORS)
@require_POST
def blueprint_finish(request: ActorRequest, blueprint_id: int) -> HttpResponse:
    blueprint = queries.get_blueprint(request.actor, blueprint_id)
    operations.finish_blueprint(actor=request.actor, blueprint=blueprint, now=clock.now())
    messages.success(request, "组卷方案已定稿，可以用来安排考试。")
    return redirect("exams:blueprint", blueprint.pk)


@roles(*AUTHORS)
@require_POST
def blueprint_copy(request: ActorRequest, blueprint_id: int) -> HttpResponse:
    blueprint, now = queries.get_blueprint(request.actor, blueprint_id), clock.now()
    form = TitleForm(request.POST)
    title = form.cleaned_data["title"] if form.is_valid() else f"{blueprint.title[:100]}（副本 {now:%m%d%H%M%S}）"
    copy = operations.copy_blueprint(actor=request.actor, blueprint=blueprint, title=title, now=now)
    messages.success(request, "已复制成新的方案，可以修改；可抽的题按现在的题库重新计算。")
    return redirect("exams:blueprint", copy.pk)


@roles(*AUTHORS)
@require_POST
def blueprint_retire(request: ActorRequest, blueprint_id: int) -> HttpResponse:
    blueprint = queries.get_blueprint(request.actor, blueprint_id)
    operations.retire_blueprint(actor=request.actor, blueprint=blueprint)
    messages.success(request, "组卷方案已停用，不再用于新的考试。")
    return redirect("exams:blueprint", blueprint.pk)
