"""Forms of the roster and of attendance."""

from typing import Any

from django import forms

from zhenxue.catalogue.data import TargetGroup
from zhenxue.kernel.web.fields import set_choices, text
from zhenxue.training.data import AttendanceState, Mark
from zhenxue.training.models import Enrolment


class RosterFileForm(forms.Form):
    file = forms.FileField(
        label="名册文件",
        help_text=".xlsx 或 .csv（UTF-8、GBK 都可以），不超过 20 MB、20,000 行。",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={"required": "请先选择名册文件。", "empty": "文件是空的，请检查后重新选择。"},
    )


class ConfirmImportForm(forms.Form):
    skip_invalid = forms.BooleanField(label="有问题的行不导入", required=False)


class PasswordsForm(forms.Form):
    again = forms.BooleanField(
        label="包括以前发过初始密码、但从未登录的学员", help_text="他们原来的初始密码作废。", required=False
    )


class LearnerForm(forms.Form):
    name = text("姓名", 60, "与身份证一致。", autocomplete="off")
    citizen_number = text("公民身份号码", 24, "18 位，最后一位可能是 X。", autocomplete="off", spellcheck="false")
    phone = text("手机号码", 20, "用于登录和通知。", required=False, inputmode="tel", autocomplete="off")
    social_card_number = text("电子社保卡号", 24, required=False, autocomplete="off")
    target_group = forms.ChoiceField(label="人员类别")

    def __init__(self, *args: Any, groups: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "target_group", [(group, TargetGroup(group).label) for group in groups])


class AttendanceForm(forms.Form):
    """State and reason of every learner of a lesson: ``state-<enrolment>``, ``reason-<enrolment>``."""

    def __init__(self, *args: Any, enrolments: list[Enrolment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.enrolments = enrolments
        for one in enrolments:
            self.fields[f"state-{one.pk}"] = forms.ChoiceField(
                label=one.person.name,
                choices=AttendanceState.choices(),
                widget=forms.RadioSelect,
                error_messages={"required": f"{one.person.name}：请选出勤、迟到或缺勤。"},
            )
            self.fields[f"reason-{one.pk}"] = text(f"{one.person.name}的原因", 200, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for one in self.enrolments:
            state, reason = values.get(f"state-{one.pk}"), (values.get(f"reason-{one.pk}") or "").strip()
            if state and state != AttendanceState.PRESENT and len(reason) < 2:
                self.add_error(f"reason-{one.pk}", f"{one.person.name}：{AttendanceState(state).label}请写明原因。")
        return values

    def marks(self) -> list[Mark]:
        """What was typed; only on a valid form."""
        values = self.cleaned_data
        return [
            Mark(one.pk, AttendanceState(values[f"state-{one.pk}"]), values[f"reason-{one.pk}"])
            for one in self.enrolments
        ]

    @property
    def rows(self) -> list[tuple[Enrolment, forms.BoundField, forms.BoundField]]:
        return [(one, self[f"state-{one.pk}"], self[f"reason-{one.pk}"]) for one in self.enrolments]


class CorrectionForm(forms.Form):
    state = forms.ChoiceField(label="更正为", choices=AttendanceState.choices(), widget=forms.RadioSelect)
    reason = text("更正原因", 200, "例如：学员补交了请假条。更正会记入存证。")
