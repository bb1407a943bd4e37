"""What the ledger announces, inside the transaction of the change.

- ``unit_finished``: ``enrolment_id, unit_id, now``; sent once per enrolment and unit.
"""

from django.dispatch import Signal

unit_finished = Signal()
