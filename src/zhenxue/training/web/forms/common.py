"""What every form here shares."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest

from zhenxue.kernel.errors import ZhenxueError


def attempt[R](request: HttpRequest, form: forms.Form, act: Callable[[dict[str, Any]], R]) -> R | None:
    """Run an operation on a posted, valid form; None if there was none or it was refused.

    A refusal that speaks of fields, or of a state that moved on, is written into the form, which keeps what was typed.
    """
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return act(form.cleaned_data)
    except ZhenxueError as error:
        if error.status not in {409, 422}:
            raise
        write(form, error)
        return None


def write(form: forms.Form, error: ZhenxueError) -> None:
    """Put a refusal into a form: at its fields where the form has them, and on top what the fields do not say."""
    known = {name: words for name, words in error.fields.items() if name in form.fields}
    for name, words in known.items():
        form.add_error(name, words)
    if error.message not in known.values():
        form.add_error(None, error.message)


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
