"""Writes of the ledger: book study time and attendance, note a passed self-test, correct, keep what is held."""

from zhenxue.ledger.operations.attendance import book_attendance
from zhenxue.ledger.operations.booking import make_up, withdraw_range
from zhenxue.ledger.operations.corrections import (
    adopt_correction,
    approve_correction,
    cancel_correction,
    propose_correction,
    reject_correction,
    request_make_up,
)
from zhenxue.ledger.operations.crediting import credit, mark_tested
from zhenxue.ledger.operations.holds import release_hold, set_hold

__all__ = [
    "adopt_correction",
    "approve_correction",
    "book_attendance",
    "cancel_correction",
    "credit",
    "make_up",
    "mark_tested",
    "propose_correction",
    "reject_correction",
    "release_hold",
    "request_make_up",
    "set_hold",
    "withdraw_range",
]
