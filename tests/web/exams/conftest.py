"""What the pages of exams are opened at."""

import pytest

from tests.factories.exams import SITTING
from tests.support.clocks import Time, stand_at


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The exam can be sat."""
    return stand_at(SITTING, monkeypatch)
