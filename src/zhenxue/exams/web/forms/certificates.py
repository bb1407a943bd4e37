"""Forms of certificates."""

from django import forms


class CertificateCheckForm(forms.Form):
    """What the public types from paper."""

    number = forms.CharField(
        label="证书编号",
        max_length=40,
        help_text="左上角的编号，例如 371502-0012-2026-000123。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    code = forms.CharField(
        label="校验码",
        max_length=20,
        help_text="二维码下面的 10 位字母和数字。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


class TakeBackForm(forms.Form):
    """Why a certificate is taken back, and whether a new one comes in its place."""

    reissues = forms.TypedChoiceField(
        label="怎么办",
        choices=[("0", "撤销，不再发证"), ("1", "换发：撤销这一张，发一张新的（姓名更正、文件损坏等）")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        initial="0",
    )
    reason = forms.CharField(
        label="理由",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="学员和查验证书的人都能看到，请不要写无关的个人信息。写入存证。",
    )
