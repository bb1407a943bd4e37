"""Forms of ``exams``."""

import datetime as dt
from decimal import Decimal

from django import forms

from zhenxue.exams.data import ExamFacts, Kind, MultipleRule, QuestionFacts
from zhenxue.exams.models import Exam, Paper, Question
from zhenxue.exams.operations.marking import points
from zhenxue.kernel.clock import CIVIL_ZONE
from zhenxue.training import api as training

ANSWER_HINT = "单选填一个字母，多选填几个字母（如 ABD），判断填 对 或 错。"


class TitleForm(forms.Form):
    title = forms.CharField(label="名称", max_length=120)


class BankForm(forms.Form):
    title = forms.CharField(label="题库名称", max_length=120, help_text="例如：电工（四级）理论题库")


class PaperForm(forms.Form):
    title = forms.CharField(label="试卷名称", max_length=120)
    multiple_rule = forms.ChoiceField(label="多选题计分", choices=MultipleRule.choices(), widget=forms.RadioSelect)


class QuestionForm(forms.Form):
    kind = forms.ChoiceField(
        label="题型", choices=[(one.value, one.label) for one in (Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE)]
    )
    stem = forms.CharField(label="题干", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    options = forms.CharField(
        label="选项",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="每行一个选项，不用写 A、B、C；判断题不填。",
    )
    answer = forms.CharField(label="答案", max_length=20, help_text=ANSWER_HINT)
    explanation = forms.CharField(
        label="解析", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    score = forms.DecimalField(label="默认分值", max_digits=5, decimal_places=1, initial=1)

    @classmethod
    def of(cls, question: Question) -> "QuestionForm":
        """The form filled with a question."""
        return cls(
            initial={
                "kind": question.kind,
                "stem": question.stem,
                "options": "\n".join(question.body.get("options", [])),
                "answer": "".join(question.key["right"]),
                "explanation": question.explanation,
                "score": points(question.score),
            }
        )

    def question(self) -> QuestionFacts:
        """The question as the operations take it."""
        data = self.cleaned_data
        answer = data["answer"].strip().upper()
        words = {"对": "对", "√": "对", "正确": "对", "错": "错", "×": "错", "错误": "错"}
        given = [words[answer]] if answer in words else [mark for mark in answer if mark.isalpha()]
        options = [line.strip() for line in data["options"].splitlines() if line.strip()]
        kept = {name: data[name] for name in ("kind", "stem", "explanation", "score")}
        body = {} if data["kind"] == Kind.TRUE_FALSE else {"options": options}
        return QuestionFacts(**kept, body=body, key={"right": given})


class UploadForm(forms.Form):
    file = forms.FileField(
        label="题目表格",
        allow_empty_file=True,
        help_text="xlsx 或 csv，最多 5,000 行。上传后先逐行检查，确认后才导入。",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
    )


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


class AnswerForm(forms.Form):
    """One answer as the page or the island sends it; ``given`` may stand several times."""

    client_sequence = forms.IntegerField(required=False, min_value=0, max_value=2**53)

    @property
    def number(self) -> int:
        """The device's message number, or 0 for a plain form."""
        return (self.cleaned_data.get("client_sequence") or 0) if self.is_valid() else 0


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
