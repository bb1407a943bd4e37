"""What the catalogue announces; sent inside the transaction."""

from django.dispatch import Signal

#: ``material_id``: a video waits to be processed; ``tasks`` puts it into the queue.
video_waiting = Signal()
#: ``version_id``: a course version was published.
version_published = Signal()
