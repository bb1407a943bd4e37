"""Forms of practice."""

from collections.abc import Sequence
from typing import Any

from django import forms

from zhenxue.exams.kinds import JUDGED

MINUTES = 60


class StartForm(forms.Form):
    """What a learner practises of a bank."""

    kind = forms.ChoiceField(
        label="题型", required=False, choices=[("", "全部题型"), *((kind.value, kind.label) for kind in JUDGED)]
    )
    point = forms.TypedChoiceField(label="考核点", required=False, coerce=int, empty_value=None)
    count = forms.TypedChoiceField(
        label="题数", coerce=int, choices=[(str(one), f"{one} 题") for one in (10, 20, 50)], initial="10"
    )

    def choose(self, points: Sequence[tuple[int, str]]) -> "StartForm":
        """With the points that the bank's questions are of."""
        choices = [("", "全部考核点"), *((str(pk), words) for pk, words in points)]
        self.fields["point"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        return self

    def wanted(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {"kind": given["kind"], "count": given["count"], "point_id": given["point"]}


class OpenForm(forms.Form):
    """What staff opens to a class: a bank, or a final blueprint as a mock exam."""

    what = forms.ChoiceField(label="开放什么")
    minutes = forms.IntegerField(
        label="模拟考试时长（分钟）",
        required=False,
        min_value=1,
        max_value=300,
        initial=MINUTES,
        help_text="开放组卷方案时填写；开放题库不用填。",
    )

    def choose(self, banks: Sequence[tuple[int, str]], blueprints: Sequence[tuple[int, str]]) -> "OpenForm":
        """With what may be opened."""
        choices: list[Any] = [("", "请选择")]
        if banks:
            choices.append(("题库（练习）", [(f"bank:{pk}", title) for pk, title in banks]))
        if blueprints:
            choices.append(("组卷方案（模拟考试）", [(f"blueprint:{pk}", title) for pk, title in blueprints]))
        self.fields["what"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        return self
