"""Writes of the ledger: book study time and attendance, note a passed self-test, correct what counts."""

from zhenxue.ledger.operations.attendance import book_attendance
from zhenxue.ledger.operations.booking import make_up, withdraw_range
from zhenxue.ledger.operations.corrections import adopt, approve, cancel, propose, reject, request_make_up
from zhenxue.ledger.operations.crediting import credit, mark_tested

__all__ = [
    "adopt",
    "approve",
    "book_attendance",
    "cancel",
    "credit",
    "make_up",
    "mark_tested",
    "propose",
    "reject",
    "request_make_up",
    "withdraw_range",
]
