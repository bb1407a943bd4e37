"""The server's clock under a test's hand."""

import datetime as dt
from dataclasses import dataclass

import pytest

from zhenxue.kernel import clock


@dataclass
class Time:
    """What the server takes the time to be; a test moves ``now``."""

    now: dt.datetime


def stand_at(now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> Time:
    """From here on the server's clock says what ``now`` of the answer is."""
    time = Time(now)
    monkeypatch.setattr(clock, "now", lambda: time.now)
    return time
