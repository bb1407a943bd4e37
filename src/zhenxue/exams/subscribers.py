"""What ``exams`` listens to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from zhenxue.exams.operations import voiding
from zhenxue.identity.data import Actor
from zhenxue.integrity.data import RulingKind


def on_ruling_made(
    *,
    incident_id: int,
    ruling: RulingKind,
    contexts: Sequence[str],
    overturned: bool,
    actor: Actor,
    now: datetime,
    **_: Any,
) -> None:
    """An attempt that a ruling makes void is void in its transaction, and counts again when an appeal overturns it."""
    if ruling is not RulingKind.VOID_EXAM:
        return
    change = voiding.restore_attempt if overturned else voiding.void_attempt
    for context in contexts:
        what, _name, number = context.partition(":")
        if what == "exam" and number.isdecimal():
            change(actor=actor, attempt_id=int(number), source=f"incident:{incident_id}", now=now)
