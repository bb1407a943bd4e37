"""Filters of the ui library: what people read."""

import datetime as dt
from decimal import Decimal

import pytest

from zhenxue.kernel.templatetags import ui


@pytest.mark.parametrize(
    ("seconds", "words"), [(5400, "2"), (2699, "0.9"), (2700, "1"), (0, "0"), (None, "—"), ("", "—"), (40500, "15")]
)
def test_seconds_are_class_hours_cut_never_rounded_up(seconds: int | str | None, words: str) -> None:
    assert ui.hours_filter(seconds, 45) == words


def test_seconds_are_minutes_and_a_players_time() -> None:
    assert ui.minutes(59) == "不到 1 分钟"
    assert ui.minutes(0) == "0 分钟"
    assert ui.minutes(5400) == "90 分钟"
    assert ui.minutes(7500) == "2 小时 5 分"
    assert ui.clock_time(754) == "12:34"
    assert ui.clock_time(3723) == "1:02:03"


def test_a_length_of_time_is_said_in_words_to_the_second() -> None:
    said = {0: "0 分钟", 24: "24 秒", 90: "1 分 30 秒", 5400: "90 分钟", 7500: "2 小时 5 分", 7505: "2 小时 5 分 5 秒"}
    assert {seconds: ui.duration(seconds) for seconds in said} == said
    assert ui.duration(-24) == "-24 秒"
    assert ui.duration(None) == "—"


def test_money_is_fen_in_whole_numbers_and_yuan_in_decimals() -> None:
    assert ui.yuan(123456) == "¥1,234.56"
    assert ui.yuan(Decimal("1234.567")) == "¥1,234.56"
    assert ui.yuan(None) == "—"
    assert ui.yuan(0) == "¥0.00"


def test_times_are_civil_time_in_china() -> None:
    late = dt.datetime(2026, 3, 1, 16, 30, 5, tzinfo=dt.UTC)
    assert ui.day(late) == "2026-03-02"
    assert ui.day(dt.date(2026, 3, 1)) == "2026-03-01"
    assert ui.moment(late) == "2026-03-02 00:30"
    assert ui.moment_exact(late) == "2026-03-02 00:30:05"
    assert ui.moment(None) == ui.day(None) == "—"


def test_personal_data_is_masked() -> None:
    assert ui.masked_citizen("371502199001011234") == "371502********1234"
    assert ui.masked_phone("13812345678") == "138****5678"
    assert ui.masked_name("王小明") == "王*明"
    assert ui.masked_card("A12345678") == "*****5678"
    assert ui.masked_citizen(None) == ""


def test_sizes_and_shares_are_readable() -> None:
    assert ui.size(1536) == "1.5 KB"
    assert ui.size(12) == "12 B"
    assert ui.size(3 * 1024**3) == "3.0 GB"
    assert ui.percent_of(1, 3) == 33
    assert ui.percent_of(9, 3) == 100
    assert ui.percent_of(1, 0) == 0


def test_icons_are_silent_unless_they_are_named() -> None:
    assert 'aria-hidden="true"' in ui.icon("check")
    named = ui.icon("check", label="<已计入>")
    assert 'aria-label="&lt;已计入&gt;"' in named
    assert "aria-hidden" not in named
