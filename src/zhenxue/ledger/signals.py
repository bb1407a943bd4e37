"""What the ledger announces, inside the transaction of the change.

- ``unit_finished``: ``enrolment_id, unit_id, now``; sent once per enrolment and unit, and again when a unit that a
  correction opened again is finished again.
- ``coverage_corrected``: ``enrolment_id, unit_id, now``; a correction or a ruling changed what counts of the unit.
- ``unit_tested``: ``enrolment_id, unit_id, judged, now``; a self-test was handed in, ``judged`` says by question
  whether it was answered right.
"""

from django.dispatch import Signal

unit_finished = Signal()
coverage_corrected = Signal()
unit_tested = Signal()
