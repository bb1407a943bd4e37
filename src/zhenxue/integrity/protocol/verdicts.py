"""Verdicts as they go into the log, which knows no floats."""

from collections.abc import Iterable, Mapping
from typing import Any


def for_log(value: Any) -> Any:
    """The same with every float as text of four places; keys become text."""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, Mapping):
        return {str(key): for_log(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [for_log(one) for one in value]
    return value


def found_words(verdict: Mapping[str, Any]) -> set[str]:
    """The words of what a verdict found strange (``CHECK_WORDS`` of the rules knows those that are signals)."""
    found: Iterable[Any] = verdict.get("found") or ()
    return {str(word) for word in found}
