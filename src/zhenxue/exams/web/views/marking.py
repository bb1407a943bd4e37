"""The marking desk, who marks, publication, and what went wrong most."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.exams import policies, queries
from zhenxue.exams.data import ExamKind, ExamState
from zhenxue.exams.models import Exam
from zhenxue.exams.operations import marking_desk as operations
from zhenxue.exams.operations import publication
from zhenxue.exams.queries import desk, wrong
from zhenxue.exams.web.exports import wrong_answers_sheet
from zhenxue.exams.web.forms.marking import MarkersForm, PointsForm
from zhenxue.exams.web.support import AUTHORS, MANAGERS, STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.downloads import xlsx
from zhenxue.kernel.web.forms import attempt


@roles(*STAFF)
@require_GET
def desk_list(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        desk.exams_to_score(request.actor),
        search=("title", "cohort__code", "cohort__title"),
        filters=(
            Filter("kind", "类别", ExamKind.choices()),
            Filter("state", "状态", [(one.value, one.label) for one in (ExamState.SCHEDULED, ExamState.CLOSED)]),
        ),
        sorts={"title": "考试", "closes_at": "考试结束", "waiting": "待评答案"},
        default_sort="-waiting",
        search_label="搜索考试或班期",
    )
    return render(request, "exams/marking/list.html", {"listing": listing, "read_only": read_only(request)})


@roles(*STAFF)
@require_GET
def exam_desk(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = desk.get_exam_to_score(request.actor, exam_id)
    lines, held = desk.desk_lines(exam), desk.held_by(request.actor, exam, clock.now())
    oversees = policies.can_schedule(request.actor, exam.cohort.organisation_id)
    only = request.actor.person_id if request.actor.role in AUTHORS and not oversees else None
    context = {
        "exam": exam,
        "lines": [(line, held.get(line.question_id)) for line in lines],
        "total": sum(line.total for line in lines),
        "done": sum(line.done for line in lines),
        "is_marker": desk.is_marker(request.actor, exam),
        "figures": desk.marker_figures(exam, only=only),
        "named": desk.examiners_of(exam),
        "can_manage": oversees,
        "read_only": read_only(request),
    }
    return render(request, "exams/marking/exam.html", context)


@roles(*AUTHORS)
@require_POST
def claim(request: ActorRequest, exam_id: int, question_id: int) -> HttpResponse:
    return _next(request, desk.get_exam_to_score(request.actor, exam_id), question_id)


@roles(*AUTHORS)
@never_cache
def mark_page(request: ActorRequest, mark_id: int) -> HttpResponse:
    mark = desk.get_own_mark(request.actor, mark_id)
    exam, now = mark.answer.attempt.exam, clock.now()
    line, items = operations.sheet_items(mark.answer)
    form = PointsForm(request.POST or None, items=items)
    give = partial(operations.give_points, actor=request.actor, mark_id=mark_id, given=form.given(), now=now)
    if attempt(request, form, lambda data: give(comment=data["comment"])):
        return _next(request, exam, mark.answer.question_id)
    shown = {"shown": desk.shown_answer(mark, line), "items": items, "score": line.score}
    progress = next((one for one in desk.desk_lines(exam) if one.question_id == mark.answer.question_id), None)
    context = {"mark": mark, "exam": exam, "form": form, "progress": progress, **shown}
    return render(request, "exams/marking/mark.html", context, status=status_of(form))


@roles(*AUTHORS)
@require_POST
def mark_back(request: ActorRequest, mark_id: int) -> HttpResponse:
    exam_id = desk.get_own_mark(request.actor, mark_id).answer.attempt.exam_id
    operations.give_back(actor=request.actor, mark_id=mark_id)
    messages.success(request, "已退回，其他老师可以领取。")
    return redirect("exams:exam_desk", exam_id)


@roles(*MANAGERS)
def markers(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    form = MarkersForm(request.POST or None).choose(desk.people_to_name(exam), desk.examiners_of(exam))
    name = partial(operations.name_markers, actor=request.actor, exam=exam, now=clock.now())

    def save(data: dict[str, list[int]]) -> bool:
        name(people=data["people"], chiefs=data["chiefs"])
        return True

    if attempt(request, form, save):
        messages.success(request, "名单已保存。")
        return redirect("exams:practical" if exam.is_practical else "exams:exam_desk", exam.pk)
    return render(request, "exams/marking/markers.html", {"form": form, "exam": exam}, status=status_of(form))


@roles(*MANAGERS)
@require_POST
def publish(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    publication.publish(actor=request.actor, exam=exam, now=clock.now())
    messages.success(request, "成绩已公布，学员会收到通知。")
    return redirect("exams:exam", exam.pk)


@roles(*STAFF)
@require_GET
def wrong_answers(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    context = {"exam": exam, "points": wrong.by_point(exam), "read_only": read_only(request)}
    return render(request, "exams/marking/wrong.html", context | {"questions": queries.question_figures(exam)})


@roles(*STAFF)
@require_GET
def wrong_answers_export(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = queries.get_exam(request.actor, exam_id)
    return xlsx(wrong_answers_sheet(exam), f"{exam.cohort.code}_{exam.title}_错题分布.xlsx")


def _next(request: ActorRequest, exam: Exam, question_id: int) -> HttpResponse:
    """On to the next answer of a question, or back to the desk when there is none for this person."""
    mark = operations.claim_next(actor=request.actor, exam=exam, question_id=question_id, now=clock.now())
    if mark is not None:
        return redirect("exams:mark", mark.pk)
    messages.info(request, "这道题现在没有你可以评的答案了。")
    return redirect("exams:exam_desk", exam.pk)
