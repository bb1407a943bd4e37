"""What is thrown away, and what is kept."""

import datetime as dt

import pytest
from axes.models import AccessFailureLog
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing

from tests.factories import identity as make
from zhenxue.identity.data import ANONYMOUS, Device, Role, SessionEnd
from zhenxue.identity.models import AccessLogEntry
from zhenxue.identity.operations import sessions
from zhenxue.identity.operations.tidying import tidy
from zhenxue.kernel import periodic

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC)


def _visit(days_ago: int) -> AccessLogEntry:
    at = NOW - dt.timedelta(days=days_ago)
    sessions.log_access(actor=ANONYMOUS, method="GET", path="/me/", status=403, ip=None, now=at)
    return AccessLogEntry.objects.get(at=at)


def test_the_access_log_is_kept_as_long_as_set_and_never_less_than_six_months(settings):
    settings.ACCESS_LOG_DAYS = 365
    old, young = _visit(366), _visit(364)
    assert tidy(now=NOW)["access_log"] == 1
    assert set(AccessLogEntry.objects.all()) == {young}
    settings.ACCESS_LOG_DAYS = 1
    recent = _visit(180)
    assert tidy(now=NOW)["access_log"] == 1
    assert set(AccessLogEntry.objects.all()) == {recent}
    assert old.pk not in set(AccessLogEntry.objects.values_list("pk", flat=True))


def test_failed_sign_ins_go_with_the_access_log(settings):
    settings.ACCESS_LOG_DAYS = 365
    for days in (364, 366):
        row = AccessFailureLog.objects.create(username="?x", path_info="/sign-in/", http_accept="", user_agent="")
        AccessFailureLog.objects.filter(pk=row.pk).update(attempt_time=NOW - dt.timedelta(days=days))
    assert tidy(now=NOW)["attempts"] == 1
    assert AccessFailureLog.objects.count() == 1


def test_a_sign_in_that_no_browser_can_use_any_more_is_over_and_one_in_use_lives(settings):
    lifetime = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    accounts = [make.make_account(Role.LEARNER) for _ in range(2)]
    starts = [NOW - lifetime - dt.timedelta(minutes=1), NOW - lifetime + dt.timedelta(minutes=1)]
    rows = [
        sessions.open_session(account=account, device=Device("手机"), now=start)[0]
        for account, start in zip(accounts, starts, strict=True)
    ]
    assert tidy(now=NOW)["sign_ins"] == 1
    for row in rows:
        row.refresh_from_db()
    assert (rows[0].ended_at, rows[0].end_reason) == (NOW, SessionEnd.EXPIRED)
    assert rows[1].ended_at is None


def test_expired_browser_sessions_go_and_live_ones_stay():
    data = signing.dumps({}, serializer=JSONSerializer, salt="django.contrib.sessions.backends.db")
    real_now = dt.datetime.now(dt.UTC)
    Session.objects.create(session_key="a", session_data=data, expire_date=real_now - dt.timedelta(days=1))
    Session.objects.create(session_key="b", session_data=data, expire_date=real_now + dt.timedelta(days=1))
    tidy(now=NOW)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["b"]


def test_the_worker_does_it_every_hour():
    assert {job.name: job.every_seconds for job in periodic.jobs()}["identity.tidy"] == 3600
