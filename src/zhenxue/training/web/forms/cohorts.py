"""Forms of cohorts: basics, plan, decisions, amendments."""

import datetime as dt
from typing import Any

from django import forms

from zhenxue.identity.api import Person
from zhenxue.kernel.clock import CIVIL_ZONE
from zhenxue.kernel.web.fields import area, clock_time, day, number, set_choices, text
from zhenxue.training.data import LessonPlan
from zhenxue.training.models import PlanLine


def teacher_choices(teachers: list[Person]) -> list[tuple[Any, str]]:
    return [("", "请选择"), *((one.pk, one.name) for one in teachers)]


class BasicsForm(forms.Form):
    title = text("班期名称", 120, "例如：直播销售员（五级）2026 年第 1 期。")
    starts_on = day("开班日期")
    ends_on = day("结班日期")
    capacity = number("计划人数", 1, 20_000)
    venue = text("培训地点", 200, "线下课的主要地点；每节课可以另写。")
    head_teacher = forms.TypedChoiceField(label="班主任", coerce=int, empty_value=None, required=False)
    assessment_plan = area("考核方案", "考什么、怎么考、何时考、合格线；分阶段的写明各阶段。", rows=5)

    def __init__(self, *args: Any, teachers: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "head_teacher", teacher_choices(teachers))

    def fields_of(self, values: dict[str, Any]) -> dict[str, Any]:
        """The arguments of ``create_cohort`` and ``change_basics``."""
        return {
            **{key: values[key] for key in values if key != "head_teacher"},
            "head_teacher_id": values["head_teacher"],
        }


class NewCohortForm(BasicsForm):
    field_order = ("programme_id",)
    programme_id = forms.TypedChoiceField(label="培训项目", coerce=int)

    def __init__(self, *args: Any, programmes: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "programme_id", [("", "请选择“可开班”的项目"), *programmes])


class LessonForm(forms.Form):
    """One offline line of the plan. Left wholly empty it stays unplanned."""

    day = day("日期")
    starts = clock_time("上课")
    ends = clock_time("下课")
    place = text("地点", 200)
    teacher = forms.TypedChoiceField(label="教师", coerce=int, empty_value=None)

    def __init__(self, data: Any = None, *, line: PlanLine, teachers: list[Person], venue: str = "") -> None:
        self.line = line
        initial: dict[str, Any] = {"place": line.place or venue, "teacher": line.teacher_id or ""}
        if line.starts_at and line.ends_at:
            begin, end = line.starts_at.astimezone(CIVIL_ZONE), line.ends_at.astimezone(CIVIL_ZONE)
            initial |= {"day": begin.date(), "starts": begin.time(), "ends": end.time()}
        super().__init__(data, prefix=f"line-{line.pk}", initial=initial)
        self.empty_permitted = True
        self.use_required_attribute = False
        set_choices(self, "teacher", teacher_choices(teachers))

    def has_changed(self) -> bool:
        """Whether anything that plans the lesson was typed (the suggested place alone does not count)."""
        return any(self.data.get(self.add_prefix(name)) for name in ("day", "starts", "ends", "teacher"))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("starts") and values.get("ends") and values["ends"] <= values["starts"]:
            self.add_error("ends", "下课时间要晚于上课时间。")
        return values

    def plan(self, minutes: int | None = None) -> LessonPlan | None:
        """What was planned, or None when the row is empty. Only on a valid form."""
        values = self.cleaned_data
        if not values.get("day"):
            return None
        return LessonPlan(
            line_id=self.line.pk,
            starts_at=dt.datetime.combine(values["day"], values["starts"], CIVIL_ZONE).astimezone(dt.UTC),
            ends_at=dt.datetime.combine(values["day"], values["ends"], CIVIL_ZONE).astimezone(dt.UTC),
            place=values["place"],
            teacher_id=values["teacher"],
            minutes=minutes,
        )


class AmendLessonForm(LessonForm):
    """Another time, place or teacher of an approved lesson; every field is needed."""

    reason = area("变更理由", "写清为什么要变更，人社部门据此审批。", rows=3)

    def __init__(self, data: Any = None, *, line: PlanLine, teachers: list[Person]) -> None:
        super().__init__(data, line=line, teachers=teachers)
        self.empty_permitted = False

    def has_changed(self) -> bool:
        return True

    def wanted(self, minutes: int | None = None) -> LessonPlan:
        """What is asked for; only on a valid form."""
        plan = self.plan(minutes)
        assert plan is not None  # the day is required here
        return plan


class MakeUpForm(AmendLessonForm):
    """A lesson that repeats another one."""

    field_order = ("day", "starts", "ends", "place", "teacher", "minutes", "reason")
    minutes = number("计学时分钟", 1, 720)

    def __init__(self, data: Any = None, *, line: PlanLine, teachers: list[Person]) -> None:
        super().__init__(data, line=line, teachers=teachers)
        self.initial = {"minutes": line.minutes, "place": line.place, "teacher": line.teacher_id}


class EndDateForm(forms.Form):
    ends_on = day("新的结班日期")
    reason = area("变更理由", "写清为什么要变更，人社部门据此审批。", rows=3)


class StageForm(forms.Form):
    """Titles of the stages, one field a stage (``stage-1`` …)."""

    def __init__(self, *args: Any, stages: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for stage, title in stages:
            self.fields[f"stage-{stage}"] = text(f"第 {stage} 阶段名称", 60)
            self.fields[f"stage-{stage}"].initial = title

    def titles(self) -> dict[int, str]:
        return {int(name.partition("-")[2]): str(value) for name, value in self.cleaned_data.items()}


class ApproveForm(forms.Form):
    note = forms.CharField(label="审批意见", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    accept_share_exception = forms.BooleanField(label="同意线上占比超限", required=False)


class ReturnForm(forms.Form):
    reason = area("退回原因", "逐条写明哪里要改，机构按此修改后重新提交。", rows=4, longest=2000)
