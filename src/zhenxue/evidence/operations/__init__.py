"""Writes of ``evidence``: record an entry, fold entries into the tree, erase private values."""

from zhenxue.evidence.operations.erasure import erase
from zhenxue.evidence.operations.locking import sequencer_lock
from zhenxue.evidence.operations.recording import record
from zhenxue.evidence.operations.sequencing import integrate, integrate_batch

__all__ = ["erase", "integrate", "integrate_batch", "record", "sequencer_lock"]
