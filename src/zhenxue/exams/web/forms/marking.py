"""Forms of marking, appeals and practical examinations."""

from collections.abc import Sequence

from django import forms
from django.http import QueryDict

from zhenxue.exams.data import SheetLine
from zhenxue.exams.models import Examiner
from zhenxue.exams.operations.marking import points
from zhenxue.exams.operations.rubric import Item
from zhenxue.identity import api as identity


class PointsForm(forms.Form):
    """Points for each item of a rubric that a machine has not marked, and a comment."""

    def __init__(self, data: QueryDict | None = None, *, items: Sequence[Item]) -> None:
        quick = data.get("quick", "") if data is not None else ""
        if data is not None and quick in {"full", "zero"}:
            data = data.copy()
            for number, item in enumerate(items):
                data[f"item-{number}"] = points(item.most) if quick == "full" else "0"
        super().__init__(data)
        self.items = items
        for number, item in enumerate(items):
            if item.fixed is not None:
                continue
            inputs = {"inputmode": "decimal", "autocomplete": "off", "class": "input-points"}
            self.fields[f"item-{number}"] = forms.CharField(
                label=f"{item.text}（0–{points(item.most)} 分）",
                max_length=6,
                widget=forms.TextInput(attrs=inputs | ({"autofocus": True} if not self.fields else {})),
            )
        self.fields["comment"] = forms.CharField(
            label="评语",
            required=False,
            max_length=300,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text="学员在成绩页能看到。",
        )

    def given(self) -> list[str]:
        """What was typed, item by item."""
        return [self.data.get(f"item-{number}", "") for number in range(len(self.items))]


class MarkersForm(forms.Form):
    people = forms.TypedMultipleChoiceField(
        label="评卷人员",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="一个都不选：本机构所有教师都可以评卷。实操考核至少选两名考评员。",
    )
    chiefs = forms.TypedMultipleChoiceField(
        label="组长",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="两人评分相差太大时由组长评定。实操考核必须有组长，组长不参加前两次评分。",
    )

    def choose(self, people: Sequence[identity.Person], named: Sequence[Examiner]) -> "MarkersForm":
        """Offers these people, with those who are named now."""
        choices = [(one.pk, one.name) for one in people]
        for name in ("people", "chiefs"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]  # a ChoiceField has choices
        self.initial = {
            "people": [one.person_id for one in named if not one.is_chief],
            "chiefs": [one.person_id for one in named if one.is_chief],
        }
        return self


class AppealForm(forms.Form):
    text = forms.CharField(
        label="哪里不对，为什么",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="写清是第几题、你的理由。每次考试只能申请一次。",
    )
    positions = forms.TypedMultipleChoiceField(
        label="涉及的题", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def choose(self, questions: int) -> "AppealForm":
        """Offers the questions of a sheet."""
        choices = [(number, f"第 {number} 题") for number in range(1, questions + 1)]
        self.fields["positions"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField has choices
        return self


class ReplyForm(forms.Form):
    reply = forms.CharField(label="答复", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class ChangeForm(forms.Form):
    """Other points for some questions of an attempt; empty leaves a question as it is."""

    reason = forms.CharField(
        label="改分理由",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="学员能看到，并写入存证。",
    )

    def __init__(self, *args: object, lines: Sequence[SheetLine], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through
        for line in lines:
            self.fields[f"points-{line.position}"] = forms.CharField(
                label=f"第 {line.position} 题改为（满分 {points(line.score)}）",
                required=False,
                max_length=6,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )

    def wanted(self) -> dict[int, str]:
        """By position what was typed."""
        data = self.cleaned_data
        names = [name for name in data if name.startswith("points-") and data[name]]
        return {int(name.removeprefix("points-")): data[name] for name in names}


class ScoreFileForm(forms.Form):
    file = forms.FileField(
        label="评分表",
        allow_empty_file=True,
        help_text="用下载的模板填写，xlsx 或 csv。先逐行检查，全部没有问题才导入。",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
    )


class WorkFileForm(forms.Form):
    file = forms.FileField(
        label="照片或视频",
        allow_empty_file=True,
        help_text="照片 15 MB、视频 60 MB 以内。",
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,image/webp,video/mp4,video/webm"}),
    )
