"""Writes of the ledger: book study time and attendance, note a passed self-test, correct, keep what is held."""

from zhenxue.ledger.operations.attendance import book_attendance
from zhenxue.ledger.operations.batches import REASONED, check_window, decide_batch, decide_many, propose_batch
from zhenxue.ledger.operations.booking import make_up, withdraw_range
from zhenxue.ledger.operations.corrections import (
    adopt_correction,
    approve_correction,
    cancel_correction,
    propose_correction,
    reject_correction,
    request_make_up,
)
from zhenxue.ledger.operations.crediting import credit, mark_tested, note_test
from zhenxue.ledger.operations.holds import release_hold, set_hold
from zhenxue.ledger.operations.restoring import put_back

__all__ = [
    "REASONED",
    "adopt_correction",
    "approve_correction",
    "book_attendance",
    "cancel_correction",
    "check_window",
    "credit",
    "decide_batch",
    "decide_many",
    "make_up",
    "mark_tested",
    "note_test",
    "propose_batch",
    "propose_correction",
    "put_back",
    "reject_correction",
    "release_hold",
    "request_make_up",
    "set_hold",
    "withdraw_range",
]
