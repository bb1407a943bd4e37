"""Figures of questions: of a bank, of one question, as a spreadsheet."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhenxue.exams import queries
from zhenxue.exams.data import Kind
from zhenxue.exams.models import QuestionBank
from zhenxue.exams.queries import statistics as figures
from zhenxue.exams.web.statistics import columns_of, figures_sheet
from zhenxue.exams.web.support import STAFF, read_only
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.downloads import xlsx

SORTS = {
    "number": "题号",
    "statistics__shown": "出现次数",
    "statistics__facility": "得分率",
    "statistics__discrimination": "区分度",
    "statistics__seconds": "用时",
}


@roles(*STAFF)
@require_GET
def bank_statistics(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    listing = listing_of(request, bank)
    rows = [(one, figures.flags_of(one)) for one in listing.rows]
    context = {"bank": bank, "listing": listing, "rows": rows, "read_only": read_only(request)}
    return render(request, "exams/statistics/bank.html", context)


@roles(*STAFF)
@require_GET
def bank_statistics_sheet(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    return xlsx(figures_sheet(bank, listing_of(request, bank).queryset), f"{bank.title}_题目统计.xlsx")


@roles(*STAFF)
@require_GET
def question_statistics(request: ActorRequest, question_id: int) -> HttpResponse:
    question = queries.get_question(request.actor, question_id)
    found = figures.find_statistics(question)
    context: dict[str, object] = {"question": question, "found": found, "read_only": read_only(request)}
    if found is not None:
        context |= {"flags": figures.flags_of(question), "choices": figures.choices_with_counts(question)}
        context["columns"] = columns_of(found)
    return render(request, "exams/statistics/question.html", context)


def listing_of(request: ActorRequest, bank: QuestionBank) -> Listing:
    """The questions of a bank that were shown, as the address asks."""
    flags = [(key, flag.label) for key, flag in figures.FLAGS.items()]
    return Listing(
        request,
        figures.questions_with_figures(bank),
        search=("stem", "number"),
        filters=(Filter("kind", "题型", Kind.choices()), Filter("flag", "提示", flags, apply=figures.with_flag)),
        sorts=SORTS,
        default_sort="number",
        search_label="搜索题干或题号",
    )
