"""Forms of incidents: what is said to one, and what is ruled."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from zhenxue.integrity.data import LIGHTER, RulingKind
from zhenxue.integrity.faces.limits import LARGEST_PHOTO_BYTES
from zhenxue.integrity.models import Incident, Ruling
from zhenxue.integrity.operations.incidents import LENGTHS
from zhenxue.integrity.operations.pictures import MOST
from zhenxue.integrity.queries import incidents as queries
from zhenxue.kernel.web.fields import area, set_choices

LOCAL = "%Y-%m-%dT%H:%M"
PICTURES = f"最多 {MOST} 张，JPG 或 PNG，每张不超过 4MB。照片里的定位等信息会去掉，加密保存。"


class ManyFiles(forms.ClearableFileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Several pictures; gives their bytes. What is far too large is not read."""

    def __init__(self, label: str, hint: str = PICTURES) -> None:
        widget = ManyFiles(attrs={"accept": "image/jpeg,image/png"})
        super().__init__(label=label, help_text=hint, required=False, widget=widget)

    def clean(self, data: Any, initial: Any = None) -> list[bytes]:
        given: Sequence[UploadedFile[Any]] = data if isinstance(data, list | tuple) else [data] if data else []
        if len(given) > MOST:
            raise forms.ValidationError(f"最多上传 {MOST} 张照片，现在选了 {len(given)} 张，请去掉几张。")
        for number, one in enumerate(given, 1):
            if (one.size or 0) > LARGEST_PHOTO_BYTES:
                raise forms.ValidationError(f"第 {number} 张照片超过 4MB，请压缩后再传。")
        return [one.read() for one in given]


class StatementForm(forms.Form):
    """Words and pictures."""

    def __init__(self, *args: Any, label: str, hint: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"] = area(label, hint, rows=6, longest=LENGTHS[1])
        self.fields["pictures"] = PicturesField("照片（可不传）")


class RulingForm(forms.Form):
    """What is ruled and why; a stretch for withdrawn hours, an attempt for a void exam."""

    kind = forms.ChoiceField(label="裁定", widget=forms.RadioSelect, error_messages={"required": "请选择裁定。"})
    since = forms.DateTimeField(
        label="撤销从",
        required=False,
        input_formats=[LOCAL, "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"}),
        help_text="只在“撤销学时”时填写。",
    )
    until = forms.DateTimeField(
        label="撤销到",
        required=False,
        input_formats=[LOCAL, "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"}),
    )
    context = forms.ChoiceField(label="作废哪次考试", required=False, help_text="只在“考试作废”时选择。")
    reason = area(
        "裁定理由", "学员会看到这段话。写清认定了什么、依据是什么，不要只写分值。", rows=5, longest=LENGTHS[1]
    )

    def __init__(self, *args: Any, incident: Incident, **options: Any) -> None:
        super().__init__(*args, **options)
        fitting = queries.fitting_rulings(incident)
        set_choices(self, "kind", [(kind.value, kind.label) for kind in fitting])
        attempts = queries.attempts_in(incident)
        if RulingKind.WITHDRAW not in fitting:
            del self.fields["since"], self.fields["until"]
        if not attempts:
            del self.fields["context"]
        else:
            numbers = [(one, f"第 {one.partition(':')[2]} 号答卷") for one in attempts]
            set_choices(self, "context", [("", "请选择"), *numbers])

    def ruling(self) -> dict[str, Any]:
        """What the operation takes; only on a valid form. What another ruling was filled in for is left out."""
        values = self.cleaned_data
        kind = RulingKind(values["kind"])
        found: dict[str, Any] = {"kind": kind, "reason": values["reason"]}
        if kind is RulingKind.WITHDRAW:
            found |= {"since": values.get("since"), "until": values.get("until")}
        if kind is RulingKind.VOID_EXAM:
            found["context"] = values.get("context") or ""
        return found


class DecisionForm(forms.Form):
    """The second person's word: as it was, or lighter."""

    kind = forms.ChoiceField(label="复核决定", widget=forms.RadioSelect, error_messages={"required": "请选择决定。"})
    reason = area("复核理由", "学员会看到这段话。", rows=5, longest=LENGTHS[1])

    def __init__(self, *args: Any, first: Ruling, **options: Any) -> None:
        super().__init__(*args, **options)
        before = RulingKind(first.kind)
        lighter = [(kind.value, f"改为“{kind.label}”") for kind in LIGHTER.get(before, ())]
        set_choices(self, "kind", [(before.value, f"维持“{before.label}”"), *lighter])
