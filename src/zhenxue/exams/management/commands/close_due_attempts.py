"""``zhenxue close_due_attempts``: hand in attempts whose time is over and close exams whose time is over, now."""

from typing import Any

from django.core.management.base import BaseCommand

from zhenxue.exams.api import close_due_attempts, close_due_exams
from zhenxue.kernel import clock


class Command(BaseCommand):
    """The platform's worker does this every few seconds; the command is for machines without one."""

    help = "到时自动交卷并结束到期的考试"

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        attempts = close_due_attempts(now=now)
        exams = close_due_exams(now=now)
        self.stdout.write(f"自动交卷 {attempts} 份，结束考试 {exams} 场。")
