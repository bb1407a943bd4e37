"""What other apps may call."""

from zhenxue.evidence.data import (
    Finding,
    Kind,
    Proof,
    ProofState,
    TimelineEntry,
    may_view,
    register,
    register_projection,
    register_viewer,
)
from zhenxue.evidence.models import Entry
from zhenxue.evidence.operations import record

__all__ = [
    "Entry",
    "Finding",
    "Kind",
    "Proof",
    "ProofState",
    "TimelineEntry",
    "may_view",
    "record",
    "register",
    "register_projection",
    "register_viewer",
]
