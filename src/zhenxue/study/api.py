"""What other apps may call."""

from zhenxue.study.data import EndReason, Opened, SessionState
from zhenxue.study.models import Beat, SelfTest, StudySession
from zhenxue.study.operations import (
    close_session,
    open_session,
    release_key,
    settle,
    settle_stale,
    submit_self_test,
)
from zhenxue.study.operations.presence import ask_presence

__all__ = [
    "Beat",
    "EndReason",
    "Opened",
    "SelfTest",
    "SessionState",
    "StudySession",
    "ask_presence",
    "close_session",
    "open_session",
    "release_key",
    "settle",
    "settle_stale",
    "submit_self_test",
]
