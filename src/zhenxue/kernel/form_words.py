"""Words of Django's own form errors, in the tone of the house: what is wrong and how to mend it."""

from django import forms

WORDS: dict[type[forms.Field], dict[str, str]] = {
    forms.Field: {"required": "请填写这一项。"},
    forms.CharField: {"required": "请填写这一项。"},
    forms.BooleanField: {"required": "请勾选确认后再提交。"},
    forms.ChoiceField: {"required": "请选择一项。", "invalid_choice": "这个选项不存在，请重新选择。"},
    forms.MultipleChoiceField: {"required": "请至少选择一项。", "invalid_choice": "选项不存在，请重新选择。"},
    forms.ModelChoiceField: {"required": "请选择一项。", "invalid_choice": "这个选项已经不在列表里，请重新选择。"},
    forms.DateField: {"required": "请选择日期。", "invalid": "日期看不懂，请写成 2026-03-01 的样子。"},
    forms.DateTimeField: {"required": "请选择日期和时间。", "invalid": "时间看不懂，请写成 2026-03-01 14:00 的样子。"},
    forms.TimeField: {"required": "请选择时间。", "invalid": "时间看不懂，请写成 14:00 的样子。"},
    forms.IntegerField: {"required": "请填写数字。", "invalid": "请填写整数，不要带单位或文字。"},
    forms.DecimalField: {"required": "请填写数字。", "invalid": "请填写数字，不要带单位或文字。"},
    forms.FileField: {
        "required": "请选择文件。",
        "empty": "这个文件是空的，请检查后重新选择。",
        "missing": "没有收到文件，请重新选择。",
    },
}


def install() -> None:
    """Sets the words as the fields' defaults; a field's own ``error_messages`` still win."""
    for field, words in WORDS.items():
        field.default_error_messages = {**field.__dict__.get("default_error_messages", {}), **words}
