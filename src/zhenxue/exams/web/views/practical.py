"""Practical examinations on an examiner's phone: learners, one score sheet, pictures; paper sheets in and out."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.exams import policies
from zhenxue.exams.data import AttemptState
from zhenxue.exams.models import Exam, Examiner, ScoreSheet
from zhenxue.exams.operations import practical as operations
from zhenxue.exams.operations import score_evidence, score_import
from zhenxue.exams.operations.drawing import draw_sheet
from zhenxue.exams.operations.marking import points
from zhenxue.exams.queries import desk
from zhenxue.exams.queries import practical as room
from zhenxue.exams.web.forms import civil
from zhenxue.exams.web.forms.answers import AnswerForm
from zhenxue.exams.web.forms.marking import ScoreFileForm, WorkFileForm
from zhenxue.exams.web.support import AUTHORS, STAFF, read_only, status_of, wants_json
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.downloads import xlsx
from zhenxue.kernel.web.forms import attempt as attempt_form

PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


@roles(*STAFF)
@require_GET
def practical(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = desk.get_exam_to_score(request.actor, exam_id)
    examiner = room.find_examiner(request.actor, exam)
    listing = _learners(request, exam, examiner)
    rows = room.candidates(exam, listing.rows, examiner)
    context: dict[str, Any] = {"exam": exam, "examiner": examiner, "listing": listing, "rows": rows}
    context |= {"named": desk.examiners_of(exam), "counts": room.counts(exam)}
    context |= {"can_manage": _manages(request, exam), "read_only": read_only(request)}
    return render(request, "exams/practical/list.html", context)


@roles(*AUTHORS)
@require_POST
def sheet_open(request: ActorRequest, exam_id: int, enrolment_id: int) -> HttpResponse:
    exam = desk.get_exam_to_score(request.actor, exam_id)
    sheet = operations.open_sheet(actor=request.actor, exam=exam, enrolment_id=enrolment_id, now=clock.now())
    return redirect("exams:sheet", sheet.pk)


@roles(*AUTHORS)
@never_cache
def sheet_page(request: ActorRequest, sheet_id: int) -> HttpResponse:
    sheet = operations.own_sheet(request.actor, sheet_id)
    if request.method != "POST":
        return render(request, "exams/practical/sheet.html", _sheet_context(sheet, {}))
    try:
        saved = _save(request, sheet)
    except Invalid as error:
        if wants_json(request):
            raise
        sheet.steps = _given(request, len(room.steps_of(sheet.attempt)))
        return render(request, "exams/practical/sheet.html", _sheet_context(sheet, error.fields), status=422)
    if wants_json(request):
        return JsonResponse(_acknowledgement(saved))
    messages.success(request, f"已保存 第 {saved.sequence} 号，{saved.done} / {saved.steps} 步已评分。")
    return redirect("exams:sheet", sheet_id)


@roles(*AUTHORS)
@require_POST
def sheet_submit(request: ActorRequest, sheet_id: int) -> HttpResponse:
    sheet = operations.own_sheet(request.actor, sheet_id)
    try:
        operations.submit_sheet(actor=request.actor, sheet_id=sheet_id, now=clock.now())
    except Invalid as error:
        context = _sheet_context(sheet, error.fields) | {"problem": error.message}
        return render(request, "exams/practical/sheet.html", context, status=422)
    messages.success(request, "评分表已提交。")
    return redirect("exams:practical", sheet.attempt.exam_id)


@roles(*AUTHORS)
@require_POST
def file_add(request: ActorRequest, sheet_id: int) -> HttpResponse:
    form = WorkFileForm(request.POST, request.FILES)
    keep = partial(score_evidence.add_evidence, actor=request.actor, sheet_id=sheet_id, now=clock.now())
    if not attempt_form(request, form, lambda data: keep(content=data["file"].read())):
        raise Invalid("exams.evidence", " ".join(str(one[0]) for one in form.errors.values()))
    messages.success(request, "已上传。")
    return redirect("exams:sheet", sheet_id)


@roles(Role.LEARNER, *STAFF)
@require_GET
def file(request: ActorRequest, evidence_id: int) -> HttpResponse:
    content, mime = score_evidence.open_evidence(request.actor, evidence_id)
    return HttpResponse(content, content_type=mime, headers=PRIVATE)


@roles(*AUTHORS)
@require_POST
def file_drop(request: ActorRequest, evidence_id: int) -> HttpResponse:
    sheet = score_evidence.drop_evidence(actor=request.actor, evidence_id=evidence_id)
    messages.success(request, "已删除。")
    return redirect("exams:sheet", sheet.pk)


@roles(*AUTHORS)
def score_file(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = desk.get_exam_to_score(request.actor, exam_id)
    form = ScoreFileForm(request.POST or None, request.FILES or None)
    take = partial(score_import.import_scores, actor=request.actor, exam=exam, now=clock.now())
    done = attempt_form(request, form, lambda data: take(source=data["file"].read(), file_name=data["file"].name))
    if done is not None and done.saved:
        messages.success(request, f"已导入并提交 {done.saved} 张评分表。")
        return redirect("exams:practical", exam.pk)
    context = {"exam": exam, "form": form, "done": done}
    return render(request, "exams/practical/import.html", context, status=422 if done else status_of(form))


@roles(*AUTHORS)
@require_GET
def score_template(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = desk.get_exam_to_score(request.actor, exam_id)
    return xlsx(score_import.template(exam), f"{exam.cohort.code}_{exam.title}_评分表.xlsx")


@roles(*STAFF)
@require_GET
def score_print(request: ActorRequest, exam_id: int) -> HttpResponse:
    exam = desk.get_exam_to_score(request.actor, exam_id)
    learners = room.learners_of(exam).order_by("person__name", "pk")
    context = {"exam": exam, "learners": learners, "steps": room.steps_of_lines(draw_sheet(exam))}
    return render(request, "exams/practical/print.html", context)


def _save(request: ActorRequest, sheet: ScoreSheet) -> operations.SheetSaved:
    return operations.save_sheet(
        actor=request.actor,
        sheet_id=sheet.pk,
        given=_given(request, len(room.steps_of(sheet.attempt))),
        comment=request.POST.get("comment", ""),
        client_sequence=AnswerForm(request.POST).number,
        now=clock.now(),
    )


def _given(request: HttpRequest, steps: int) -> list[dict[str, Any]]:
    """``points-0``, ``deduction-0`` (several) … by step."""
    found = []
    for number in range(steps):
        chosen = [int(one) for one in request.POST.getlist(f"deduction-{number}") if one.isdecimal()]
        found.append({"points": request.POST.get(f"points-{number}", ""), "deductions": chosen})
    return found


def _acknowledgement(saved: operations.SheetSaved) -> dict[str, object]:
    at = f"{civil(saved.saved_at):%H:%M:%S}"
    return {"sequence": saved.sequence, "at": at, "done": saved.done, "points": points(saved.points)}


def _sheet_context(sheet: ScoreSheet, wrong: dict[str, str]) -> dict[str, object]:
    steps = room.steps_of(sheet.attempt)
    empty: dict[str, Any] = {"points": "", "deductions": []}
    kept = [*sheet.steps, *[empty] * len(steps)]
    rows = [(number, step, kept[number], wrong.get(f"step-{number}", "")) for number, step in enumerate(steps)]
    is_open = sheet.submitted_at is None and sheet.attempt.state == AttemptState.SUBMITTED
    return {
        "sheet": sheet,
        "exam": sheet.attempt.exam,
        "learner": sheet.attempt.enrolment.person,
        "rows": rows,
        "is_open": is_open,
        "done": sum(one["points"] != "" for one in sheet.steps),
        "files": list(sheet.evidence.order_by("pk")),
        "form": WorkFileForm(),
        "narrow": True,
    }


def _manages(request: ActorRequest, exam: Exam) -> bool:
    return policies.can_schedule(request.actor, exam.cohort.organisation_id)


def _learners(request: ActorRequest, exam: Exam, examiner: Examiner | None) -> Listing:
    """The learners of an exam as the address asks for them."""
    return Listing(
        request,
        room.learners_of(exam),
        search=("person__name",),
        filters=(Filter("state", "状态", room.STANDINGS, apply=partial(room.narrow, exam, examiner)),),
        sorts={"person__name": "姓名"},
        default_sort="person__name",
        search_label="搜索姓名",
    )
