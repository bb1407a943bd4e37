"""The gallery: every component of ``kernel/templates/ui`` with sample words, to look at and to test."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self, cast

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zhenxue.identity.api import ActorRequest, Role, public, roles
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.fields import day

NOON = dt.datetime(2026, 3, 12, 4, 0, tzinfo=dt.UTC)
STATES = [("running", "培训中"), ("filed", "已提交备案"), ("returned", "退回修改")]
TONES = {"running": "ok", "filed": "wait", "returned": "bad"}


@dataclass(frozen=True, slots=True)
class SampleRow:
    pk: int
    code: str
    title: str
    state: str
    starts_on: dt.date
    learners: int

    @property
    def state_label(self) -> str:
        return dict(STATES)[self.state]

    @property
    def tone(self) -> str:
        return TONES[self.state]


class SampleRows(list[SampleRow]):
    """Just enough of a queryset for a listing, without a table behind it."""

    ordered = True

    def filter(self, **conditions: Any) -> Self:
        return type(self)(row for row in self if all(getattr(row, key) == value for key, value in conditions.items()))

    def order_by(self, *names: str) -> Self:
        rows = list(self)
        for name in reversed(names):
            rows.sort(key=lambda row, key=name: getattr(row, key.removeprefix("-")), reverse=name.startswith("-"))  # type: ignore[misc]  # the default binds the loop's name
        return type(self)(rows)


def _samples() -> Iterator[SampleRow]:
    titles = (
        "焊工（五级）春季班",
        "养老护理员（四级）",
        "电工（五级）企业新录用人员岗位技能提升培训",
        "中式面点师（五级）",
    )
    for number in range(1, 58):
        state = STATES[number % 3][0]
        start = dt.date(2026, 3, 1) + dt.timedelta(days=number)
        yield SampleRow(number, f"LC2026-{number:04}", titles[number % 4], state, start, 20 + number % 41)


class SampleForm(forms.Form):
    """One field of each kind; sent empty it shows how errors look."""

    title = forms.CharField(label="班期名称", help_text="写清职业和等级，例如“焊工（五级）春季班”。", max_length=40)
    starts_on = day("开班日期")
    place = forms.CharField(label="上课地点", required=False)
    kind = forms.ChoiceField(
        label="培训类别", choices=[("", "请选择"), ("skill", "就业技能"), ("upskill", "岗位技能提升")]
    )
    modes = forms.MultipleChoiceField(
        label="授课方式", choices=[("online", "线上"), ("offline", "线下")], widget=forms.CheckboxSelectMultiple
    )
    roster = forms.FileField(label="学员名册", required=False, help_text="Excel 或 CSV，第一行为标题。")
    note = forms.CharField(label="备注", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=200)
    agreed = forms.BooleanField(label="我已核对以上内容，对真实性负责")


@require_safe
def _gallery(request: ActorRequest) -> HttpResponse:
    rows = cast("QuerySet[Any]", SampleRows(_samples()))
    listing = Listing(
        request,
        rows,
        filters=(Filter("state", "状态", STATES),),
        sorts={"code": "班期编号", "starts_on": "开班日期", "learners": "人数"},
        default_sort="code",
        size=20,
    )
    wrong = SampleForm({})
    wrong.is_valid()
    context = {
        "listing": listing,
        "form": SampleForm(),
        "wrong": wrong,
        "until": (NOON + dt.timedelta(minutes=42)).isoformat(),
        "now": NOON.isoformat(),
        "steps": [("提交", "done"), ("县级审核", "done"), ("市级核准", "now"), ("拨付", "todo")],
        "steps_bad": [("提交", "done"), ("县级审核", "bad"), ("市级核准", "todo")],
        "noon": NOON,
        "colours": ["paper", "ink", "action", "proof", "ok", "wait", "bad", "idle"],
        "read_only": request.GET.get("read_only") == "1",
    }
    return render(request, "portal/gallery.html", context)


#: Open to all where people build; in production only to the operator's administrator.
gallery = roles(Role.OPERATOR_ADMIN)(_gallery) if settings.PRODUCTION else public(_gallery)
