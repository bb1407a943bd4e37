"""Papers: list, build, finish, copy."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from zhenxue.exams import policies, queries
from zhenxue.exams.data import Kind, MultipleRule, PaperState
from zhenxue.exams.models import Paper
from zhenxue.exams.operations import papers as operations
from zhenxue.exams.web.forms import PaperForm, TitleForm, read_scores
from zhenxue.exams.web.forms.exams import read_parts_of_lines
from zhenxue.exams.web.support import AUTHORS, STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import try_form
from zhenxue.kernel.web.once import creates


@roles(*STAFF)
def paper_list(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        queries.visible_papers(request.actor),
        search=("title", "organisation__name"),
        filters=(Filter("state", "状态", PaperState.choices()),),
        sorts={"title": "试卷", "questions": "题数", "total": "总分", "created_at": "建立时间"},
        default_sort="-created_at",
        search_label="搜索试卷",
    )
    context = {"listing": listing, "read_only": read_only(request), "can_write": request.actor.role in AUTHORS}
    return render(request, "exams/papers.html", context)


@roles(*AUTHORS)
@creates
def paper_new(request: ActorRequest) -> HttpResponse:
    form = PaperForm(request.POST or None, initial={"multiple_rule": MultipleRule.ALL.value})
    paper = try_form(form, lambda: operations.create_paper(actor=request.actor, now=clock.now(), **form.cleaned_data))
    if paper is not None:
        return redirect("exams:paper", paper.pk)
    return render(request, "exams/paper_new.html", {"form": form}, status=status_of(form))


@roles(*STAFF)
def paper_page(request: ActorRequest, paper_id: int) -> HttpResponse:
    paper = queries.get_paper(request.actor, paper_id)
    can_write = policies.can_write(request.actor, paper.organisation_id)
    is_draft = can_write and paper.state == PaperState.DRAFT
    banks = [(str(bank.pk), bank.title) for bank in queries.visible_banks(request.actor)] if is_draft else []
    listing = is_draft and Listing(
        request,
        queries.questions_to_pick(paper),
        search=("stem",),
        filters=(Filter("kind", "题型", Kind.choices()), Filter("bank", "题库", banks)),
        sorts={"number": "题号", "kind": "题型", "score": "分值"},
        default_sort="number",
        search_label="搜索题干",
    )
    context = {"listing": listing, "is_draft": is_draft, "can_write": can_write, "read_only": read_only(request)}
    return render(request, "exams/paper.html", {**_contents(paper), **context})


def _contents(paper: Paper) -> dict[str, object]:
    context = {"paper": paper, "lines": queries.paper_lines(paper), "kinds": queries.paper_kinds(paper)}
    return {**context, "parts": queries.paper_parts(paper)}


@roles(*STAFF)
def paper_print(request: ActorRequest, paper_id: int) -> HttpResponse:
    """The paper as it is handed out, or with its answers for those who mark it."""
    paper = queries.get_paper(request.actor, paper_id)
    with_answers = request.GET.get("answers") == "1"
    parts = queries.printed_parts(paper, with_answers=with_answers)
    total, count = sum(part.total for part in parts), sum(len(part.lines) for part in parts)
    context = {"paper": paper, "parts": parts, "with_answers": with_answers, "total": total, "count": count}
    return render(request, "exams/paper_print.html", {**context, "read_only": read_only(request)})


@roles(*AUTHORS)
@require_POST
def paper_add(request: ActorRequest, paper_id: int) -> HttpResponse:
    paper = queries.get_paper(request.actor, paper_id)
    chosen = [int(value) for value in request.POST.getlist("question") if value.isdecimal()]
    if not chosen:
        raise Invalid("exams.nothing_chosen", "还没有勾选题目，请先勾选要加入试卷的题。")
    added = operations.add_questions(actor=request.actor, paper=paper, question_ids=chosen)
    messages.success(request, f"已加入 {added} 道题。")
    return redirect(f"{request.path.removesuffix('add/')}?{request.GET.urlencode()}#lines")


@roles(*AUTHORS)
@require_POST
def paper_scores(request: ActorRequest, paper_id: int) -> HttpResponse:
    paper = queries.get_paper(request.actor, paper_id)
    _keep_typed(request, paper)
    messages.success(request, "分值和部分已保存。")
    return redirect("exams:paper", paper.pk)


def _keep_typed(request: ActorRequest, paper: Paper) -> None:
    typed = request.POST.dict()
    if scores := read_scores(typed):
        operations.set_scores(actor=request.actor, paper=paper, scores=scores)
    if parts := read_parts_of_lines(typed):
        operations.set_parts(actor=request.actor, paper=paper, parts=parts)


@roles(*AUTHORS)
@require_POST
def paper_line(request: ActorRequest, paper_id: int, question_id: int, act: str) -> HttpResponse:
    paper = queries.get_paper(request.actor, paper_id)
    step = {"up": -1, "down": 1, "remove": 0}.get(act)
    if step is None:
        raise NotFound("exams.no_such_act", "没有这项操作。")
    _keep_typed(request, paper)  # the buttons stand in the form of scores and parts
    if step:
        operations.shift_question(actor=request.actor, paper=paper, question_id=question_id, step=step)
    else:
        operations.remove_question(actor=request.actor, paper=paper, question_id=question_id)
    return redirect(f"{request.path.rsplit('lines/', 1)[0]}#lines")


@roles(*AUTHORS)
@require_POST
def paper_finish(request: ActorRequest, paper_id: int) -> HttpResponse:
    paper = queries.get_paper(request.actor, paper_id)
    operations.finish_paper(actor=request.actor, paper=paper, now=clock.now())
    messages.success(request, "试卷已定稿，可以用来安排考试。")
    return redirect("exams:paper", paper.pk)


@roles(*AUTHORS)
@require_POST
def paper_copy(request: ActorRequest, paper_id: int) -> HttpResponse:
    paper = queries.get_paper(request.actor, paper_id)
    form = TitleForm(request.POST)
    title = form.cleaned_data["title"] if form.is_valid() else f"{paper.title[:100]}（副本 {clock.now():%m%d%H%M%S}）"
    copy = operations.copy_paper(actor=request.actor, paper=paper, title=title, now=clock.now())
    messages.success(request, "已复制成新的试卷，可以修改。已停用或有新版本的题没有带过来。")
    return redirect("exams:paper", copy.pk)


@roles(*AUTHORS)
@require_POST
def paper_retire(request: ActorRequest, paper_id: int) -> HttpResponse:
    paper = queries.get_paper(request.actor, paper_id)
    operations.retire_paper(actor=request.actor, paper=paper)
    messages.success(request, "试卷已停用，不再用于新的考试。")
    return redirect("exams:paper", paper.pk)
