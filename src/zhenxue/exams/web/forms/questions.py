"""Editors of questions, one form per kind: choices, and what is written."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from zhenxue.exams.data import Kind
from zhenxue.exams.kinds.written import BLANK
from zhenxue.exams.web.forms.editors import EditorForm, Group, line
from zhenxue.kernel.web.fields import area, text

ANSWER_HINT = "单选填一个字母，多选填几个字母（如 ABD），判断填 对 或 错。"
CHOICES = (Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE)
TRUTH = {"对": "对", "√": "对", "正确": "对", "错": "错", "×": "错", "错误": "错"}


def read_choice(answer: str) -> list[str]:
    """The letters, or the word, of a choice's answer as people type it."""
    answer = answer.strip().upper()
    return [TRUTH[answer]] if answer in TRUTH else sorted({mark for mark in answer if mark.isalpha()})


def plain(value: Decimal | None) -> str:
    return "" if value is None else format(value.normalize(), "f")


class ChoiceForm(EditorForm):
    kind = forms.CharField(label="题型", widget=forms.Select(choices=[(one.value, one.label) for one in CHOICES]))
    options = area("选项", "每行一个选项，不用写 A、B、C；判断题不填。", required=False, rows=5, longest=8000)
    answer = forms.CharField(label="答案", max_length=20, help_text=ANSWER_HINT)

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        return {"options": "\n".join(body.get("options", [])), "answer": "".join(key.get("right", []))}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        options = [one.strip() for one in self.cleaned_data["options"].splitlines() if one.strip()]
        body = {} if self.chosen_kind == Kind.TRUE_FALSE else {"options": options}
        return body, {"right": read_choice(self.cleaned_data["answer"])}

    def clean_kind(self) -> str:
        """One of the three that this form writes."""
        if self.cleaned_data["kind"] not in CHOICES:
            raise forms.ValidationError("请选择题型。")
        return str(self.cleaned_data["kind"])

    @property
    def chosen_kind(self) -> str:
        return str(self.cleaned_data["kind"])


class FillInForm(EditorForm):
    kind_of_form = Kind.FILL_IN
    groups: ClassVar[tuple[Group, ...]] = (
        Group(
            "blank",
            "各空的答案",
            "再加一空",
            {"accepted": line("答案", 2000, "几种写法用 | 隔开"), "tolerance": line("允许误差", 20, "如 0.5 或 2%")},
            ("accepted", "tolerance"),
            hint="题干里每个空写成四个下划线 ____ 。全角半角、大小写、空格、中文数字不用另写；数字题可以填允许误差。",
        ),
    )
    ordered = forms.BooleanField(
        label="每个空有自己的答案（不勾：几个空的答案可以换位置）", required=False, initial=True
    )

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        rows = [
            {"accepted": " | ".join(one["accepted"]), "tolerance": one.get("tolerance", "")} for one in key["blanks"]
        ]
        return {"rows-blank": rows, "ordered": key.get("ordered", True)}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        blanks = [{"accepted": split(row["accepted"]), "tolerance": row["tolerance"]} for row in self.rows("blank")]
        return {"blanks": len(blanks)}, {"blanks": blanks, "ordered": bool(self.cleaned_data["ordered"])}

    def clean_stem(self) -> str:
        """Blanks of any length become the one form."""
        return BLANK.sub("____", self.cleaned_data["stem"].replace("＿", "_"))


def split(text: str) -> list[str]:
    """Variants that stand between bars."""
    return [one.strip() for one in text.replace("｜", "|").split("|") if one.strip()]


class ShortAnswerForm(EditorForm):
    kind_of_form = Kind.SHORT_ANSWER
    groups: ClassVar[tuple[Group, ...]] = (
        Group(
            "point",
            "得分点",
            "再加一个得分点",
            {"point": line("得分点", 500), "points": line("分值", 6, inputmode="decimal")},
            ("point", "points"),
            hint="阅卷时按得分点给分；没有得分点就按参考答案给分。",
        ),
    )
    lines = forms.IntegerField(label="答题框行数", min_value=1, max_value=40, initial=5)
    reference = area("参考答案", required=False, rows=4, longest=6000)

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        rows = [{"point": one["text"], "points": one["points"]} for one in key.get("rubric") or []]
        return {"lines": body.get("lines", 5), "reference": key.get("reference", ""), "rows-point": rows}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        rubric = [{"text": row["point"], "points": row["points"]} for row in self.rows("point")]
        key = {"reference": self.cleaned_data["reference"].strip(), "rubric": rubric}
        return {"lines": self.cleaned_data["lines"]}, key


class CalculationForm(EditorForm):
    kind_of_form = Kind.CALCULATION
    groups: ClassVar[tuple[Group, ...]] = (
        Group(
            "parameter",
            "参数（每个学员的数字不同时才填）",
            "再加一个参数",
            {
                "name": line("参数名", 16, "a"),
                "low": line("最小", 20, inputmode="decimal"),
                "high": line("最大", 20, inputmode="decimal"),
                "step": line("步长", 20, inputmode="decimal"),
            },
            ("name", "low", "high"),
            most=8,
            hint="题干里把参数写成 {a}，开考时按范围随机取值；答案用公式计算。",
        ),
    )
    value = text("答案（固定数字）", 30, "用参数时不填。", required=False)
    formula = text("答案公式", 200, "用参数时填，如 a*b/2；可用 + - * / ^ 、括号、sqrt、sin（角度）。", required=False)
    tolerance = text("允许误差", 20, "如 0.01 或 1%；不填就要完全相等。", required=False)
    unit = text("单位", 20, "显示在答案框后面，如 mm。", required=False)
    steps = forms.BooleanField(label="要求写出解题步骤", required=False)
    reference = area("解题过程", required=False, rows=3, longest=6000)

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        rows = [{"name": name, **span} for name, span in (key.get("parameters") or {}).items()]
        kept = {name: key.get(name, "") for name in ("value", "formula", "tolerance", "reference")}
        return {**kept, "unit": body.get("unit", ""), "steps": bool(body.get("steps")), "rows-parameter": rows}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        data = self.cleaned_data
        key: dict[str, Any] = {"tolerance": data["tolerance"].strip(), "reference": data["reference"].strip()}
        rows = self.rows("parameter")
        if data["formula"].strip() or rows:
            key["formula"] = data["formula"].strip()
            spans = {row["name"]: {end: row[end] for end in ("low", "high", "step")} for row in rows}
            key["parameters"] = {name: {**span, "step": span["step"] or "1"} for name, span in spans.items()}
        else:
            key["value"] = data["value"].strip()
        return {"unit": data["unit"].strip(), "steps": bool(data["steps"])}, key

    def clean(self) -> None:
        """Two parameters of one name would be one: said here, where both still stand."""
        names = [row["name"] for row in self.rows("parameter")]
        for at, name in enumerate(names):
            if name in names[:at]:
                self.add_error(f"name-{at}", f"参数 {name} 写了两次，请改一个名字。")
