"""Reads of ``evidence``: timelines, the log as served, and its verification."""

from zhenxue.evidence.queries.health import cosigned_head, describe_health
from zhenxue.evidence.queries.keys import key_ring, log_keys, log_verifier
from zhenxue.evidence.queries.log import describe_log, find_head, has_waiting
from zhenxue.evidence.queries.report import Report
from zhenxue.evidence.queries.timeline import count_entries, get_entry, iterate_bodies, list_entries
from zhenxue.evidence.queries.verification import verify_log

__all__ = [
    "Report",
    "cosigned_head",
    "count_entries",
    "describe_health",
    "describe_log",
    "find_head",
    "get_entry",
    "has_waiting",
    "iterate_bodies",
    "key_ring",
    "list_entries",
    "log_keys",
    "log_verifier",
    "verify_log",
]
