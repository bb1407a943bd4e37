"""Forms of blueprints, their rules, what single learners are allowed, and make-ups."""

from decimal import Decimal
from typing import Any

from django import forms

from zhenxue.exams.data import Kind, MultipleRule, RuleFacts
from zhenxue.exams.models import Blueprint, BlueprintRule, Exam, Paper, QuestionBank
from zhenxue.exams.operations.marking import points
from zhenxue.kernel.clock import CIVIL_ZONE
from zhenxue.training import api as training

LEVELS = [(1, "1（很容易）"), (2, "2（较容易）"), (3, "3（中等）"), (4, "4（较难）"), (5, "5（很难）")]
BLUEPRINT_MARK = "b"


def moment_field(label: str, **more: Any) -> forms.DateTimeField:
    """A moment as a person picks it."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget, **more)


def plan_choices(papers: list[Paper], blueprints: list[Blueprint]) -> list[tuple[str, str]]:
    """What an exam can be made of: papers by their number, blueprints with a ``b`` before it."""
    fixed = [(str(one.pk), f"{one.title}（{one.questions} 题，{points(one.total)} 分）") for one in papers]
    drawn = [
        (f"{BLUEPRINT_MARK}{one.pk}", f"抽题：{one.title}（{one.questions} 题，{points(one.total)} 分）")
        for one in blueprints
    ]
    return fixed + drawn


def chosen_plan(value: str) -> dict[str, Any]:
    """``paper_id`` and ``blueprint_id`` of a choice."""
    if value.startswith(BLUEPRINT_MARK):
        return {"paper_id": None, "blueprint_id": int(value.removeprefix(BLUEPRINT_MARK))}
    return {"paper_id": int(value), "blueprint_id": None}


class BlueprintForm(forms.Form):
    title = forms.CharField(label="方案名称", max_length=120, help_text="例如：电工（四级）结业考试")
    multiple_rule = forms.ChoiceField(label="多选题计分", choices=MultipleRule.choices(), widget=forms.RadioSelect)
    difficulty = forms.DecimalField(
        label="目标难度",
        required=False,
        min_value=Decimal(1),
        max_value=Decimal(5),
        max_digits=3,
        decimal_places=2,
        help_text="1 最容易，5 最难，按分值平均；不填就按题库里题目的平均难度。",
    )
    tolerance = forms.DecimalField(
        label="难度允差",
        min_value=Decimal(0),
        max_value=Decimal(2),
        max_digits=3,
        decimal_places=2,
        initial=Decimal("0.20"),
        help_text="每份试卷的平均难度和目标最多相差多少。越小越公平，也越难抽。",
    )

    @classmethod
    def of(cls, blueprint: Blueprint) -> "BlueprintForm":
        names = ("title", "multiple_rule", "difficulty", "tolerance")
        return cls(initial={name: getattr(blueprint, name) for name in names})


class RuleForm(forms.Form):
    """``choose`` fills banks and points."""

    part = forms.CharField(label="部分", required=False, max_length=30, help_text="例如：理论。可以不填。")
    bank = forms.TypedChoiceField(label="题库", coerce=int)
    kind = forms.ChoiceField(label="题型", choices=Kind.choices())
    point = forms.TypedChoiceField(label="考核点", coerce=int, required=False, empty_value=None)
    lowest = forms.TypedChoiceField(label="难度从", coerce=int, choices=LEVELS, initial=1)
    highest = forms.TypedChoiceField(label="难度到", coerce=int, choices=LEVELS, initial=5)
    count = forms.IntegerField(label="抽几题", min_value=1, max_value=200, initial=10)
    score = forms.DecimalField(
        label="每题分值", min_value=Decimal("0.1"), max_value=100, max_digits=4, decimal_places=1, initial=2
    )

    def choose(self, banks: list[QuestionBank], standards: list[tuple[int, str]]) -> "RuleForm":
        """Offers these banks and points."""
        self.fields["bank"].choices = [(one.pk, one.title) for one in banks]  # type: ignore[attr-defined]  # a ChoiceField has choices
        self.fields["point"].choices = [("", "不限"), *standards]  # type: ignore[attr-defined]  # a ChoiceField has choices
        return self

    @classmethod
    def of(cls, rule: BlueprintRule) -> "RuleForm":
        names = ("part", "kind", "lowest", "highest", "count")
        values = {name: getattr(rule, name) for name in names}
        return cls(initial={**values, "bank": rule.bank_id, "point": rule.point_id, "score": points(rule.score)})

    def facts_to_count(self) -> RuleFacts:
        """Of a form that is not complete yet what decides which questions are found."""
        data = self.cleaned_data
        levels = {"lowest": data["lowest"], "highest": data["highest"]}
        return RuleFacts(data["bank"], data["kind"], 1, Decimal(1), point_id=data["point"], **levels)

    def facts(self) -> RuleFacts:
        """The rule as the operations take it."""
        data = dict(self.cleaned_data)
        return RuleFacts(bank_id=data.pop("bank"), point_id=data.pop("point"), **data)


class AllowanceForm(forms.Form):
    """``choose`` fills the learners."""

    enrolment = forms.TypedChoiceField(label="学员", coerce=int)
    extra_minutes = forms.IntegerField(label="延长答题时间（分钟）", min_value=0, max_value=600, initial=0)
    extra_attempts = forms.IntegerField(label="增加考试次数", min_value=0, max_value=10, initial=0)
    reason = forms.CharField(label="原因", max_length=200, help_text="会写入存证，例如：右手受伤，书写不便。")

    def choose(self, enrolments: list[training.Enrolment]) -> "AllowanceForm":
        self.fields["enrolment"].choices = [  # type: ignore[attr-defined]  # a ChoiceField has choices
            ("", "请选择学员"),
            *((one.pk, f"{one.person.name}（{one.person.citizen_number[-4:]}）") for one in enrolments),
        ]
        return self


class MakeUpForm(forms.Form):
    """A make-up takes all else from the exam it makes up for. ``choose`` fills what it can be made of."""

    title = forms.CharField(label="补考名称", max_length=120)
    paper = forms.ChoiceField(label="试卷或组卷方案")
    opens_at = moment_field("开始时间")
    closes_at = moment_field("结束时间")
    duration_minutes = forms.IntegerField(label="答题时长（分钟）", min_value=1, max_value=600)
    publish = forms.BooleanField(label="马上发布，并通知这些学员", required=False, initial=True)

    def choose(self, plans: list[tuple[str, str]]) -> "MakeUpForm":
        self.fields["paper"].choices = plans  # type: ignore[attr-defined]  # a ChoiceField has choices
        return self

    @classmethod
    def after(cls, exam: Exam) -> "MakeUpForm":
        """The form filled with what the exam had."""
        plan = f"{BLUEPRINT_MARK}{exam.blueprint_id}" if exam.blueprint_id else str(exam.paper_id)
        number = exam.make_ups.count() + 1
        title = f"{exam.title[:100]}（补考{number if number > 1 else ''}）"
        return cls(initial={"title": title, "paper": plan, "duration_minutes": exam.duration_minutes})


def written_parts(rules: dict[str, int]) -> str:
    """Pass marks of parts as a person types them: ``理论=60，实务=70``."""
    return "，".join(f"{part}={percent}" for part, percent in rules.items())


def read_parts(text: str) -> dict[str, int]:
    """The other way; raises ``ValidationError`` naming what cannot be read."""
    rules: dict[str, int] = {}
    for piece in text.replace("，", ",").replace("；", ",").replace(";", ",").replace("\n", ",").split(","):
        if not piece.strip():
            continue
        part, _, percent = piece.replace("：", "=").replace(":", "=").replace("＝", "=").partition("=")
        number = percent.strip().removesuffix("%")
        if not part.strip() or not number.isdecimal():
            raise forms.ValidationError(f"“{piece.strip()[:20]}”看不懂，请写成“部分=百分数”，例如：理论=60，实务=60。")
        rules[part.strip()] = min(int(number), 999)
    return rules


def local(moment: Any) -> Any:
    """A moment as a form shows it."""
    return moment.astimezone(CIVIL_ZONE) if moment else None
