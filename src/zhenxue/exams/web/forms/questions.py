"""Editors of questions, one form per kind."""

from django import forms

from zhenxue.exams.data import Kind, QuestionFacts
from zhenxue.exams.models import Question
from zhenxue.exams.operations.marking import points

ANSWER_HINT = "单选填一个字母，多选填几个字母（如 ABD），判断填 对 或 错。"


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
