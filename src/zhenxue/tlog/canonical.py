"""Canonical JSON (RFC 8785), restricted to what a log entry may hold.

Allowed: ``None``, ``bool``, ``int`` within ±(2^53 - 1), ``str`` of Unicode scalar values, ``list`` or ``tuple``, and
``dict`` with string keys. Floats are refused: a class hour, an amount or a score is an integer in its smallest unit, so
two implementations never disagree about its digits.
"""

import json
from typing import Any

LARGEST_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: numbers are IEEE 754 doubles


class NotCanonical(ValueError):
    """A value that a log entry may not hold; the message names the place, e.g. ``$.body.hours``."""


def dumps(value: Any) -> bytes:
    """The one UTF-8 text of a value: keys sorted by UTF-16 code units, no blanks, shortest escapes.

    Raises ``NotCanonical`` for floats, other types, numbers beyond ±(2^53 - 1), lone surrogates, other keys than str.
    """
    parts: list[str] = []
    _write(value, parts, "$")
    return "".join(parts).encode()


def loads(text: bytes) -> Any:
    """Reads canonical JSON back; raises ``NotCanonical`` unless ``dumps`` gives exactly these bytes."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise NotCanonical(f"no JSON: {error}") from error
    except RecursionError as error:
        raise NotCanonical("nested too deeply") from error
    if dumps(value) != text:
        raise NotCanonical("JSON, but not in canonical form")
    return value


def _write(value: Any, parts: list[str], place: str) -> None:
    if value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, str):
        parts.append(_string(value, place))
    elif isinstance(value, int):
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise NotCanonical(f"{place}: the integer is beyond 2^53 - 1")
        parts.append(int.__repr__(value))
    elif isinstance(value, list | tuple):
        parts.append("[")
        for index, item in enumerate(value):
            if index:
                parts.append(",")
            _write(item, parts, f"{place}[{index}]")
        parts.append("]")
    elif isinstance(value, dict):
        _write_object(value, parts, place)
    else:
        raise NotCanonical(f"{place}: a {type(value).__name__} cannot be logged")


def _write_object(value: dict[Any, Any], parts: list[str], place: str) -> None:
    for key in value:
        if not isinstance(key, str):
            raise NotCanonical(f"{place}: the key {key!r} is no string")
        _check_scalar(key, place)
    parts.append("{")
    for position, key in enumerate(sorted(value, key=_utf16)):
        if position:
            parts.append(",")
        parts.append(_string(key, place))
        parts.append(":")
        _write(value[key], parts, f"{place}.{key}")
    parts.append("}")


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be")


def _string(text: str, place: str) -> str:
    _check_scalar(text, place)
    # Without ensure_ascii the standard library escapes exactly as RFC 8785 section 3.2.2.2 asks.
    return json.dumps(str(text), ensure_ascii=False)


def _check_scalar(text: str, place: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(f"{place}: a lone surrogate cannot be logged") from error
