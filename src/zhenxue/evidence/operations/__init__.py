"""Writes of ``evidence``: record an entry, fold entries into the tree, erase private values."""

from zhenxue.evidence.operations.recording import record

__all__ = ["record"]
