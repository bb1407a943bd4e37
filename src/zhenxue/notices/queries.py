"""Notices as their owner sees them."""

import datetime as dt

from django.db.models import QuerySet

from zhenxue.identity.data import Actor
from zhenxue.notices.data import DeliveryState
from zhenxue.notices.models import Delivery, Notice


def visible_notices(actor: Actor) -> QuerySet[Notice]:
    """One's own and nobody else's, whatever the role."""
    return Notice.objects.filter(account_id=actor.account_id or 0)


def due_deliveries(now: dt.datetime) -> list[int]:
    """What waits and may be tried now."""
    rows = Delivery.objects.filter(state=DeliveryState.WAITING, next_at__lte=now).order_by("next_at")
    return list(rows.values_list("pk", flat=True)[:100])
