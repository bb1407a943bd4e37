"""What other apps may call."""

from zhenxue.evidence.data import (
    ActorLike,
    Check,
    EntryDetail,
    Fault,
    Finding,
    Kind,
    LoggedBody,
    Proof,
    ProofState,
    TimelineEntry,
    find_kind,
    list_kinds,
    register,
    register_projection,
    register_viewer,
)
from zhenxue.evidence.models import Entry
from zhenxue.evidence.operations import erase, integrate, record
from zhenxue.evidence.policies import can_view, check_can_view
from zhenxue.evidence.queries import count_entries, describe_log, get_entry, iterate_bodies, list_entries, verify_log

__all__ = [
    "ActorLike",
    "Check",
    "Entry",
    "EntryDetail",
    "Fault",
    "Finding",
    "Kind",
    "LoggedBody",
    "Proof",
    "ProofState",
    "TimelineEntry",
    "can_view",
    "check_can_view",
    "count_entries",
    "describe_log",
    "erase",
    "find_kind",
    "get_entry",
    "integrate",
    "iterate_bodies",
    "list_entries",
    "list_kinds",
    "record",
    "register",
    "register_projection",
    "register_viewer",
    "verify_log",
]
