"""What identity throws away when its time is over."""

import datetime as dt
from importlib import import_module

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings

from zhenxue.identity.data import SessionEnd, VerificationState
from zhenxue.identity.models import AccessLogEntry, LoginSession, PhoneCode, Verification
from zhenxue.identity.operations.ending import end_sign_ins

#: 网络安全法 art. 21 (3): network logs are kept for six months at least.
SHORTEST_LOG_DAYS = 184
#: Codes that nobody typed; those that proved a phone stay as its proof.
CODES_KEPT = dt.timedelta(days=30)


def tidy(*, now: dt.datetime) -> dict[str, int]:
    """Ends sign-ins that nobody can use any more and deletes what is past its time; harmless to repeat.

    The access log and the throttle's records are kept for ``settings.ACCESS_LOG_DAYS`` (at least six months, whatever
    the setting says); browser sessions until they expire. Sign-ins themselves stay: they belong to a person's record.
    Codes that were never typed go after ``CODES_KEPT``; errands to a register that nobody came back from are dropped
    with their secrets.
    Returns how many of each.
    """
    unused = LoginSession.objects.filter(
        ended_at__isnull=True, seen_at__lt=now - dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    )
    ended = end_sign_ins(unused, reason=SessionEnd.EXPIRED, now=now)
    limit = now - dt.timedelta(days=max(SHORTEST_LOG_DAYS, settings.ACCESS_LOG_DAYS))
    entries, _ = AccessLogEntry.objects.filter(at__lt=limit).delete()
    attempts = 0
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        count, _ = model.objects.filter(attempt_time__lt=limit).delete()
        attempts += count
    codes, _ = PhoneCode.objects.filter(used_at__isnull=True, asked_at__lt=now - CODES_KEPT).delete()
    errands = Verification.objects.filter(state=VerificationState.STARTED, expires_at__lt=now)
    errands.update(state=VerificationState.DROPPED, decided_at=now, reason="没有完成", secret="", state_digest="")
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return {"sign_ins": ended, "access_log": entries, "attempts": attempts, "codes": codes}
