"""Filters of pages that turn figures into words."""

import pytest

from zhenxue.kernel.templatetags import ui


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "—"),
        ("", "—"),
        (0, "0 分钟"),
        (1, "不到 1 分钟"),
        (59, "不到 1 分钟"),
        (60, "1 分钟"),
        (7200, "2 小时 0 分"),
    ],
)
def test_minutes_do_not_call_a_short_time_nothing(seconds: object, words: str) -> None:
    assert ui.minutes(seconds) == words
