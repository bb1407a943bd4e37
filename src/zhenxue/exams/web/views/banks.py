"""Question banks: list, questions, import with a preview."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.catalogue import api as catalogue
from zhenxue.exams import policies, queries
from zhenxue.exams.data import Kind, PreviewRow, QuestionState
from zhenxue.exams.operations import banks as operations
from zhenxue.exams.web.forms import BankForm, QuestionForm, UploadForm
from zhenxue.exams.web.support import AUTHORS, STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock, sheets
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.downloads import xlsx
from zhenxue.kernel.web.forms import try_form
from zhenxue.kernel.web.once import creates


@roles(*STAFF)
def bank_list(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        queries.with_question_count(queries.visible_banks(request.actor)),
        search=("title", "organisation__name"),
        sorts={"title": "题库", "organisation__name": "机构", "count": "在用题数", "created_at": "建立时间"},
        default_sort="-created_at",
        search_label="搜索题库",
    )
    context = {"listing": listing, "read_only": read_only(request), "can_write": request.actor.role in AUTHORS}
    return render(request, "exams/banks.html", context)


@roles(*AUTHORS)
@creates
def bank_new(request: ActorRequest) -> HttpResponse:
    form = BankForm(request.POST or None)
    bank = try_form(
        form, lambda: operations.create_bank(actor=request.actor, title=form.cleaned_data["title"], now=clock.now())
    )
    if bank is not None:
        messages.success(request, "题库已建立，现在可以导入或逐题录入。")
        return redirect("exams:bank", bank.pk)
    return render(request, "exams/bank_new.html", {"form": form}, status=status_of(form))


@roles(*STAFF)
def bank_page(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    listing = Listing(
        request,
        queries.questions_of(bank),
        search=("stem", "number"),
        filters=(
            Filter("kind", "题型", Kind.choices()),
            Filter("state", "状态", QuestionState.choices()),
        ),
        sorts={"number": "题号", "kind": "题型", "score": "分值", "created_at": "更新时间"},
        default_sort="number",
        search_label="搜索题干或题号",
    )
    can_write = policies.can_write(request.actor, bank.organisation_id)
    context = {"bank": bank, "listing": listing, "can_write": can_write, "read_only": read_only(request)}
    return render(request, "exams/bank.html", context)


@roles(*AUTHORS)
@creates
def question_new(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    form = QuestionForm(request.POST or None)
    question = try_form(
        form, lambda: operations.add_question(actor=request.actor, bank=bank, now=clock.now(), facts=form.question())
    )
    if question is not None:
        messages.success(request, f"第 {question.number} 题已保存。")
        return redirect("exams:question_new" if "again" in request.POST else "exams:bank", bank.pk)
    return render(request, "exams/question.html", {"bank": bank, "form": form}, status=status_of(form))


@roles(*STAFF)
def question_page(request: ActorRequest, question_id: int) -> HttpResponse:
    question = queries.get_question(request.actor, question_id)
    may = policies.can_write(request.actor, question.bank.organisation_id) and question.state == QuestionState.ACTIVE
    form = QuestionForm(request.POST) if request.method == "POST" else QuestionForm.of(question)
    edit = partial(operations.edit_question, actor=request.actor, question=question, now=clock.now())
    new = try_form(form, lambda: edit(facts=form.question()))
    if new is not None:
        messages.success(request, f"第 {new.number} 题已保存为第 {new.version} 版；用到旧版的试卷不受影响。")
        return redirect("exams:bank", question.bank_id)
    context = {"bank": question.bank, "question": question, "form": form, "can_write": may}
    context["choices"] = queries.choices_of(question.kind, question.body)
    return render(request, "exams/question.html", context, status=status_of(form))


@roles(*AUTHORS)
@require_POST
def question_retire(request: ActorRequest, question_id: int) -> HttpResponse:
    question = queries.get_question(request.actor, question_id)
    operations.retire_question(actor=request.actor, question=question, now=clock.now())
    messages.success(request, f"第 {question.number} 题已停用，不再用于新试卷。")
    return redirect("exams:bank", question.bank_id)


@roles(*AUTHORS)
def template(request: ActorRequest) -> HttpResponse:
    data = sheets.write_xlsx(
        "题目", catalogue.TEMPLATE_HEADER, catalogue.TEMPLATE_ROWS, catalogue.TEMPLATE_NOTES, as_text=True
    )
    return xlsx(data, "题目导入模板.xlsx")


@roles(*AUTHORS)
def import_new(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    form = UploadForm(request.POST or None, request.FILES or None)
    preview = try_form(
        form,
        lambda: operations.preview_import(
            actor=request.actor,
            bank=bank,
            source=form.cleaned_data["file"],
            file_name=form.cleaned_data["file"].name,
            now=clock.now(),
        ),
    )
    if preview is not None:
        return redirect("exams:preview", bank.pk, preview.pk)
    return render(request, "exams/import.html", {"bank": bank, "form": form}, status=status_of(form))


@roles(*AUTHORS)
def import_page(request: ActorRequest, bank_id: int, import_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    preview = queries.get_import(request.actor, bank, import_id)
    rows = [PreviewRow.from_json(row) for row in preview.rows]
    counts = {
        "good": sum(row.is_good for row in rows),
        "refused": sum(bool(row.problems) for row in rows),
        "doubled": sum(bool(row.duplicate) for row in rows),
    }
    context = {"bank": bank, "preview": preview, "rows": rows, **counts}
    return render(request, "exams/preview.html", context)


@roles(*AUTHORS)
@require_POST
def import_save(request: ActorRequest, bank_id: int, import_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    preview = queries.get_import(request.actor, bank, import_id)
    if "discard" in request.POST:
        operations.discard_import(actor=request.actor, preview=preview)
        messages.success(request, "已放弃这次导入，题库没有变化。")
        return redirect("exams:import", bank.pk)
    only_good = "only_good" in request.POST
    saved = operations.save_import(actor=request.actor, preview=preview, only_good=only_good, now=clock.now())
    messages.success(request, f"已导入 {saved} 道题。")
    return redirect("exams:bank", bank.pk)
