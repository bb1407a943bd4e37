"""Forms of the portal's own pages."""

from typing import Any

from django import forms


class DossierForm(forms.Form):
    """What goes into a dossier. Who need give no reason (a learner) gets the whole record and is not asked."""

    with_names = forms.BooleanField(
        label="包含姓名和说明文字",
        required=False,
        help_text="不选则遮盖姓名，操作人和说明文字只留摘要，照样可以核验。",
    )
    reason = forms.CharField(
        label="需要姓名的理由",
        required=False,
        max_length=200,
        help_text="只在选了上一项时填写，会写入存证。",
    )

    def __init__(self, *values: Any, asks_reason: bool, **options: Any) -> None:
        super().__init__(*values, **options)
        if not asks_reason:
            self.fields["with_names"] = forms.BooleanField(required=False, widget=forms.HiddenInput)
            self.fields["reason"] = forms.CharField(required=False, widget=forms.HiddenInput)
        self.asks_reason = asks_reason

    def clean_with_names(self) -> bool:
        """The reader's own record is always whole."""
        return bool(self.cleaned_data["with_names"]) or not self.asks_reason
