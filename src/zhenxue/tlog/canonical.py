"""Canonical JSON (RFC 8785), restricted to what a log entry may hold.

Allowed: ``None``, ``bool``, ``int`` within ±(2^53 - 1), ``str`` of Unicode scalar values, ``list`` or ``tuple``, and
``dict`` with string keys. Floats are refused: a class hour, an amount or a score is an integer in its smallest unit, so
two implementations never disagree about its digits.
"""

import json
from typing import Any

LARGEST_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: numbers are IEEE 754 doubles

# Without ensure_ascii the standard library escapes exactly as RFC 8785 section 3.2.2.2 asks; its own order of keys is
# by code points. What comes here is a tree already (a circle ends in RecursionError).
_AS_GIVEN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_SORTED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, sort_keys=True)


class NotCanonical(ValueError):
    """A value that a log entry may not hold; the message names the place, e.g. ``$.body.hours``."""


def dumps(value: Any) -> bytes:
    """The one UTF-8 text of a value: keys sorted by UTF-16 code units, no blanks, shortest escapes.

    Raises ``NotCanonical`` for floats, other types, numbers beyond ±(2^53 - 1), lone surrogates, other keys than str,
    and for what is nested too deeply.
    """
    try:
        if _is_plain(value):
            return _SORTED.encode(value).encode()
    except (UnicodeEncodeError, RecursionError):
        pass  # the long way names the place
    try:
        return _AS_GIVEN.encode(_ordered(value, "$")).encode()
    except RecursionError as error:
        raise NotCanonical("nested too deeply") from error


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


def _is_plain(value: Any) -> bool:
    """Whether the short way is right: allowed values of exactly the built-in types, keys in ASCII.

    Such keys have one order, by code points as by UTF-16 code units.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return bool(-LARGEST_INTEGER <= value <= LARGEST_INTEGER)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii() or not (type(item) is str or _is_plain(item)):
                return False
        return True
    if kind is list or kind is tuple:
        return all(type(item) is str or _is_plain(item) for item in value)
    return False


def _ordered(value: Any, place: str) -> Any:
    """The same value with every object's keys in order; refuses what may not be logged."""
    if isinstance(value, str):
        _check_text(value, place)
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise NotCanonical(f"{place}: the integer is beyond 2^53 - 1")
        return value
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise NotCanonical(f"{place}: the key {key!r} is no string")
            _check_text(key, place)
        return {key: _ordered(value[key], f"{place}.{key}") for key in sorted(value, key=_utf16)}
    if isinstance(value, list | tuple):
        return [_ordered(item, f"{place}[{index}]") for index, item in enumerate(value)]
    raise NotCanonical(f"{place}: a {type(value).__name__} cannot be logged")


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be")


def _check_text(text: str, place: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise NotCanonical(f"{place}: a lone surrogate cannot be logged") from error
