"""What the policies of every app share: a check that raises, asked for a button or for its words."""

from collections.abc import Callable
from typing import Any

from zhenxue.kernel.errors import ZhenxueError


def allows(check: Callable[..., None], *args: Any) -> bool:
    """Whether a ``check_can_…`` passes; for buttons."""
    return not why_not(check, *args)


def why_not(check: Callable[..., None], *args: Any) -> str:
    """The words with which a ``check_can_…`` refuses; empty where it passes."""
    try:
        check(*args)
    except ZhenxueError as error:
        return error.message
    return ""
