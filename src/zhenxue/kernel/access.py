"""Who may open a view: every view carries ``view.access``; a test walks all addresses and checks it (house.md)."""

from collections.abc import Callable
from typing import Any


def public[V: Callable[..., Any]](view: V) -> V:
    """Marks a view that anybody may open without signing in: sets ``view.access = "public"``."""
    view.access = "public"  # type: ignore[attr-defined]  # a function takes any attribute; its type cannot say so
    return view
