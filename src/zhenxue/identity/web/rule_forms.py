"""The form of a new version of the rules: one pair of fields, number and source, for each number of the platform."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from zhenxue.identity.data import RULE_FIELDS, YES_NO, Rule, RuleDraft, RuleField, RuleGroup, Rules
from zhenxue.identity.operations.rules import LONGEST_SOURCE
from zhenxue.kernel.web.fields import day, set_choices


@dataclass(frozen=True, slots=True)
class Line:
    """A number on the form: what it is, and its two fields."""

    known: RuleField
    value: forms.BoundField
    source: forms.BoundField


class RulesForm(forms.Form):
    """Starts from the numbers of ``base``; whether they fit is said by the operation, field by field."""

    region = forms.ChoiceField(label="地区")
    programme_kind = forms.ChoiceField(label="适用项目类别", required=False)
    version = forms.CharField(label="版本号", max_length=40, help_text="例如 2026-2；同一地区和类别不能重复。")
    valid_from = day("起效日", "不能早于今天；从这天起备案通过的班按新数值执行。")
    valid_until = day("失效日", "没有期限的留空；从这天起不再执行。", required=False)
    source = forms.CharField(label="总依据", max_length=LONGEST_SOURCE, help_text="文件名称和文号。")

    def __init__(
        self,
        data: QueryDict | None,
        *,
        base: Rules | None,
        regions: list[tuple[str, str]],
        kinds: list[tuple[str, str]],
        today: dt.date,
    ) -> None:
        super().__init__(data, initial=_initial(base, today))
        set_choices(self, "region", [("", "请选择"), *regions])
        set_choices(self, "programme_kind", kinds)
        for one in RULE_FIELDS:
            rule = base.rules.get(one.key) if base else None
            self.fields[f"value_{one.key}"] = _value_field(one, rule)
            self.fields[f"source_{one.key}"] = forms.CharField(
                label=f"“{one.label.split('（')[0]}”的依据",
                max_length=LONGEST_SOURCE,
                initial=rule.source if rule else "",
            )

    def head(self) -> list[forms.BoundField]:
        """The fields about the whole version."""
        return [self[name] for name in self.base_fields]

    def groups(self) -> list[tuple[RuleGroup, list[Line]]]:
        """The numbers, group by group."""
        lines = [Line(one, self[f"value_{one.key}"], self[f"source_{one.key}"]) for one in RULE_FIELDS]
        groups = [(group, [line for line in lines if line.known.group is group]) for group in RuleGroup]
        return [(group, members) for group, members in groups if members]

    def draft_of(self, values: dict[str, Any]) -> RuleDraft:
        return RuleDraft(
            region_code=values["region"],
            programme_kind=values["programme_kind"],
            version=values["version"],
            valid_from=values["valid_from"],
            valid_until=values["valid_until"],
            source=values["source"],
            values={one.key: values[f"value_{one.key}"] for one in RULE_FIELDS},
            sources={one.key: values[f"source_{one.key}"] for one in RULE_FIELDS},
        )


def _value_field(one: RuleField, rule: Rule | None) -> forms.Field:
    """A number within its bounds, or 是 and 否; starts from ``rule``."""
    initial = rule.value if rule else None
    before = f"原来是 {one.told(rule.value)}" if rule else ""
    if one.is_switch:
        return forms.TypedChoiceField(
            label=one.label,
            initial=initial,
            help_text=before,
            choices=[("", "请选择"), *YES_NO.items()],
            coerce=int,
        )
    return forms.IntegerField(
        label=one.label + (f"（{one.unit}）" if one.unit else ""),
        initial=initial,
        help_text="；".join(filter(None, (f"可填 {one.low} 到 {one.high}", before))),
        widget=forms.NumberInput(attrs={"min": one.low, "max": one.high, "inputmode": "numeric"}),
    )


def _initial(base: Rules | None, today: dt.date) -> dict[str, Any]:
    start: dict[str, Any] = {"valid_from": today + dt.timedelta(days=1)}
    if base:
        start |= {"region": base.region_code, "programme_kind": base.programme_kind, "source": base.source}
    return start
