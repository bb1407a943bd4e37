"""``zhenxue worker``: background work."""

from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.tasks import DEFAULT_TASK_BACKEND_ALIAS, TaskResultStatus
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from zhenxue.kernel import periodic

#: Between two looks for work; a stop waits so long at most.
INTERVAL_SECONDS = 0.5


class WholeWorker(Worker):
    """Stops between two looks for work. The library cuts off the look itself: its transaction is torn, and a task that
    was just taken stays behind."""

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        if self.running:
            self.running = False
        else:  # told twice: at once
            super().shutdown(signum, frame)


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
        worker = WholeWorker(
            queue_names=queues,
            interval=INTERVAL_SECONDS,
            batch=False,
            backend_name=DEFAULT_TASK_BACKEND_ALIAS,
            startup_delay=False,
            max_tasks=None,
            worker_id=get_random_string(32),
            excluded_queue_names=[],
        )
        worker.configure_signals()
        worker.run()
