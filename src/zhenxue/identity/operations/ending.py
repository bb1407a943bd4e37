"""The one place where sign-ins end."""

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet

from zhenxue.identity.data import SessionEnd
from zhenxue.identity.models import LoginSession
from zhenxue.identity.signals import sign_in_ended


def end_sign_ins(rows: QuerySet[LoginSession], *, reason: SessionEnd, now: dt.datetime) -> int:
    """End those of ``rows`` that are alive, and announce it in the same transaction; returns how many."""
    with transaction.atomic():
        live = LoginSession.objects.select_for_update(no_key=True).filter(
            pk__in=rows.values("pk"), ended_at__isnull=True
        )
        ended = list(live.order_by("pk").values_list("pk", flat=True))
        if ended:
            LoginSession.objects.filter(pk__in=ended).update(ended_at=now, end_reason=reason)
            sign_in_ended.send(sender=LoginSession, sign_in_ids=ended, reason=reason, now=now)
    return len(ended)
