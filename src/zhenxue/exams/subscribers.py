"""What ``exams`` listens to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from zhenxue.exams.operations import conduct, presence, self_tests, voiding
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


def on_unit_tested(*, enrolment_id: int, unit_id: int, judged: Mapping[int, bool], now: datetime, **_: Any) -> None:
    """What went wrong in a self-test comes into the book of errors."""
    self_tests.note_test(enrolment_id=enrolment_id, unit_id=unit_id, judged=judged, now=now)


def on_check_asked(*, context: str, cause: str, now: datetime, **_: Any) -> None:
    """An attempt knows that a presence check is open, whoever asked it."""
    if attempt_id := presence.attempt_of(context):
        presence.hold(attempt_id=attempt_id, cause=cause, now=now)


def on_check_passed(*, check_id: int, context: str, now: datetime, **_: Any) -> None:
    """Presence was shown: at the door the paper opens."""
    if attempt_id := presence.attempt_of(context):
        presence.free(attempt_id=attempt_id, now=now)
        conduct.note_check(attempt_id, check_id=check_id, passed=True, now=now)


def on_check_missed(*, check_id: int, context: str, now: datetime, **_: Any) -> None:
    """Presence was not shown; nothing is voided by that alone."""
    if attempt_id := presence.attempt_of(context):
        presence.miss(attempt_id=attempt_id, now=now)
        conduct.note_check(attempt_id, check_id=check_id, passed=False, now=now)
