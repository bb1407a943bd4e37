"""Courses and their versions: the list, one course, one version, what it says of itself."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.catalogue.data import Domain, VersionState
from zhenxue.catalogue.operations import courses as acts
from zhenxue.catalogue.operations import reviews
from zhenxue.catalogue.policies import AUTHORS, STAFF, is_author, owns
from zhenxue.catalogue.queries.courses import (
    course_shelf,
    get_course,
    get_visible_version,
    list_visible_versions,
    review_queue,
    waiting_courses,
)
from zhenxue.catalogue.queries.materials import unfinished_materials
from zhenxue.catalogue.queries.standards import standard_choices
from zhenxue.catalogue.web.forms import CourseForm
from zhenxue.catalogue.web.pages import version_page
from zhenxue.evidence import api as evidence
from zhenxue.identity.api import ActorRequest, Role, roles
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

OPEN_STATES = [
    (state.value, state.label) for state in (VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.RETURNED)
]


@roles(*STAFF)
def courses(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        course_shelf(request.actor),
        search=("title", "occupation__name", "organisation__name"),
        filters=(
            Filter("domain", "分类", Domain.choices()),
            Filter("open", "编辑中", OPEN_STATES, field="open_state"),
        ),
        sorts={"title": "课程", "created_at": "创建时间"},
        default_sort="-created_at",
        search_label="课程、职业或机构",
    )
    return render(request, "catalogue/courses.html", {"listing": listing, "can_add": is_author(request.actor)})


@roles(*AUTHORS)
@creates
def new_course(request: ActorRequest) -> HttpResponse:
    form = CourseForm(request.POST or None, standards=standard_choices(request.actor))
    made = attempt(
        request, form, lambda _: acts.create_course(actor=request.actor, facts=form.facts(), now=clock.now())
    )
    if made:
        messages.success(request, "课程已建立，现在添加章节和单元。")
        return redirect("catalogue:editor", made.pk)
    return render(request, "catalogue/new_course.html", {"form": form}, status=422 if form.errors else 200)


@roles(*STAFF)
def course(request: ActorRequest, course_id: int) -> HttpResponse:
    found = get_course(request.actor, course_id)
    versions = list_visible_versions(request.actor, found.pk)
    context = {
        "course": found,
        "versions": versions,
        "can_begin": owns(request.actor, found.organisation_id) and not any(one.is_open for one in versions),
        "entries": evidence.list_entries(refs=[f"course:{found.pk}"], limit=50),
    }
    return render(request, "catalogue/course.html", context)


@roles(*STAFF)
def version(request: ActorRequest, version_id: int) -> HttpResponse:
    found = get_visible_version(request.actor, version_id)
    return render(request, "catalogue/version.html", version_page(request.actor, found, clock.now()))


@roles(*AUTHORS)
def edit_facts(request: ActorRequest, version_id: int) -> HttpResponse:
    found = get_visible_version(request.actor, version_id)
    form = CourseForm(
        request.POST or None, initial=CourseForm.initial_of(found), standards=standard_choices(request.actor)
    )
    saved = attempt(
        request,
        form,
        lambda _: acts.edit_facts(actor=request.actor, version_id=found.pk, facts=form.facts(), now=clock.now()),
    )
    if saved:
        messages.success(request, "课程信息已保存。")
        return redirect("catalogue:editor", found.pk)
    return render(
        request, "catalogue/edit_facts.html", {"form": form, "version": found}, status=422 if form.errors else 200
    )


@roles(*AUTHORS)
@require_POST
def begin_version(request: ActorRequest, course_id: int) -> HttpResponse:
    made = acts.begin_version(actor=request.actor, course_id=course_id, now=clock.now())
    messages.success(request, f"已建立第 {made.number} 版草稿，内容从上一版复制。")
    return redirect("catalogue:editor", made.pk)


@roles(*AUTHORS)
@require_POST
def discard_version(request: ActorRequest, version_id: int) -> HttpResponse:
    acts.discard_version(actor=request.actor, version_id=version_id, now=clock.now())
    messages.success(request, "草稿已放弃。")
    return redirect("catalogue:courses")


@roles(*AUTHORS)
@require_POST
def submit_version(request: ActorRequest, version_id: int) -> HttpResponse:
    found = get_visible_version(request.actor, version_id)
    if reviews.find_problems(found):
        messages.error(request, "还不能提交审校，请先按下面列出的问题逐项改好。")
        return redirect("catalogue:editor", version_id)
    reviews.submit_version(actor=request.actor, version_id=version_id, now=clock.now())
    messages.success(request, "已提交审校，审校结果会显示在课程页。")
    return redirect("catalogue:version", version_id)


@roles(Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.OPERATOR_REVIEWER)
@require_POST
def withdraw_version(request: ActorRequest, version_id: int) -> HttpResponse:
    reason = request.POST.get("reason", "")
    reviews.withdraw_version(actor=request.actor, version_id=version_id, reason=reason, now=clock.now())
    messages.success(request, "已下架，新的培训项目不能再选用；已备案的班期不受影响。")
    return redirect("catalogue:version", version_id)


@roles(*AUTHORS, Role.OPERATOR_REVIEWER)
def home_block(request: ActorRequest) -> HttpResponse:
    """What waits to be done in the catalogue, for the home page."""
    context = {
        "queue": list(review_queue(request.actor)[:5]) if request.actor.role == Role.OPERATOR_REVIEWER else [],
        "waiting": waiting_courses(request.actor),
        "materials": unfinished_materials(request.actor),
        "is_reviewer": request.actor.role == Role.OPERATOR_REVIEWER,
    }
    return render(request, "catalogue/home_block.html", context)
