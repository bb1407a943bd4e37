"""The online share and what a lesson counts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.training.data import (
    COHORT_TRANSITIONS,
    AttendanceState,
    CohortState,
    LineMode,
    OnlineShare,
    credited_minutes,
    online_share,
)

MINUTES = st.integers(min_value=0, max_value=100_000)


def test_the_share_is_online_minutes_of_all_minutes() -> None:
    share = online_share([(LineMode.ONLINE, 20), (LineMode.OFFLINE, 45), ("offline", 45)])
    assert (share.online_minutes, share.offline_minutes, share.total_minutes) == (20, 90, 110)
    assert share.percent == Decimal("18.2")


@pytest.mark.parametrize(
    ("online", "offline", "exceeds", "missing"),
    [(40, 60, False, 0), (41, 60, True, 2), (400, 599, True, 1), (0, 0, False, 0), (10, 0, True, 15)],
)
def test_exactly_the_limit_is_kept_and_one_minute_more_is_not(
    online: int, offline: int, exceeds: bool, missing: int
) -> None:
    share = OnlineShare(online, offline)
    assert share.exceeds(40) is exceeds
    assert share.offline_minutes_missing(40) == missing


@given(MINUTES, MINUTES, st.integers(min_value=1, max_value=100))
def test_the_minutes_said_to_be_missing_are_just_enough(online: int, offline: int, limit: int) -> None:
    missing = OnlineShare(online, offline).offline_minutes_missing(limit)
    assert not OnlineShare(online, offline + missing).exceeds(limit)
    if missing:
        assert OnlineShare(online, offline + missing - 1).exceeds(limit)


def test_late_loses_some_minutes_and_absent_all() -> None:
    count = {state: credited_minutes(state, lesson_minutes=45, late_minutes=15) for state in AttendanceState}
    assert count == {AttendanceState.PRESENT: 45, AttendanceState.LATE: 30, AttendanceState.ABSENT: 0}
    assert credited_minutes(AttendanceState.LATE, lesson_minutes=10, late_minutes=15) == 0


def test_a_closed_cohort_leads_nowhere_and_a_running_one_only_to_its_end() -> None:
    assert not COHORT_TRANSITIONS[CohortState.CLOSED]
    assert COHORT_TRANSITIONS[CohortState.RUNNING] == {CohortState.CLOSED}
