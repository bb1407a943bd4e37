"""Questions of a self-test: typed in, or imported from a sheet."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.catalogue import questions as shapes
from zhenxue.catalogue.models import Unit
from zhenxue.catalogue.operations import contents as acts
from zhenxue.catalogue.policies import AUTHORS, check_can_edit_version
from zhenxue.catalogue.queries.courses import get_question, get_visible_unit, list_questions
from zhenxue.catalogue.web.forms import QuestionForm, SheetForm
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import sheets
from zhenxue.kernel.web.confirm import Ask, confirm_page
from zhenxue.kernel.web.downloads import xlsx
from zhenxue.kernel.web.forms import attempt

MOST_ROWS = 500
DELETE = Ask("删除", "确定删除这道题？", tone="danger")


@roles(*AUTHORS)
def questions(request: ActorRequest, unit_id: int) -> HttpResponse:
    """The list, and a form for one more."""
    unit = _unit(request, unit_id)
    form = QuestionForm(request.POST or None)
    saved = attempt(
        request, form, lambda _: acts.save_question(actor=request.actor, unit_id=unit.pk, draft=form.draft())
    )
    if saved:
        messages.success(request, "题目已添加，可以接着添加下一道。")
        return redirect("catalogue:questions", unit.pk)
    context = {"unit": unit, "questions": list_questions(unit.pk), "form": form, "sheet_form": SheetForm()}
    context |= {"delete_question": DELETE}
    return render(request, "catalogue/questions.html", context, status=422 if form.errors else 200)


@roles(*AUTHORS)
def edit_question(request: ActorRequest, unit_id: int, question_id: int) -> HttpResponse:
    unit = _unit(request, unit_id)
    question = get_question(unit.pk, question_id)
    form = QuestionForm(request.POST or None, initial=QuestionForm.initial_of(question))
    saved = attempt(
        request,
        form,
        lambda _: acts.save_question(actor=request.actor, unit_id=unit.pk, draft=form.draft(), question_id=question.pk),
    )
    if saved:
        messages.success(request, "题目已保存。")
        return redirect("catalogue:questions", unit.pk)
    return render(
        request, "catalogue/edit_question.html", {"unit": unit, "form": form}, status=422 if form.errors else 200
    )


@roles(*AUTHORS)
@require_http_methods(["GET", "POST"])
def delete_question(request: ActorRequest, unit_id: int, question_id: int) -> HttpResponse:
    if request.method == "GET":
        question = get_question(_unit(request, unit_id).pk, question_id)
        back = reverse("catalogue:questions", args=[unit_id])
        return confirm_page(request, DELETE, subject=question.stem, back=back)
    acts.delete_question(actor=request.actor, unit_id=unit_id, question_id=question_id)
    messages.success(request, "题目已删除。")
    return redirect("catalogue:questions", unit_id)


@roles(*AUTHORS)
@require_POST
def import_questions(request: ActorRequest, unit_id: int) -> HttpResponse:
    """All rows or none; with a faulty row the page answers every row."""
    unit = _unit(request, unit_id)
    form = SheetForm(request.POST, request.FILES)
    rows = attempt(request, form, lambda values: _read(values["file"]))
    faulty = [row for row in rows or () if row.draft is None]
    if rows and not faulty:
        drafts = [row.draft for row in rows if row.draft]
        added = acts.import_questions(actor=request.actor, unit_id=unit.pk, drafts=drafts)
        messages.success(request, f"已导入 {added} 道题，{len(rows) - added} 道已存在的没有重复添加。")
        return redirect("catalogue:questions", unit.pk)
    context = {"unit": unit, "questions": list_questions(unit.pk), "form": QuestionForm(), "sheet_form": form}
    context |= {"rows": rows, "faulty": len(faulty), "delete_question": DELETE}
    return render(request, "catalogue/questions.html", context, status=422)


@roles(*AUTHORS)
@require_GET
def question_template(request: ActorRequest) -> HttpResponse:
    content = sheets.write_xlsx(
        "题目", shapes.TEMPLATE_HEADER, shapes.TEMPLATE_ROWS, shapes.TEMPLATE_NOTES, as_text=True
    )
    return xlsx(content, "题目导入模板.xlsx")


def _unit(request: ActorRequest, unit_id: int) -> Unit:
    unit = get_visible_unit(request.actor, unit_id)
    check_can_edit_version(request.actor, unit.version)
    return unit


def _read(file: object) -> list[shapes.QuestionRow]:
    sheet = sheets.read_sheet(file, getattr(file, "name", ""), max_rows=MOST_ROWS)  # type: ignore[arg-type]  # an uploaded file reads like a stream
    return shapes.read_question_table(sheets.table(sheet, shapes.QUESTION_COLUMNS))
