"""Fields that every form here shares."""

from typing import Any

from django import forms


def text(label: str, longest: int, hint: str = "", *, required: bool = True, **attrs: str) -> forms.CharField:
    """A line of text."""
    widget = forms.TextInput(attrs=attrs)
    return forms.CharField(label=label, max_length=longest, required=required, help_text=hint, widget=widget)


def area(label: str, hint: str = "", *, required: bool = True, rows: int = 4, longest: int = 2000) -> forms.CharField:
    """Several lines of text."""
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=longest, required=required, help_text=hint, widget=widget)


def day(label: str, hint: str = "") -> forms.DateField:
    """A calendar day."""
    return forms.DateField(
        label=label,
        help_text=hint,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "请填写正确的日期，例如 2026-03-02。"},
    )


def clock_time(label: str) -> forms.TimeField:
    """A time of day in China."""
    return forms.TimeField(
        label=label,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "请填写正确的时间，例如 14:00。"},
    )


def number(label: str, low: int, high: int, hint: str = "", *, required: bool = True) -> forms.IntegerField:
    """A whole number between two bounds."""
    return forms.IntegerField(
        label=label,
        min_value=low,
        max_value=high,
        required=required,
        help_text=hint,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


def set_choices(form: forms.Form, name: str, choices: list[tuple[Any, str]]) -> None:
    """Give a choice field its choices."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(name)
    field.choices = choices
