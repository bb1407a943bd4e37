"""What ``identity`` announces. Signals are sent inside the transaction of the change: a receiver that raises undoes it.

``sign_in_ended``
    ``sign_in_ids`` (a list of ``LoginSession`` ids, never empty), ``reason`` (``SessionEnd``), ``now``; sent for every
    way in which sign-ins end: out, elsewhere, by a new password, with a role, an account or a device.
"""

from django.dispatch import Signal

sign_in_ended = Signal()
