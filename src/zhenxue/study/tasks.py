"""Background work of study: archives are read and written by the worker, not while a page waits."""

from django.tasks import task

from zhenxue.kernel import clock
from zhenxue.study.operations import archives


@task
def verify_archive(archive_id: int) -> None:
    """Reads an archive's file again and writes the answer into its row."""
    archives.verify_archive(archive_id=archive_id, now=clock.now())


@task
def archive_due() -> None:
    """Archives every finished month that is ready."""
    archives.archive_due(now=clock.now())
