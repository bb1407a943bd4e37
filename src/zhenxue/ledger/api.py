"""What other apps may call."""

from zhenxue.ledger.data import Claim, Credited, DayTotal, Progress, Reason, SpanKind, SpanState, UnitProgress
from zhenxue.ledger.models import Coverage, Day, Span
from zhenxue.ledger.operations import credit, mark_tested
from zhenxue.ledger.policies import daily_cap_ms
from zhenxue.ledger.queries import (
    UnitsBegun,
    complete_stages,
    complete_stages_of,
    day_left_ms,
    find_coverage,
    list_days,
    list_spans,
    missing_self_test,
    progress_of,
    progress_of_rows,
    required_seconds,
    stage_complete,
    standing_of,
    unit_progress,
    unit_progress_of_row,
    units_begun,
)
from zhenxue.ledger.web.own import own_units

__all__ = [
    "Claim",
    "Coverage",
    "Credited",
    "Day",
    "DayTotal",
    "Progress",
    "Reason",
    "Span",
    "SpanKind",
    "SpanState",
    "UnitProgress",
    "UnitsBegun",
    "complete_stages",
    "complete_stages_of",
    "credit",
    "daily_cap_ms",
    "day_left_ms",
    "find_coverage",
    "list_days",
    "list_spans",
    "mark_tested",
    "missing_self_test",
    "own_units",
    "progress_of",
    "progress_of_rows",
    "required_seconds",
    "stage_complete",
    "standing_of",
    "unit_progress",
    "unit_progress_of_row",
    "units_begun",
]
