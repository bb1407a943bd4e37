"""Who may open an entry: rules registered by upper rooms; refused by default."""

from collections.abc import Iterable
from typing import Any

from zhenxue.evidence.data import may_view
from zhenxue.kernel.errors import NotFound


def check_can_view(actor: Any, refs: Iterable[str]) -> None:
    """Raises ``NotFound`` unless a registered rule lets the actor see an entry about these refs."""
    if not may_view(actor, refs):
        raise NotFound("evidence.no_entry", "没有这个编号的存证，请核对编号。")


def can_view(actor: Any, refs: Iterable[str]) -> bool:
    """Whether ``check_can_view`` would pass; for links."""
    return may_view(actor, refs)
