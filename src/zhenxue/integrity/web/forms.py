"""Forms of ``integrity``."""

from collections.abc import Iterable
from typing import Any

from django import forms

from zhenxue.kernel.web.fields import area, set_choices
from zhenxue.training import api as training


class CommandForm(forms.Form):
    """An officer's command to one learner of a cohort, or to all who run."""

    enrolment = forms.TypedChoiceField(label="抽查谁", coerce=int, required=False, empty_value=None)
    reason = area("抽查理由", "例如“例行抽查”“接到投诉”。只记入存证，不显示给学员。", rows=2, longest=200)

    def __init__(self, *args: Any, enrolments: Iterable[training.Enrolment], **options: Any) -> None:
        super().__init__(*args, **options)
        people = [(one.pk, f"只抽查 {one.person.name}") for one in enrolments]
        set_choices(self, "enrolment", [("", "全班正在学习或考试的学员"), *people])
