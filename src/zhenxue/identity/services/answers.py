"""What a register answered, read strictly: anything else than the contract's words is a service that is down."""

from collections.abc import Mapping
from typing import Any

from zhenxue.identity.data import Match
from zhenxue.kernel.outside import Caller, OutsideDown


def match_of(caller: Caller, answer: Mapping[str, Any], field: str = "match") -> Match:
    """One of the three words; raises ``OutsideDown``."""
    try:
        return Match(text_of(caller, answer, field))
    except ValueError as error:
        raise broken(caller, f"{field} is none of the three words") from error


def text_of(caller: Caller, answer: Mapping[str, Any], field: str, longest: int = 200) -> str:
    """A text that must be there; raises ``OutsideDown``."""
    value = answer.get(field)
    if not isinstance(value, str) or not value or len(value) > longest:
        raise broken(caller, f"no {field}")
    return value


def broken(caller: Caller, detail: str) -> OutsideDown:
    return OutsideDown(caller.service.name, f"{caller.service.name}的回答不完整，请稍后再试，或换一种方式。", detail)
