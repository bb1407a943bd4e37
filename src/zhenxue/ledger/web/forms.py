"""Forms of corrections: where in time, how long, and why."""

import datetime as dt
from typing import Any

from django import forms

from zhenxue.kernel import clock
from zhenxue.kernel.web.fields import area, day, number, set_choices
from zhenxue.ledger.data import Window

TIME_WORDS = "请填写正确的时间，例如 14:05:00。"


def _time(label: str, hint: str = "", *, required: bool = True) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=required,
        help_text=hint,
        input_formats=["%H:%M:%S", "%H:%M"],
        widget=forms.TimeInput(format="%H:%M:%S", attrs={"type": "time", "step": "1"}),
        error_messages={"invalid": TIME_WORDS},
    )


def _reason(label: str, hint: str) -> forms.CharField:
    return area(label, hint, rows=3, longest=500)


class StretchForm(forms.Form):
    """A stretch of the clock on one unit."""

    unit = forms.TypedChoiceField(label="单元", coerce=int, error_messages={"invalid_choice": "请选择单元。"})
    day = day("日期")
    since = _time("从几点", "24 小时制，到秒。")
    until = _time("到几点")

    def __init__(self, *args: Any, units: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "unit", [("", "请选择"), *units])

    def stretch(self) -> dict[str, Any]:
        """Unit and moments for the operations; only on a valid form. The end of a day may be written as 00:00."""
        values = self.cleaned_data
        began = _moment(values["day"], values["since"])
        ended = _moment(values["day"], values["until"])
        if values["until"] == dt.time() and values["since"] > dt.time():
            ended = clock.start_of_day(values["day"] + dt.timedelta(days=1))
        return {"unit_id": values["unit"], "began_at": began, "ended_at": ended, "reason": values["reason"]}


class MakeUpForm(StretchForm):
    minutes = number("补计几分", 0, 600)
    seconds = number("零几秒", 0, 59)
    reason = _reason("理由", "写清当时发生了什么，例如：停电、设备故障。5 至 500 个字，会记入存证。")

    def wanted(self) -> dict[str, Any]:
        """What to ask for; only on a valid form."""
        values = self.cleaned_data
        return {**self.stretch(), "seconds": values["minutes"] * 60 + values["seconds"]}


class WithdrawForm(StretchForm):
    reason = _reason("撤销理由", "写清为什么这段学时不应计入。5 至 500 个字，会记入存证。")


class WindowForm(forms.Form):
    """Where a batch looks: one unit, one day or some, the whole day or some hours of each."""

    unit = forms.TypedChoiceField(label="单元", coerce=int, error_messages={"invalid_choice": "请选择单元。"})
    first_day = day("从哪天")
    last_day = day("到哪天", "只有一天就不填。", required=False)
    since = _time("从几点", "不填是全天。", required=False)
    until = _time("到几点", "每天同一段时间。", required=False)
    q = forms.CharField(label="姓名", help_text="不填列出全部学员。", required=False, max_length=50)

    def __init__(self, *args: Any, units: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "unit", [("", "请选择"), *units])

    def window(self) -> Window:
        """What was picked; only on a valid form. The end of a day may be written as 00:00."""
        values = self.cleaned_data
        first, until = values["first_day"], values["until"]
        return Window(
            unit_id=values["unit"],
            first_day=first,
            last_day=values["last_day"] or first,
            since=values["since"] or dt.time(),
            until=None if until in {None, dt.time()} else until,
        )


class BatchForm(forms.Form):
    reason = _reason("理由", "只写一次，记入每名学员的更正和存证，例如：某月某日某时，教室停电。5 至 500 个字。")
    leave_out = forms.BooleanField(label="不能补计的不列入，其余照常提出", required=False)


class NoteForm(forms.Form):
    """What is said with a decision about many; must be said where it is a refusal or takes something up."""

    note = _reason("意见", "记入每一条更正和存证。")

    def __init__(self, *args: Any, needed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = needed
        self.fields["note"].label = "理由" if needed else "意见"


class AdoptForm(forms.Form):
    minutes = number("同意补计几分", 0, 600)
    seconds = number("零几秒", 0, 59)
    reason = _reason("受理意见", "核实了什么。5 至 500 个字，会报人社部门复核。")

    def wanted(self) -> dict[str, Any]:
        """What to propose; only on a valid form."""
        values = self.cleaned_data
        return {"seconds": values["minutes"] * 60 + values["seconds"], "reason": values["reason"]}


def _moment(day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time, clock.CIVIL_ZONE).astimezone(dt.UTC)
