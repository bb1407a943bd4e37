"""Form fields as the house writes them; what each says of a fault stands in ``kernel.form_words``."""

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
DAY_WORDS = "年份要在 2000 至 2099 之间，请检查日期。"


def text(label: str, longest: int, hint: str = "", *, required: bool = True, **attrs: str) -> forms.CharField:
    """A line of text."""
    widget = forms.TextInput(attrs=attrs)
    return forms.CharField(label=label, max_length=longest, required=required, help_text=hint, widget=widget)


def area(label: str, hint: str = "", *, required: bool = True, rows: int = 4, longest: int = 2000) -> forms.CharField:
    """Several lines of text."""
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=longest, required=required, help_text=hint, widget=widget)


def day(label: str, hint: str = "", *, required: bool = True) -> forms.DateField:
    """A calendar day of this century: nothing here is older, and nothing can be planned beyond."""
    return forms.DateField(
        label=label,
        help_text=hint,
        required=required,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        validators=[MinValueValidator(FIRST_DAY, DAY_WORDS), MaxValueValidator(LAST_DAY, DAY_WORDS)],
    )


def clock_time(label: str) -> forms.TimeField:
    """A time of day in China, to the minute."""
    return forms.TimeField(label=label, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))


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
