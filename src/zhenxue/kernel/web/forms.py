"""Forms and refusals: an operation runs on a valid form, and what it refuses is said where it was typed."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest

from zhenxue.kernel.errors import Invalid, ZhenxueError


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
        write_refusal(form, error)
        return None


def try_form[R](form: forms.Form, act: Callable[[], R]) -> R | None:
    """What ``act`` gives when the form is valid; an ``Invalid`` is written into the form, then None."""
    if not form.is_valid():
        return None
    try:
        return act()
    except Invalid as error:
        write_refusal(form, error)
        return None


def write_refusal(form: forms.Form, error: ZhenxueError) -> None:
    """Put a refusal into a form: at its fields where the form has them, and on top what the fields do not say."""
    known = {name: words for name, words in error.fields.items() if name in form.fields}
    for name, words in known.items():
        form.add_error(name, words)
    if error.message not in known.values():
        form.add_error(None, error.message)
