"""Questions: write, read, change, their versions, doubles, and changes to many."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.exams import policies, queries
from zhenxue.exams.data import Kind, QuestionState
from zhenxue.exams.models import Question, QuestionBank
from zhenxue.exams.operations import banks as operations
from zhenxue.exams.operations import questions as many
from zhenxue.exams.queries import banks as shelves
from zhenxue.exams.web import editing
from zhenxue.exams.web.forms import BulkForm, EditorForm
from zhenxue.exams.web.support import AUTHORS, STAFF, read_only
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.web.forms import try_form
from zhenxue.kernel.web.once import creates

PER_PAGE = 20


@roles(*AUTHORS)
def question_new(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    policies.check_can_change_bank(request.actor, bank)
    form = editing.editor_for(request, bank)
    if editing.is_saving(request):
        return _create(request, bank, form)
    return _show_editor(request, bank, form)


@creates
def _create(request: ActorRequest, bank: QuestionBank, form: EditorForm) -> HttpResponse:
    def add() -> Question:
        facts = editing.facts_of(request, bank, form)
        return operations.add_question(actor=request.actor, bank=bank, facts=facts, now=clock.now())

    question = try_form(form, add)
    if question is None:
        return _show_editor(request, bank, form, status=422)
    messages.success(request, f"第 {question.number} 题已保存。")
    if request.POST.get("act") == "again" or "again" in request.POST:
        return redirect(f"{request.path}?kind={form.chosen_kind}")
    return redirect("exams:bank", bank.pk)


def _show_editor(request: ActorRequest, bank: QuestionBank, form: EditorForm, *, status: int = 200) -> HttpResponse:
    context = {"bank": bank, "form": form, "kinds": Kind.choices(), "kind": form["kind"].value()}
    context |= {"picture": editing.picture_of(form), "points": shelves.points_of(bank)}
    if request.method == "POST" and request.POST.get("act") != "save":
        context["preview"] = editing.preview_of(request, bank, form)
    return render(request, "exams/question_edit.html", context, status=status)


@roles(*STAFF)
def question_page(request: ActorRequest, question_id: int) -> HttpResponse:
    question = queries.get_question(request.actor, question_id)
    if request.method == "POST":
        return _edit(request, question)
    may = policies.can_write(request.actor, question.bank.organisation_id)
    context = {"bank": question.bank, "question": question, "sample": editing.sample_of(question)}
    context |= {"versions": shelves.versions_of(question), "read_only": read_only(request), "can_write": may}
    context["can_edit"] = may and question.state == QuestionState.ACTIVE and editing.can_edit(question)
    return render(request, "exams/question.html", context)


@roles(*AUTHORS)
def question_edit(request: ActorRequest, question_id: int) -> HttpResponse:
    return _edit(request, queries.get_question(request.actor, question_id))


def _edit(request: ActorRequest, question: Question) -> HttpResponse:
    bank = question.bank
    policies.check_can_change_bank(request.actor, bank)
    if not editing.can_edit(question):
        raise Invalid("exams.case_too_rich", "这道案例题是导入的，内容比编辑页能写的多，请修改后重新导入。")
    form = editing.editor_for(request, bank, question)

    def edit() -> Question:
        facts = editing.facts_of(request, bank, form)
        return operations.edit_question(actor=request.actor, question=question, facts=facts, now=clock.now())

    new = try_form(form, edit) if editing.is_saving(request) else None
    if new is not None:
        messages.success(request, f"第 {question.number} 题已保存；用到旧版的试卷不受影响。")
        return redirect("exams:question", new.pk)
    context = {"bank": bank, "question": question, "form": form, "kind": question.kind}
    context |= {"picture": editing.picture_of(form), "points": shelves.points_of(bank)}
    if request.method != "POST":
        context["preview"] = {"sample": editing.sample_of(question)}
    elif not editing.is_saving(request):
        context["preview"] = editing.preview_of(request, bank, form)
    refused = 422 if editing.is_saving(request) else 200
    return render(request, "exams/question_edit.html", context, status=refused)


@roles(*AUTHORS)
@require_POST
def question_preview(request: ActorRequest, bank_id: int) -> HttpResponse:
    """What is typed as a learner will see it; nothing is kept."""
    bank = queries.get_bank(request.actor, bank_id)
    policies.check_can_change_bank(request.actor, bank)
    request.FILES.clear()
    form = editing.editor_for(request, bank)
    return render(request, "exams/_question_preview.html", {"preview": editing.preview_of(request, bank, form)})


@roles(*AUTHORS)
@require_POST
def question_retire(request: ActorRequest, question_id: int) -> HttpResponse:
    question = queries.get_question(request.actor, question_id)
    operations.retire_question(actor=request.actor, question=question, now=clock.now())
    messages.success(request, f"第 {question.number} 题已停用，不再用于新试卷。")
    return redirect("exams:bank", question.bank_id)


@roles(*AUTHORS)
@require_POST
def question_restore(request: ActorRequest, question_id: int) -> HttpResponse:
    question = queries.get_question(request.actor, question_id)
    ids = [question.pk]
    many.restore_questions(actor=request.actor, bank=question.bank, question_ids=ids, now=clock.now())
    messages.success(request, f"第 {question.number} 题已恢复使用。")
    return redirect("exams:question", question.pk)


@roles(*AUTHORS)
@require_POST
def bank_change(request: ActorRequest, bank_id: int) -> HttpResponse:
    """Changes to the ticked questions: out of use, back, difficulty, score, point."""
    bank = queries.get_bank(request.actor, bank_id)
    form = BulkForm(request.POST)
    if not form.is_valid():
        raise Invalid("exams.bulk", "".join(str(words) for one in form.errors.values() for words in one))
    data, actor, now = form.cleaned_data, request.actor, clock.now()
    ids, act = data["question"], data["act"]
    if act == "retire":
        done = many.retire_questions(actor=actor, bank=bank, question_ids=ids, now=now)
    elif act == "restore":
        done = many.restore_questions(actor=actor, bank=bank, question_ids=ids, now=now)
    else:
        done = many.set_of_questions(actor=actor, bank=bank, question_ids=ids, now=now, **_change(request, bank, data))
    messages.success(request, f"已处理 {done} 道题。" if done else "勾选的题都已经是这样，没有改动。")
    return redirect(f"{request.path.removesuffix('change/')}?{request.GET.urlencode()}")


def _change(request: ActorRequest, bank: QuestionBank, data: dict[str, Any]) -> dict[str, Any]:
    act = data["act"]
    if act == "difficulty":
        return {"difficulty": int(str(data["difficulty"] or 0))}
    if act == "score":
        return {"score": data["score"]}
    named = str(data["point"] or "").strip()
    point = shelves.find_point(request.actor, bank, named) if named else None
    if named and point is None:
        raise Invalid("exams.no_such_point", "没有找到这个考核点，请照标准里的编号填写。")
    return {"point_id": point.pk if point else None, "clears_point": not named}


@roles(*AUTHORS)
def doubles(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    policies.check_can_change_bank(request.actor, bank)
    if request.method == "POST":
        return _settle(request, bank)
    found = shelves.doubles_of(bank)
    return render(request, "exams/doubles.html", {"bank": bank, "groups": found[:PER_PAGE], "total": len(found)})


def _settle(request: ActorRequest, bank: QuestionBank) -> HttpResponse:
    ids = [int(value) for value in request.POST.getlist("question") if value.isdecimal() and len(value) < 18]
    kept = request.POST.get("kept", "")
    if request.POST.get("act") == "keep":
        many.keep_doubles(actor=request.actor, bank=bank, question_ids=ids, now=clock.now())
        messages.success(request, "这几道题都保留，以后不再提示。")
    elif kept.isdecimal() and len(kept) < 18:
        chosen: dict[str, Any] = {"kept_id": int(kept), "question_ids": ids}
        done = many.merge_doubles(actor=request.actor, bank=bank, now=clock.now(), **chosen)
        messages.success(request, f"已合并，停用了 {done} 道重复的题；已有试卷不受影响。")
    else:
        raise Invalid("exams.doubles", "请选择要保留的一道题，再合并。")
    return redirect("exams:doubles", bank.pk)
