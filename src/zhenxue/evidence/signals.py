"""What ``evidence`` announces; sent inside the transaction."""

from django.dispatch import Signal

#: ``dossier_id``: a dossier waits to be built; ``tasks`` puts it into the queue.
dossier_waiting = Signal()
#: ``run_id``: a verification waits to be run.
verification_asked = Signal()
