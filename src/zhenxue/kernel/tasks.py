"""Background work of ``kernel``."""

from django.tasks import task

from zhenxue.kernel import clock, uploads


@task
def clean_uploads() -> int:
    """Removes uploads that nobody touched for a day; runs whenever a new upload begins, so it needs no timetable."""
    return uploads.clean(now=clock.now())
