"""Forms of real-name verification; what fits is said by the operations, field by field."""

from typing import Any

from django import forms

from zhenxue.identity.data import LONG_TERM, CardFacts
from zhenxue.identity.operations.cards import LARGEST_BYTES
from zhenxue.kernel.web.fields import text


def _side(label: str, hint: str) -> forms.FileField:
    # no ``capture``: with it a phone offers its camera only, and no picture that is there already
    widget = forms.FileInput(attrs={"accept": "image/jpeg,image/png"})
    return forms.FileField(label=label, help_text=hint, widget=widget)


class CardForm(forms.Form):
    """Both sides of a card, taken by the camera or chosen from files."""

    front = _side("人像面", "有照片的一面。放平，四角拍全，不反光，字看得清。")
    back = _side("国徽面", "有国徽的一面。")

    def clean(self) -> dict[str, bytes]:
        """The bytes of each; what is far too large is not read."""
        found = {name: file for name, file in (super().clean() or {}).items() if file}
        for name in [name for name, file in found.items() if file.size > LARGEST_BYTES]:
            self.add_error(name, "照片太大（超过12MB），请用手机相机的普通模式重拍。")
            del found[name]
        return {name: file.read() for name, file in found.items()}


class CardFactsForm(forms.Form):
    """What stands on the card, to be confirmed."""

    name = text("姓名", 60, autocomplete="off")
    citizen_number = text("公民身份号码", 24, autocomplete="off", spellcheck="false")
    address = text("住址", 120, autocomplete="off")
    issuer = text("签发机关", 60, autocomplete="off")
    valid_from = text("有效期起", 10, "例如 2020-01-15", autocomplete="off")
    valid_until = text("有效期止", 10, f"例如 2040-01-15；写着长期的填“{LONG_TERM}”", autocomplete="off")

    def facts_of(self, values: dict[str, Any]) -> CardFacts:
        return CardFacts(**{name: values[name] for name in CardFacts.__slots__})


class CodeForm(forms.Form):
    code = text("短信验证码", 6, "6位数字，5分钟内有效。", inputmode="numeric", autocomplete="one-time-code")


class NoteForm(forms.Form):
    """A request to be looked at by people."""

    note = text("想对审核的人说什么", 200, required=False)


class JudgeForm(forms.Form):
    """What somebody says about another's identity."""

    passed = forms.ChoiceField(label="结论", choices=[("yes", "通过"), ("no", "不通过")], widget=forms.RadioSelect)
    reason = text("说明", 200, "不通过时必填，学员会看到；通过时可以写明怎么核对的。", required=False)
