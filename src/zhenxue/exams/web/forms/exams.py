"""Forms of papers and exams."""

import datetime as dt
from decimal import Decimal
from typing import ClassVar

from django import forms

from zhenxue.exams.data import ExamFacts, ExamKind, MultipleRule
from zhenxue.exams.models import Exam
from zhenxue.exams.web.forms.plans import BLUEPRINT_MARK, chosen_plan, moment_field, read_parts, written_parts
from zhenxue.kernel.clock import CIVIL_ZONE
from zhenxue.training import api as training


class TitleForm(forms.Form):
    title = forms.CharField(label="名称", max_length=120)


class PaperForm(forms.Form):
    title = forms.CharField(label="试卷名称", max_length=120)
    multiple_rule = forms.ChoiceField(label="多选题计分", choices=MultipleRule.choices(), widget=forms.RadioSelect)


class ExamForm(forms.Form):
    """``choose`` fills the choices: what the manager may use for this cohort."""

    cohort = forms.TypedChoiceField(label="班期", coerce=int)
    kind = forms.ChoiceField(label="类别", choices=ExamKind.choices(), initial=ExamKind.STAGE.value, required=False)
    stage_number = forms.IntegerField(
        label="阶段",
        min_value=1,
        max_value=99,
        initial=1,
        required=False,
        help_text="按备案方案；结业考试和补考不用填。",
    )
    original = forms.TypedChoiceField(
        label="补哪场考试", coerce=int, required=False, empty_value=None, help_text="类别是补考时选。"
    )
    paper = forms.ChoiceField(label="试卷或组卷方案")
    title = forms.CharField(label="考试名称", max_length=120)
    opens_at = moment_field("开始时间")
    closes_at = moment_field("结束时间")
    duration_minutes = forms.IntegerField(label="答题时长（分钟）", min_value=1, max_value=600, initial=60)
    attempts_allowed = forms.IntegerField(label="可考次数", min_value=1, max_value=10, initial=2)
    shuffles_questions = forms.BooleanField(label="每个人的题目顺序不同（在部分之内打乱）", required=False)
    shuffles_options = forms.BooleanField(label="每个人的选项顺序不同", required=False)
    part_rules = forms.CharField(
        label="各部分的合格线", required=False, max_length=300, help_text="例如：理论=60，实务=60。不填就只看总分。"
    )
    late_minutes = forms.IntegerField(
        label="迟到多少分钟不能入场",
        min_value=0,
        max_value=600,
        initial=0,
        required=False,
        help_text="0：结束前都能进。",
    )
    stay_minutes = forms.IntegerField(
        label="开考多少分钟后才能交卷",
        min_value=0,
        max_value=600,
        initial=0,
        required=False,
        help_text="0：随时可以交。",
    )
    breaks_allowed = forms.IntegerField(label="可休息次数", min_value=0, max_value=5, initial=0, required=False)
    break_minutes = forms.IntegerField(
        label="每次最多休息（分钟）", min_value=0, max_value=60, initial=0, required=False, help_text="休息时不计时。"
    )
    double_marking = forms.BooleanField(label="主观题由两个人评阅", required=False)
    difference_percent = forms.IntegerField(
        label="两人评分相差多少算大（%）",
        min_value=1,
        max_value=100,
        initial=10,
        required=False,
        help_text="超过时由第三人评定。",
    )
    publish_at = moment_field("成绩公布时间", required=False, help_text="不填：评完马上能看到。")

    #: Fields that stand behind "more rules"; their number 0, or the usual, when left out.
    RULES = (
        *("shuffles_questions", "shuffles_options", "part_rules", "late_minutes", "stay_minutes"),
        *("breaks_allowed", "break_minutes", "double_marking", "difference_percent", "publish_at"),
    )
    USUAL: ClassVar[dict[str, int]] = {
        **dict.fromkeys(("late_minutes", "stay_minutes", "breaks_allowed", "break_minutes"), 0),
        "difference_percent": 10,
    }

    @classmethod
    def of(cls, exam: Exam) -> "ExamForm":
        """The form filled with a draft."""
        names = (one for one in cls.base_fields if one not in {"cohort", "original", "paper", "part_rules"})
        plan = f"{BLUEPRINT_MARK}{exam.blueprint_id}" if exam.blueprint_id else str(exam.paper_id)
        place = {"cohort": exam.cohort_id, "original": exam.original_id, "paper": plan}
        rules = written_parts(exam.part_rules)
        return cls(initial={**{name: getattr(exam, name) for name in names}, **place, "part_rules": rules})

    def clean_part_rules(self) -> dict[str, int]:
        return read_parts(self.cleaned_data["part_rules"])

    def facts(self) -> ExamFacts:
        """The exam as the operations take it."""
        data = dict(self.cleaned_data)
        kind = data["kind"] = data["kind"] or ExamKind.STAGE.value
        data |= {name: usual for name, usual in self.USUAL.items() if data[name] is None}
        if kind in {ExamKind.FINAL, ExamKind.MAKE_UP}:
            data["stage_number"] = None
        del data["cohort"]
        return ExamFacts(original_id=data.pop("original"), **chosen_plan(data.pop("paper")), **data)

    def choose(self, cohorts: list[training.Cohort], plans: list[tuple[str, str]], originals: list[Exam]) -> "ExamForm":
        """Offers these cohorts, papers and blueprints, and exams that can be made up for."""
        self.fields["cohort"].choices = [(one.pk, f"{one.code} {one.title}") for one in cohorts]  # type: ignore[attr-defined]  # a ChoiceField has choices
        self.fields["paper"].choices = plans  # type: ignore[attr-defined]  # a ChoiceField has choices
        names = [(one.pk, f"{one.cohort.code} {one.title}") for one in originals]
        self.fields["original"].choices = [("", "不是补考"), *names]  # type: ignore[attr-defined]  # a ChoiceField has choices
        return self

    @property
    def basics(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in self.RULES]

    @property
    def rules(self) -> list[forms.BoundField]:
        return [field for field in self if field.name in self.RULES]

    @property
    def opens_rules(self) -> bool:
        """Whether the further rules stand open: one of them is wrong, or not the usual."""
        unusual = any(self[name].value() not in (None, "", 0, "0", 10, "10", False) for name in self.RULES)
        return unusual or any(self[name].errors for name in self.RULES)


class CancelForm(forms.Form):
    reason = forms.CharField(
        label="原因", max_length=300, error_messages={"max_length": "取消的原因最多写 300 个字，请返回缩短后再提交。"}
    )


def civil(moment: dt.datetime) -> dt.datetime:
    """A moment as the forms show it."""
    return moment.astimezone(CIVIL_ZONE)


def read_parts_of_lines(data: dict[str, str]) -> dict[int, str]:
    """``part-12=理论`` … by question id."""
    found = {}
    for key, value in data.items():
        name, _, question = key.partition("-")
        if name == "part" and question.isdecimal():
            found[int(question)] = value
    return found


def read_scores(data: dict[str, str]) -> dict[int, Decimal]:
    """``score-12=2.5`` … by question id; what is no number counts as 0 and is refused by the operation."""
    scores: dict[int, Decimal] = {}
    for key, value in data.items():
        name, _, question = key.partition("-")
        if name == "score" and question.isdecimal():
            try:
                scores[int(question)] = Decimal(value.strip())
            except ArithmeticError:
                scores[int(question)] = Decimal(0)
    return scores
