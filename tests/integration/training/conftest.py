"""Limits that make a small roster a large one."""

import pytest

from zhenxue.training.operations import initial_passwords as passwords
from zhenxue.training.operations import roster as operations


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "ROSTER_BACKGROUND_ROWS", 5)
    monkeypatch.setattr(operations, "CHUNK", 4)
    monkeypatch.setattr(passwords, "BATCH", 4)
