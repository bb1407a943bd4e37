"""Duration statistics of a learner and of a cohort within any period, and the raw records to download."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.kernel.listing import Listing
from zhenxue.kernel.sheets import write_xlsx
from zhenxue.kernel.sheets.writing import CellValue
from zhenxue.kernel.web.downloads import XLSX, as_download
from zhenxue.kernel.web.fields import day, set_choices
from zhenxue.ledger.queries import exporting
from zhenxue.ledger.queries import statistics as queries
from zhenxue.ledger.queries.statistics import CourseChoice, Period, Step
from zhenxue.ledger.web import bars
from zhenxue.ledger.web.views import STAFF
from zhenxue.training import api as training

XLSX_ROWS = 50_000
AUTO = "auto"
#: A cell that begins so would be worked out by a spreadsheet program.
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")
LONGEST_DAYS = 366 * 6


class PeriodForm(forms.Form):
    """The period, the step of the trend and perhaps one course; what the address leaves open has its default."""

    first = day("从")
    last = day("到")
    by = forms.ChoiceField(label="趋势", choices=[(AUTO, "自动"), *Step.choices()])
    course = forms.TypedChoiceField(label="课程", coerce=int)

    def __init__(self, asked: Mapping[str, str], *, cohort: training.Cohort, courses: list[CourseChoice]) -> None:
        self.cohort, self.courses = cohort, courses
        whole = self.whole()
        open_ = {"first": whole.first.isoformat(), "last": whole.last.isoformat(), "by": AUTO, "course": "0"}
        super().__init__({name: asked.get(name) or default for name, default in open_.items()})
        set_choices(self, "course", [(0, "全部课程"), *((one.line_id, one.title) for one in courses)])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("first"), values.get("last")
        if first is None or last is None:
            return values
        if first > last:
            self.add_error("last", "结束日期不能早于开始日期。")
        elif Period(first, last).days > LONGEST_DAYS:
            self.add_error("last", "一次最多统计六年，请把时间缩短些。")
        return values

    def whole(self) -> Period:
        """From the cohort's first day to today, at most to its last."""
        today = clock.civil_day(clock.now())
        return Period(self.cohort.starts_on, max(self.cohort.starts_on, min(today, self.cohort.ends_on)))

    @property
    def period(self) -> Period:
        """What is asked for; the whole cohort where that is broken."""
        return Period(self.cleaned_data["first"], self.cleaned_data["last"]) if self.is_valid() else self.whole()

    @property
    def step(self) -> Step:
        """As asked, else what fits the length of the period."""
        asked = self.cleaned_data["by"] if self.is_valid() else AUTO
        if asked != AUTO:
            return Step(asked)
        days = self.period.days
        return Step.DAY if days <= 31 else Step.WEEK if days <= 200 else Step.MONTH

    @property
    def chosen(self) -> CourseChoice | None:
        asked = self.cleaned_data["course"] if self.is_valid() else 0
        return next((one for one in self.courses if one.line_id == asked), None)

    def wanted(self) -> dict[str, Any]:
        """What ``queries.statistics_of`` is asked for."""
        return {
            "cohort": self.cohort,
            "courses": self.courses,
            "period": self.period,
            "step": self.step,
            "course": self.chosen,
        }


@roles(Role.LEARNER, *STAFF)
@require_GET
def statistics(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """One learner's hours in a period."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    form = _form(request, enrolment.cohort)
    found = queries.statistics_of(**form.wanted(), enrolment_id=enrolment_id)
    context = _context(request, form, found) | {"enrolment": enrolment}
    return render(request, "ledger/statistics.html", context, status=422 if form.errors else 200)


@roles(*STAFF)
@require_GET
def cohort_statistics(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """A cohort's hours in a period, and each learner's share."""
    cohort = training.get_cohort(request.actor, cohort_id)
    form = _form(request, cohort)
    found = queries.statistics_of(**form.wanted())
    listing = Listing(
        request,
        queries.learner_shelf(request.actor, cohort_id, form.period, form.chosen),
        search=("person__name",),
        search_label="搜索姓名",
        sorts={"person__name": "姓名", "period_seconds": "计入时长", "period_days": "学习天数"},
        default_sort="-period_seconds",
    )
    context = _context(request, form, found) | {"cohort": cohort, "listing": listing, "wide": True}
    return render(request, "ledger/cohort_statistics.html", context, status=422 if form.errors else 200)


@roles(Role.LEARNER, *STAFF)
@require_GET
def export(request: ActorRequest, enrolment_id: int, form: str) -> HttpResponseBase:
    """One learner's raw records."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    period = _form(request, enrolment.cohort).period
    return _download(enrolment.cohort, period, form, f"学时记录-{enrolment.person.name}", enrolment_id)


@roles(*STAFF)
@require_GET
def export_cohort(request: ActorRequest, cohort_id: int, form: str) -> HttpResponseBase:
    """A cohort's raw records."""
    cohort = training.get_cohort(request.actor, cohort_id)
    return _download(cohort, _form(request, cohort).period, form, f"学时记录-{cohort.code}")


def _form(request: ActorRequest, cohort: training.Cohort) -> PeriodForm:
    return PeriodForm(request.GET.dict(), cohort=cohort, courses=queries.list_courses(cohort))


def _context(request: ActorRequest, form: PeriodForm, found: queries.Statistics) -> dict[str, Any]:
    return {
        "form": form,
        "found": found,
        "chart": bars.draw(found.buckets),
        "period_query": f"first={found.period.first}&last={found.period.last}",
        "read_only": request.actor.is_bureau,
    }


def _download(
    cohort: training.Cohort, period: Period, form: str, name: str, enrolment_id: int | None = None
) -> HttpResponseBase:
    spans = exporting.spans_of(cohort_id=cohort.pk, period=period, enrolment_id=enrolment_id)
    answer: HttpResponseBase
    if form == "csv":
        rows = exporting.export_rows(cohort, spans)
        answer = StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
    elif form == "xlsx":
        if spans.count() > XLSX_ROWS:
            raise Invalid(
                "ledger.export_too_long", f"记录超过 {XLSX_ROWS:,} 行，请缩短时间，或改用 CSV 下载（不限行数）。"
            )
        answer = HttpResponse(
            write_xlsx("学时记录", exporting.HEADER, exporting.export_rows(cohort, spans)), content_type=XLSX
        )
    else:
        raise NotFound("ledger.export_form", "只能下载 xlsx 或 csv。")
    return as_download(answer, f"{name}-{period.first}-{period.last}.{form}")


def _csv(rows: Iterable[list[CellValue]]) -> Iterator[bytes]:
    """Lines of the file in pieces, with the mark that spreadsheet programs need for Chinese; no cell is a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(exporting.HEADER)
    for number, row in enumerate(rows, 1):
        writer.writerow([_text(value) for value in row])
        if number % 500 == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _text(value: CellValue) -> str:
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(clock.CIVIL_ZONE):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, str) and value.startswith(FORMULA_MARKS):
        return f"'{value}"
    return str(value)
