"""The pages read the clock at their edge; here it stands where the factories make things happen."""

import datetime as dt
from collections.abc import Callable

import pytest

from tests.factories.identity import NOW
from zhenxue.kernel import clock

type Clock = Callable[[dt.datetime], None]


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """It is NOW; ``at(moment)`` moves the clock."""

    def move(moment: dt.datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    move(NOW)
    return move
