"""Forms of programmes."""

from typing import Any

from django import forms

from zhenxue.catalogue.data import TargetGroup
from zhenxue.kernel.web.fields import number, set_choices, text
from zhenxue.training.data import ProgrammeKind, SkillLevel


class ProgrammeForm(forms.Form):
    kind = forms.ChoiceField(label="项目类别", choices=ProgrammeKind.choices())
    title = text("项目名称", 120, "例如：直播销售员（五级）就业技能培训。")
    occupation = text(
        "职业（工种）",
        140,
        "输入名称或编码，从列表中选择（国家职业分类大典 2022 年版）。",
        list="occupation-options",
        autocomplete="off",
    )
    level = forms.ChoiceField(label="等级", choices=SkillLevel.choices())
    target_groups = forms.MultipleChoiceField(
        label="培训对象", choices=TargetGroup.choices(), widget=forms.CheckboxSelectMultiple
    )
    pass_percent = number("合格线（%）", 1, 100, "不填时按本地区规则。", required=False)

    def __init__(self, *args: Any, options_url: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if options_url:
            self.fields["occupation"].widget.attrs |= {
                "hx-get": options_url,
                "hx-trigger": "input changed delay:250ms",
                "hx-target": "#occupation-options",
            }

    def clean_occupation(self) -> str:
        """The code alone, out of ``6-31-01-01 某职业``."""
        return str(self.cleaned_data["occupation"]).split()[0]


class OnlineLineForm(forms.Form):
    course_version = forms.TypedChoiceField(label="线上课程", coerce=int, empty_value=None)
    stage = number("阶段", 1, 12)

    def __init__(self, data: Any = None, *, versions: list[tuple[int, str]], initial: Any = None) -> None:
        super().__init__(data, auto_id="online_%s", initial=initial)
        set_choices(self, "course_version", [("", "请选择已发布的课程"), *versions])


class OfflineLineForm(forms.Form):
    def __init__(self, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(data, auto_id="offline_%s", initial=initial)

    title = text("内容", 120)
    minutes = number("分钟", 1, 60_000)
    stage = number("阶段", 1, 12)


class LineForm(forms.Form):
    """Change a line where it stands; title and minutes only of an offline one."""

    title = text("内容", 120, required=False)
    minutes = number("分钟", 1, 60_000, required=False)
    stage = number("阶段", 1, 12)


class ReadyForm(forms.Form):
    share_exception_reason = forms.CharField(
        label="线上占比超过上限的理由",
        required=False,
        max_length=1000,
        help_text="没有超过上限的不用填。填写后由县（市、区）人社部门在审批备案时决定。",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
