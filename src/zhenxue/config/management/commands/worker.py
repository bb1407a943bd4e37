"""``zhenxue worker``: background work."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from zhenxue.kernel import periodic


class Command(BaseCommand):
    requires_system_checks = ()  # the web process checks; a worker should start at once
    help = "Run background tasks of the given queues, and the periodic jobs when asked to."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue", action="append", help="default or media; may be repeated; both when left out")
        parser.add_argument("--timer", action="store_true", help="also run the periodic jobs (one worker a platform)")
        parser.add_argument(
            "--alone", action="store_true", help="no other worker serves these queues: take up what a dead one left"
        )

    def handle(self, *args: Any, queue: list[str] | None, timer: bool, alone: bool, **options: Any) -> None:
        queues = queue or ["default", "media"]
        if alone:
            left = DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING, queue_name__in=queues)
            left.update(status=TaskResultStatus.READY, started_at=None)
        if timer:
            periodic.start_in_background()
        call_command("db_worker", queue_name=",".join(queues), interval=0.5, startup_delay=False, reload=False)
