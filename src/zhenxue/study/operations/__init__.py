"""Writes of ``study``: open, settle and close sessions; give out keys; judge self-tests."""

from zhenxue.study.operations.keys import release_key
from zhenxue.study.operations.opening import challenge_for, open_session
from zhenxue.study.operations.ruling import put_back_ruled, withdraw_ruled
from zhenxue.study.operations.self_tests import submit_self_test
from zhenxue.study.operations.sessions import (
    close_session,
    close_sessions_of_cohort,
    end_session,
    end_sessions_of_sign_ins,
    hand_over,
)
from zhenxue.study.operations.settling import follow_ledger, settle, settle_stale

__all__ = [
    "challenge_for",
    "close_session",
    "close_sessions_of_cohort",
    "end_session",
    "end_sessions_of_sign_ins",
    "follow_ledger",
    "hand_over",
    "open_session",
    "put_back_ruled",
    "release_key",
    "settle",
    "settle_stale",
    "submit_self_test",
    "withdraw_ruled",
]
