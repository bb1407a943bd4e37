"""What ``notices`` announces.

``delivery_waiting``
    ``delivery_id``; words wait to be sent, sent inside the transaction.
"""

from django.dispatch import Signal

delivery_waiting = Signal()
