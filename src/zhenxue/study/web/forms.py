"""The self-test as a form: one field per question, radio buttons or tick boxes."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import QuestionKind

TRUE_FALSE = ("对", "错")


class SelfTestForm(forms.Form):
    """Built from the unit's questions; the fields carry neither answers nor explanations."""

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, questions: Sequence[catalogue.SelfTestQuestion]
    ) -> None:
        super().__init__(data)
        self.questions = questions
        for number, question in enumerate(questions, 1):
            choices: list[tuple[str, str]] = [
                (letter, f"{letter}. {text}") for letter, text in zip(catalogue.LETTERS, question.options, strict=False)
            ] or [(word, word) for word in TRUE_FALSE]
            many = question.kind == QuestionKind.MULTIPLE
            field: forms.Field = (
                forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple)
                if many
                else forms.ChoiceField(choices=choices, widget=forms.RadioSelect)
            )
            field.label = f"{number}. {question.stem}（{QuestionKind(question.kind).label}）"
            field.error_messages["required"] = "这道题还没有作答"
            self.fields[f"question_{question.pk}"] = field

    def answers(self) -> dict[int, list[str]]:
        """Question id → chosen letters."""
        given = {question.pk: self.cleaned_data[f"question_{question.pk}"] for question in self.questions}
        return {number: list(value) if isinstance(value, list) else [value] for number, value in given.items()}
