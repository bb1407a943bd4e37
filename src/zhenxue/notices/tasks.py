"""Background work of notices: sending."""

import datetime as dt
from typing import Any

from django.dispatch import receiver
from django.tasks import task

from zhenxue.kernel import clock
from zhenxue.notices import signals
from zhenxue.notices.operations import sending
from zhenxue.notices.queries import due_deliveries


@task
def send_delivery(delivery_id: int) -> str:
    """Sends one delivery; gives the state reached."""
    return sending.send_delivery(delivery_id=delivery_id, now=clock.now())


@receiver(signals.delivery_waiting)
def enqueue_delivery(sender: object, *, delivery_id: int, **more: Any) -> None:
    """Queues a delivery in the transaction that wrote it."""
    send_delivery.enqueue(delivery_id)


def send_due(now: dt.datetime) -> None:
    """Queues again what is due (a periodic job)."""
    for delivery_id in due_deliveries(now):
        send_delivery.enqueue(delivery_id)
