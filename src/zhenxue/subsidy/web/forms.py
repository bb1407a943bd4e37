"""Forms of ``subsidy``."""

from typing import Any

from django import forms

from zhenxue.kernel import money
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.web.fields import day
from zhenxue.subsidy.data import OfflineBasis, OnlineMode
from zhenxue.training.data import SkillLevel

ONE_STAGE, TWO_STAGES = "100", "50,50"


class NoteForm(forms.Form):
    note = forms.CharField(label="意见", max_length=500, required=False)


class PaymentForm(forms.Form):
    voucher_number = forms.CharField(label="拨付凭证号", max_length=60)
    paid_on = day("拨付日期")


class PolicyForm(forms.Form):
    title = forms.CharField(label="政策名称", max_length=120)
    occupation = forms.CharField(
        label="职业编码", max_length=12, required=False, help_text="例如 6-31-01-01；不填表示所有职业。"
    )
    level = forms.ChoiceField(label="等级", required=False, choices=[("", "所有等级"), *SkillLevel.choices()])
    standard = forms.CharField(label="线下补贴标准（元/人）", max_length=20, help_text="最多两位小数，例如 1600。")
    online_percent = forms.IntegerField(label="线上占标准的百分比", min_value=0, max_value=100)
    online_mode = forms.ChoiceField(label="线上部分怎么算", choices=OnlineMode.choices(), widget=forms.RadioSelect)
    offline_basis = forms.ChoiceField(label="线下部分怎么算", choices=OfflineBasis.choices(), widget=forms.RadioSelect)
    stage_shares = forms.CharField(
        label="各阶段比例",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="每行一种阶段数，写百分比并用逗号隔开，合计 100。例如两个阶段写 50,50。",
    )
    source = forms.CharField(label="依据", max_length=300, help_text="文件名称和文号。")
    valid_from = day("起效日")
    valid_until = day("失效日", "从这一天起不再适用；不填表示一直有效，直到有新版本。", required=False)

    def clean_standard(self) -> int:
        try:
            return money.parse_yuan(self.cleaned_data["standard"])
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def clean_stage_shares(self) -> dict[int, list[int]]:
        """``{1: [100], 2: [50, 50]}`` from lines of numbers."""
        shares: dict[int, list[int]] = {}
        for line in self.cleaned_data["stage_shares"].splitlines():
            words = line.replace("，", ",").replace("、", ",").replace("%", "").split(",")
            numbers = [word.strip() for word in words if word.strip()]
            if not numbers:
                continue
            if not all(word.isascii() and word.isdigit() and len(word) <= 3 for word in numbers):
                raise forms.ValidationError(f"“{line.strip()[:40]}”不是用逗号隔开的百分比。")
            if len(numbers) in shares:
                raise forms.ValidationError(f"{len(numbers)} 个阶段的比例写了两次。")
            shares[len(numbers)] = [int(word) for word in numbers]
        return shares

    def policy(self) -> dict[str, Any]:
        """The fields as the operation takes them."""
        data = dict(self.cleaned_data)
        data["occupation_code"] = data.pop("occupation").strip() or None
        data["standard_cents"] = data.pop("standard")
        data["online_mode"] = OnlineMode(data["online_mode"])
        data["offline_basis"] = OfflineBasis(data["offline_basis"])
        return data
