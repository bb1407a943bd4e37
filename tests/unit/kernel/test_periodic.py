"""Periodic jobs come round in their time, and one that fails does not stop the others."""

from datetime import datetime

import pytest

from zhenxue.kernel import periodic
from zhenxue.kernel.periodic import Job


def test_jobs_run_when_due_and_a_failing_one_is_logged_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(periodic, "_jobs", {})
    monkeypatch.setattr(periodic, "close_old_connections", lambda: None)
    seen: list[str] = []

    def fail(now: datetime) -> None:
        seen.append("fail")
        raise ValueError("broken")

    periodic.register(Job("a.fails", 10, fail))
    periodic.register(Job("a.works", 60, lambda now: seen.append(f"works {now.tzinfo}")))
    last: dict[str, float] = {}
    assert periodic.run_due(last, monotonic=100) == ["a.fails", "a.works"]
    assert seen == ["fail", "works UTC"]
    assert "a.fails failed" in caplog.text
    assert periodic.run_due(last, monotonic=105) == []
    assert periodic.run_due(last, monotonic=111) == ["a.fails"]
    assert periodic.run_due(last, monotonic=161) == ["a.fails", "a.works"]


def test_a_second_registration_of_a_name_replaces_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "_jobs", {})
    periodic.register(Job("a.job", 10, lambda now: None))
    periodic.register(Job("a.job", 20, lambda now: None))
    assert [(job.name, job.every_seconds) for job in periodic.jobs()] == [("a.job", 20)]
