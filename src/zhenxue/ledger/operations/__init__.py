"""Writes of the ledger: book study time, book attendance, note a passed self-test."""

from zhenxue.ledger.operations.attendance import book_attendance
from zhenxue.ledger.operations.crediting import credit, mark_tested

__all__ = ["book_attendance", "credit", "mark_tested"]
