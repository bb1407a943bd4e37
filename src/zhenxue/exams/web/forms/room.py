"""Forms of the exam room: the invigilator's acts, and what a page tells of itself."""

import json
from typing import Any

from django import forms

from zhenxue.exams.data import ConductClaim
from zhenxue.kernel.errors import Invalid

#: A batch of conduct is small; anything larger is not from our page.
LARGEST_BATCH = 32_000


class MessageForm(forms.Form):
    text = forms.CharField(label="消息", max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    reason = forms.CharField(label="原因", max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class ExtendForm(ReasonForm):
    minutes = forms.IntegerField(label="延长几分钟", min_value=1, max_value=120, initial=10)
    field_order = ("minutes", "reason")


def read_batch(body: bytes) -> tuple[list[ConductClaim], int]:
    """The events of a batch and the number of the newest message that was shown; raises ``Invalid`` for anything that
    our page does not send."""
    try:
        if len(body) > LARGEST_BATCH:
            raise ValueError(len(body))
        batch = json.loads(body)
        claims = [_claim(one) for one in batch.get("events", [])]
        return claims, _whole(batch.get("seen", 0))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Invalid("exams.conduct_batch", "上报的内容不完整，请刷新页面。") from error


def _claim(one: dict[str, Any]) -> ConductClaim:
    lasted = one.get("lasted_ms")
    return ConductClaim(
        kind=str(one["kind"])[:12],
        sequence=_whole(one["sequence"], least=1),
        ago_ms=_whole(one.get("ago_ms", 0)),
        lasted_ms=None if lasted is None else _whole(lasted),
        facts=dict(one.get("facts") or {}),
    )


def _whole(value: object, *, least: int = 0) -> int:
    if type(value) is not int or not least <= value < 2**53:
        raise ValueError(value)
    return value
