"""``zhenxue start_due_cohorts``: start every approved cohort whose first day has come (for cron, or after a stop)."""

from typing import Any

from django.core.management.base import BaseCommand

from zhenxue.kernel import clock
from zhenxue.training import api as training


class Command(BaseCommand):
    help = "Start approved cohorts whose first day has come."

    def handle(self, *args: Any, **options: Any) -> None:
        started = training.start_due_cohorts(now=clock.now())
        for cohort in started:
            self.stdout.write(f"开班 {cohort.code} {cohort.title}")
        self.stdout.write(f"共 {len(started)} 个班期")
