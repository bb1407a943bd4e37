"""The pages read the clock at their edge; here it stands some hours after study began."""

import datetime as dt

import pytest

from tests.factories.study import BEGIN
from zhenxue.kernel import clock

LATER = BEGIN + dt.timedelta(hours=8)


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    """It is the evening of the day of study."""
    monkeypatch.setattr(clock, "now", lambda: LATER)
    return LATER
