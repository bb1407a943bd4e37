"""Question banks: list, a new one, the questions of one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from zhenxue.exams import policies, queries
from zhenxue.exams.data import Kind, QuestionState
from zhenxue.exams.models import QuestionBank
from zhenxue.exams.operations import banks as operations
from zhenxue.exams.queries import banks as shelves
from zhenxue.exams.web.forms import BankForm
from zhenxue.exams.web.forms.editors import LEVELS
from zhenxue.exams.web.support import AUTHORS, STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
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
    points = shelves.points_of(bank)
    can_write = policies.can_write(request.actor, bank.organisation_id)
    context = {"bank": bank, "listing": _shelf(request, bank, points), "can_write": can_write}
    context |= {"read_only": read_only(request), "points": points, "levels": LEVELS}
    return render(request, "exams/bank.html", context)


def _shelf(request: ActorRequest, bank: QuestionBank, points: list[tuple[str, str]]) -> Listing:
    rows, sources = shelves.shelf_of(bank), shelves.sources_of(bank)
    if request.GET.get("state") != QuestionState.REPLACED:
        rows = rows.exclude(state=QuestionState.REPLACED)
    return Listing(
        request,
        rows,
        search=("stem", "number", "source"),
        filters=(
            Filter("kind", "题型", Kind.choices()),
            Filter("difficulty", "难度", LEVELS),
            Filter("state", "状态", QuestionState.choices()),
            Filter("used", "用过", (("yes", "用过"), ("no", "没用过")), apply=shelves.used_or_not),
            *([Filter("point", "考核点", points)] if points else []),
            *([Filter("source", "来源", sources)] if sources else []),
        ),
        sorts={"number": "题号", "kind": "题型", "difficulty": "难度", "score": "分值", "created_at": "更新时间"},
        default_sort="number",
        search_label="搜索题干、题号或来源",
    )
