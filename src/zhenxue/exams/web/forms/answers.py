"""One answer of an attempt as a plain form sends it."""

import re
from typing import Any

from django import forms
from django.http import QueryDict

MOST_PARTS = 20
_PART = re.compile(r"given-(\d{1,2})", re.ASCII)


class AnswerForm(forms.Form):
    """One answer as the page or the island sends it; ``given`` may stand several times."""

    client_sequence = forms.IntegerField(required=False, min_value=0, max_value=2**53)

    @property
    def number(self) -> int:
        """The device's message number, or 0 for a plain form."""
        return (self.cleaned_data.get("client_sequence") or 0) if self.is_valid() else 0


def read_given(data: QueryDict) -> list[Any]:
    """An answer of a plain form: ``given`` as often as it stands there, or of a case ``given-0``, ``given-1``, …: a
    list for each part."""
    numbers = [int(found[1]) for name in data if (found := _PART.fullmatch(name))]
    if not numbers:
        return list(data.getlist("given"))
    return [list(data.getlist(f"given-{at}")) for at in range(min(max(numbers) + 1, MOST_PARTS))]
