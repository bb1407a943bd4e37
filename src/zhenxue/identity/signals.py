"""What ``identity`` announces. Signals are sent inside the transaction of the change: a receiver that raises undoes it.

``sign_in_ended``
    ``sign_in_ids`` (a list of ``LoginSession`` ids, never empty), ``reason`` (``SessionEnd``), ``now``; sent for every
    way in which sign-ins end: out, elsewhere, by a new password, with a role, an account or a device.
``consent_withdrawn``
    ``person_id, purpose`` (``ConsentPurpose``), ``now``; whoever keeps something by this consent deletes it now.
``card_waiting``
    ``card_id, attempt``; photographs of a card wait to be read.
``verification_asked``
    ``verification_id, person_id, method, now``; a person is to judge it.
``verification_decided``
    ``verification_id, person_id, method, passed`` (bool), ``strength``, ``reason``, ``now``.
``strength_changed``
    ``person_id, before, after, now``; what the person's name is proven by (0–3).
``document_reviewed``
    ``document_id, organisation_id, accepted`` (bool), ``title, note, now``.
``document_expiring``
    ``document_id, organisation_id, title, valid_until, days_left`` (negative: over), ``now``; at 60, 30 and 7 days and
    on the day after, once each.
"""

from django.dispatch import Signal

sign_in_ended = Signal()
consent_withdrawn = Signal()
card_waiting = Signal()
verification_asked = Signal()
verification_decided = Signal()
strength_changed = Signal()
document_reviewed = Signal()
document_expiring = Signal()
