"""Background work of identity: cards are read by the worker, in a process that ends with its memory."""

import datetime as dt
from typing import Any

from django.dispatch import receiver
from django.tasks import task

from zhenxue.identity import signals
from zhenxue.identity.operations import cards
from zhenxue.identity.queries.cards import stale_cards
from zhenxue.kernel import clock

#: After so long a card whose task was lost is queued again.
LOST_AFTER = dt.timedelta(minutes=5)


@task
def read_card(card_id: int, attempt: int) -> str:
    """Reads one waiting card; gives the state reached."""
    return cards.read_waiting_card(card_id=card_id, attempt=attempt, now=clock.now())


@receiver(signals.card_waiting)
def enqueue_card(sender: object, *, card_id: int, attempt: int, **more: Any) -> None:
    """Queues a card in the transaction of the change."""
    read_card.enqueue(card_id, attempt)


def rescue_cards(now: dt.datetime) -> None:
    """Queues cards again whose worker died (a periodic job)."""
    for card_id, attempt in stale_cards(now - LOST_AFTER):
        read_card.enqueue(card_id, attempt)
