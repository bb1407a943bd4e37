"""Programmes: the list and the builder that shows the online share as it grows (N1, N11)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.catalogue import api as catalogue
from zhenxue.identity import api as identity
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates
from zhenxue.training import policies
from zhenxue.training.data import LineMode, ProgrammeKind, ProgrammeState, SkillLevel
from zhenxue.training.models import Programme, ProgrammeLine
from zhenxue.training.operations import programmes as operations
from zhenxue.training.queries import programmes as queries
from zhenxue.training.queries.scope import get_programme
from zhenxue.training.web.forms.programmes import (
    LineForm,
    OfflineLineForm,
    OnlineLineForm,
    ProgrammeForm,
    ReadyForm,
)
from zhenxue.training.web.views.common import MANAGERS, OVERSEERS


@roles(*MANAGERS, *OVERSEERS)
@require_GET
def programmes(request: ActorRequest) -> HttpResponse:
    """Programmes in sight."""
    listing = Listing(
        request,
        queries.programme_shelf(request.actor),
        search=("title", "occupation__name", "organisation__name"),
        filters=(
            Filter("state", "状态", ProgrammeState.choices()),
            Filter("kind", "类别", ProgrammeKind.choices()),
            Filter("level", "等级", SkillLevel.choices()),
        ),
        sorts={"title": "项目名称", "created_at": "新建时间", "cohorts": "班期数"},
        default_sort="-created_at",
        search_label="搜索项目、职业、机构",
    )
    return render(request, "training/programmes.html", {"listing": listing})


@roles(*MANAGERS)
@require_GET
def occupation_options(request: ActorRequest) -> HttpResponse:
    """Options of the occupation picker."""
    found = catalogue.search_occupations(request.GET.get("occupation", ""))
    return render(request, "training/_occupations.html", {"occupations": found})


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def new_programme(request: ActorRequest) -> HttpResponse:
    """The head of a new programme."""
    form = ProgrammeForm(request.POST or None, options_url=reverse("training:occupations"))
    made = attempt(request, form, lambda values: operations.create_programme(**_head(request, values)))
    if made:
        messages.success(request, "已新建。接着添加线上课程和线下课。")
        return redirect("training:programme", made.pk)
    return render(request, "training/programme_form.html", {"form": form}, status=422 if form.errors else 200)


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
def edit_programme(request: ActorRequest, programme_id: int) -> HttpResponse:
    """Change the head of a draft."""
    programme = get_programme(request.actor, programme_id)
    policies.check_can_edit_programme(request.actor, programme)
    initial = {name: getattr(programme, name) for name in ("kind", "title", "level", "target_groups", "pass_percent")}
    initial["occupation"] = str(programme.occupation)
    form = ProgrammeForm(request.POST or None, initial=initial, options_url=reverse("training:occupations"))
    form.fields["pass_percent"].required = True
    if attempt(
        request, form, lambda values: operations.change_programme(programme_id=programme_id, **_head(request, values))
    ):
        messages.success(request, "项目信息已保存。")
        return redirect("training:programme", programme_id)
    context = {"form": form, "programme": programme}
    return render(request, "training/programme_form.html", context, status=422 if form.errors else 200)


@roles(*MANAGERS, *OVERSEERS)
@require_GET
def programme(request: ActorRequest, programme_id: int) -> HttpResponse:
    """The builder of a draft; otherwise the programme to read."""
    return render(request, "training/programme.html", _builder(request, programme_id))


@roles(*MANAGERS)
@require_POST
def add_online(request: ActorRequest, programme_id: int) -> HttpResponse:
    """Add a course."""
    form = OnlineLineForm(request.POST, versions=_versions(request))
    done = attempt(
        request,
        form,
        lambda values: operations.add_online_line(
            actor=request.actor,
            programme_id=programme_id,
            course_version_id=values["course_version"],
            stage=values["stage"],
            now=clock.now(),
        ),
    )
    return _answer(request, programme_id, online=None if done else form)


@roles(*MANAGERS)
@require_POST
def add_offline(request: ActorRequest, programme_id: int) -> HttpResponse:
    """Add a lesson's topic."""
    form = OfflineLineForm(request.POST)
    done = attempt(
        request,
        form,
        lambda values: operations.add_offline_line(
            actor=request.actor, programme_id=programme_id, now=clock.now(), **values
        ),
    )
    return _answer(request, programme_id, offline=None if done else form)


@roles(*MANAGERS)
@require_POST
def change_line(request: ActorRequest, programme_id: int, line_id: int) -> HttpResponse:
    """Change a line where it stands."""
    form = LineForm(request.POST)
    done = attempt(
        request,
        form,
        lambda values: operations.change_line(
            actor=request.actor,
            programme_id=programme_id,
            line_id=line_id,
            stage=values["stage"],
            title=values["title"] or None,
            minutes=values["minutes"],
            now=clock.now(),
        ),
    )
    return _answer(request, programme_id, line=None if done else form)


