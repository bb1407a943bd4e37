"""Reads of ``evidence``: timelines, the log as served, and its verification."""

from zhenxue.evidence.queries.health import cosigned_head
from zhenxue.evidence.queries.log import describe_log, find_head, has_waiting, log_verifier
from zhenxue.evidence.queries.timeline import count_entries, get_entry, iterate_bodies, list_entries
from zhenxue.evidence.queries.verification import Report, verify_log

__all__ = [
    "Report",
    "cosigned_head",
    "count_entries",
    "describe_log",
    "find_head",
    "get_entry",
    "has_waiting",
    "iterate_bodies",
    "list_entries",
    "log_verifier",
    "verify_log",
]
