"""Reads of ``study``, one concern a file."""

from zhenxue.study.queries.lines import (
    CourseBlock,
    UnitLine,
    course_blocks,
    get_line,
    get_planned_unit,
    next_line,
    video_of,
)
from zhenxue.study.queries.pages import CohortCard, latest_self_test, list_cards, reading_test, unit_page
from zhenxue.study.queries.sessions import (
    describe_open,
    find_open_session,
    get_session,
    list_archives,
    sessions_of_day,
)
from zhenxue.study.queries.verification import check_self_tests

__all__ = [
    "CohortCard",
    "CourseBlock",
    "UnitLine",
    "check_self_tests",
    "course_blocks",
    "describe_open",
    "find_open_session",
    "get_line",
    "get_planned_unit",
    "get_session",
    "latest_self_test",
    "list_archives",
    "list_cards",
    "next_line",
    "reading_test",
    "sessions_of_day",
    "unit_page",
    "video_of",
]
