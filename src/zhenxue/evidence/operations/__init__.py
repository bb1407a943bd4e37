"""Writes of ``evidence``: record an entry, fold entries into the tree, erase private values."""

from zhenxue.evidence.operations.erasure import erase
from zhenxue.evidence.operations.locking import sequencer_lock
from zhenxue.evidence.operations.recording import record, record_many
from zhenxue.evidence.operations.sequencing import integrate, integrate_batch
from zhenxue.evidence.operations.verifying import ask_verification
from zhenxue.evidence.operations.witnesses import add_witness, move_witness, retire_witness

__all__ = [
    "add_witness",
    "ask_verification",
    "erase",
    "integrate",
    "integrate_batch",
    "move_witness",
    "record",
    "record_many",
    "retire_witness",
    "sequencer_lock",
]
