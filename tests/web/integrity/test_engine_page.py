"""The operator's page of the face engine: down, idle, busy and late, in words."""

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from tests.factories.identity import client_for, make_bureau, make_operator, make_person
from zhenxue.identity.data import Role
from zhenxue.integrity.data import JobKind, JobState
from zhenxue.integrity.faces.naming import ENGINE
from zhenxue.integrity.models import FaceJob
from zhenxue.integrity.operations.faces import health
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db


def job(state: JobState, *, ago: float, now: dt.datetime) -> FaceJob:
    """A job that was queued, or ended, so many seconds ago."""
    at = now - dt.timedelta(seconds=ago)
    over = state in {JobState.DONE, JobState.EXPIRED}
    return FaceJob.objects.create(
        kind=JobKind.DUPLICATES,
        person_id=make_person().pk,
        state=state,
        queued_at=at,
        deadline_at=at + dt.timedelta(seconds=20),
        done_at=at if over else None,
        passed=True if state == JobState.DONE else None,
    )


def test_the_operator_sees_how_the_engine_fares(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    page = client_for(make_operator(Role.OPERATOR_ADMIN))
    address = reverse("integrity:engine")

    def shown() -> str:
        return str(page.get(address).content.decode())

    down = shown()
    assert "没有正在运行的人脸引擎" in down
    assert "没有进程在报告" in down
    assert ENGINE in down
    assert "没有运行" in page.get(reverse("integrity:engine_block")).content.decode()
    said = {"started_at": now, "jobs": 40, "failures": 0, "memory_mb": 180, "templates": 3, "now": now}
    health.say(name="test/0", times=[50, 70], **said)  # type: ignore[arg-type]  # plain values
    idle = shown()
    assert "运行正常" in idle
    assert "没有照片在排队" in idle
    assert all(words in idle for words in ("60 毫秒", "70 毫秒", "180 MB", "每秒约 16.7 份"))
    for ago in (10, 20, 400):
        job(JobState.DONE, ago=ago, now=now)
    job(JobState.EXPIRED, ago=1_000, now=now)
    assert "没有赶上时限" in shown()
    assert "完成 3 份，没赶上时限 1 份" in shown()
    job(JobState.QUEUED, ago=12, now=now)
    late = shown()
    assert "排队偏长" in late
    assert "最早的等了 12 秒" in late
    part = page.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "排队偏长" in part
    assert "<html" not in part
    with django_assert_max_num_queries(12):
        shown()
    assert client_for(make_bureau()).get(address).status_code == 403