@roles(*MANAGERS)
@require_POST
def delete_line(request: ActorRequest, programme_id: int, line_id: int) -> HttpResponse:
    """Take a line out."""
    operations.delete_line(actor=request.actor, programme_id=programme_id, line_id=line_id, now=clock.now())
    return _answer(request, programme_id)


@roles(*MANAGERS)
@require_POST
def move_line(request: ActorRequest, programme_id: int, line_id: int) -> HttpResponse:
    """One place up or down."""
    up = request.POST.get("direction") == "up"
    operations.move_line(actor=request.actor, programme_id=programme_id, line_id=line_id, up=up, now=clock.now())
    return _answer(request, programme_id)


@roles(*MANAGERS)
@require_POST
def make_ready(request: ActorRequest, programme_id: int) -> HttpResponse:
    """Settle the programme."""
    form = ReadyForm(request.POST)
    done = attempt(
        request,
        form,
        lambda values: operations.make_ready(actor=request.actor, programme_id=programme_id, now=clock.now(), **values),
    )
    if done:
        messages.success(request, "项目已定稿，可以开班。")
        return redirect("training:programme", programme_id)
    return render(request, "training/programme.html", _builder(request, programme_id, ready=form), status=422)


@roles(*MANAGERS)
@require_POST
@creates
def copy_programme(request: ActorRequest, programme_id: int) -> HttpResponse:
    """A new draft like this one."""
    copy = operations.copy_programme(actor=request.actor, programme_id=programme_id, now=clock.now())
    messages.success(request, "已复制为新项目，可以修改。")
    return redirect("training:programme", copy.pk)


@roles(*MANAGERS)
@require_POST
def retire_programme(request: ActorRequest, programme_id: int) -> HttpResponse:
    """No more cohorts."""
    operations.retire_programme(actor=request.actor, programme_id=programme_id, now=clock.now())
    messages.success(request, "项目已停用，不能再开新班；已开的班不受影响。")
    return redirect("training:programme", programme_id)


def _head(request: ActorRequest, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "actor": request.actor,
        "occupation_code": values["occupation"],
        "now": clock.now(),
        **{name: values[name] for name in ("kind", "title", "level", "target_groups", "pass_percent")},
    }


def _versions(request: ActorRequest) -> list[tuple[int, str]]:
    return [
        (one.pk, f"{one.course.title}（第 {one.number} 版）")
        for one in catalogue.list_published_versions(request.actor.organisation_id or 0)
    ]


def _builder(request: ActorRequest, programme_id: int, **forms: Any) -> dict[str, Any]:
    found = get_programme(request.actor, programme_id)
    lines = queries.list_programme_lines(found.pk)
    editable = allows(policies.check_can_edit_programme, request.actor, found)
    used = {line.course_version_id for line in lines}
    unused = [one for one in _versions(request) if one[0] not in used] if editable else []
    return {
        **_figures(found, lines),
        **_line_forms(lines, unused, forms),
        "programme": found,
        "groups": queries.group_labels(found.target_groups),
        "editable": editable,
        "own": allows(policies.check_can_manage, request.actor, found.organisation_id),
        "ready_form": forms.get("ready") or ReadyForm(initial={"share_exception_reason": found.share_exception_reason}),
    }


def _figures(found: Programme, lines: list[ProgrammeLine]) -> dict[str, Any]:
    """The lines by stage with the share and the limit of the region."""
    place, day = found.organisation.region_id, clock.civil_day(clock.now())
    rules = identity.get_rules(region_code=place, on=day, programme_kind=found.kind)
    share, limit = queries.share_of_lines(lines), rules["online_share_percent"]
    return {
        "stages": queries.by_stage(lines),
        "lines": lines,
        "offline": LineMode.OFFLINE,
        "share": share,
        "limit": limit,
        "exceeds": share.exceeds(limit),
        "missing": share.offline_minutes_missing(limit),
        "hour": rules["minutes_per_class_hour"],
    }


def _line_forms(lines: list[ProgrammeLine], unused: list[tuple[int, str]], forms: dict[str, Any]) -> dict[str, Any]:
    """The forms below the lines; a refused one comes back as it was typed."""
    stage = {"stage": max((line.stage for line in lines), default=1)}
    return {
        "online_form": forms.get("online") or OnlineLineForm(versions=unused, initial=stage),
        "offline_form": forms.get("offline") or OfflineLineForm(initial=stage),
        "line_form": forms.get("line"),
    }


def _answer(request: ActorRequest, programme_id: int, **forms: Any) -> HttpResponse:
    """The builder anew: the fragment for htmx, else the page (after a redirect when all went well)."""
    refused = any(form is not None for form in forms.values())
    if not request.htmx and not refused:
        return redirect("training:programme", programme_id)
    template = "training/_builder.html" if request.htmx else "training/programme.html"
    return render(request, template, _builder(request, programme_id, **forms), status=422 if refused else 200)
