"""What the catalogue announces; sent inside the transaction."""

from django.dispatch import Signal

#: ``material_id``: a video or a document waits to be processed; ``tasks`` puts it into the queue.
material_waiting = Signal()
#: ``version_id``: a course version was published.
version_published = Signal()
