"""What ``integrity`` announces. They are sent inside the transaction of the change: a receiver that raises undoes it.

``check_asked``
    ``check_id, context, person_id, enrolment_id, cause, now``; a new check: its context stops its clock.
``check_passed``, ``check_missed``, ``check_made_up``
    ``check_id, context, person_id, enrolment_id, proof_at, asked_at, now``; ``check_made_up`` also ``missed_check_id``.
    ``check_missed`` is sent for a check that ran out of time or of tries: what counted since ``proof_at`` (the last
    proof before it) is no longer proven.
``ruling_made``
    ``incident_id, ruling`` (``RulingKind``), ``enrolment_id, person_id, since, until, contexts, actor, now``; also
    when an appeal changes it (then with ``overturned`` true for the ruling that no longer stands).
``signal_noted``
    ``signal_id, now``.
``incident_opened``, ``incident_explained``, ``incident_appealed``
    ``incident_id, now``.
``appeal_decided``
    ``incident_id, upheld, now``.
``incident_due``
    ``incident_id, due`` (``data.Due``), ``by`` (a day), ``overdue, now``; once a day for each incident that waits for
    somebody.
"""

from django.dispatch import Signal

check_asked = Signal()
check_passed = Signal()
check_missed = Signal()
check_made_up = Signal()
ruling_made = Signal()
signal_noted = Signal()
incident_opened = Signal()
incident_explained = Signal()
incident_appealed = Signal()
appeal_decided = Signal()
incident_due = Signal()
