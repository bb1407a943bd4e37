"""Forms of papers and exams."""

import datetime as dt
from decimal import Decimal

from django import forms

from zhenxue.exams.data import ExamFacts, MultipleRule
from zhenxue.exams.models import Exam, Paper
from zhenxue.exams.operations.marking import points
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
    stage_number = forms.IntegerField(label="阶段", min_value=1, max_value=99, initial=1, help_text="按备案方案。")
    paper = forms.TypedChoiceField(label="试卷", coerce=int)
    title = forms.CharField(label="考试名称", max_length=120)
    opens_at = forms.DateTimeField(
        label="开始时间", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    closes_at = forms.DateTimeField(
        label="结束时间", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    duration_minutes = forms.IntegerField(label="答题时长（分钟）", min_value=1, max_value=600, initial=60)
    attempts_allowed = forms.IntegerField(label="可考次数", min_value=1, max_value=10, initial=2)

    @classmethod
    def of(cls, exam: Exam) -> "ExamForm":
        """The form filled with a draft."""
        plain = ("title", "stage_number", "duration_minutes", "attempts_allowed", "opens_at", "closes_at")
        values = {name: getattr(exam, name) for name in plain}
        return cls(initial={**values, "cohort": exam.cohort_id, "paper": exam.paper_id})

    def facts(self) -> ExamFacts:
        """The exam as the operations take it."""
        data = {name: value for name, value in self.cleaned_data.items() if name not in {"cohort", "paper"}}
        return ExamFacts(**data, paper_id=self.cleaned_data["paper"])

    def choose(self, cohorts: list[training.Cohort], papers: list[Paper]) -> "ExamForm":
        """Offers these cohorts and papers."""
        self.fields["cohort"].choices = [(one.pk, f"{one.code} {one.title}") for one in cohorts]  # type: ignore[attr-defined]  # a ChoiceField has choices
        self.fields["paper"].choices = [  # type: ignore[attr-defined]  # a ChoiceField has choices
            (one.pk, f"{one.title}（{one.questions} 题，{points(one.total)} 分）") for one in papers
        ]
        return self


class CancelForm(forms.Form):
    reason = forms.CharField(
        label="原因", max_length=300, error_messages={"max_length": "取消的原因最多写 300 个字，请返回缩短后再提交。"}
    )


def civil(moment: dt.datetime) -> dt.datetime:
    """A moment as the forms show it."""
    return moment.astimezone(CIVIL_ZONE)


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
