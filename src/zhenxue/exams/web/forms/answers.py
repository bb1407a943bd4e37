"""One answer of an attempt as a plain form sends it."""

from django import forms


class AnswerForm(forms.Form):
    """One answer as the page or the island sends it; ``given`` may stand several times."""

    client_sequence = forms.IntegerField(required=False, min_value=0, max_value=2**53)

    @property
    def number(self) -> int:
        """The device's message number, or 0 for a plain form."""
        return (self.cleaned_data.get("client_sequence") or 0) if self.is_valid() else 0
