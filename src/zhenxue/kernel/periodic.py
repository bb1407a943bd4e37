"""Work that comes round: an app registers a job in ``apps.ready()``, one worker of the platform runs them all.

Django's tasks know no calendar; this is the small layer on top. A job must be harmless to run twice.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import close_old_connections

from zhenxue.kernel import clock

logger = logging.getLogger(__name__)
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """``run(now)`` is called about every ``every_seconds``; ``name`` is unique ("exams.close_due_attempts")."""

    name: str
    every_seconds: int
    run: Callable[[datetime], object]


_jobs: dict[str, Job] = {}


def register(job: Job) -> None:
    """Add a job; the same name a second time replaces the first."""
    _jobs[job.name] = job


def jobs() -> list[Job]:
    """All registered jobs."""
    return list(_jobs.values())


def run_due(last: dict[str, float], *, monotonic: float) -> list[str]:
    """Run every job whose time has come and note it in ``last``; a failing job is logged and tried again next time."""
    ran = []
    for job in jobs():
        if job.name in last and monotonic - last[job.name] < job.every_seconds:
            continue
        last[job.name] = monotonic
        ran.append(job.name)
        close_old_connections()
        try:
            job.run(clock.now())
        except Exception:
            logger.exception("periodic job %s failed", job.name)
    return ran


def start_in_background() -> threading.Thread:
    """Run due jobs in a thread until the process ends."""

    def loop() -> None:
        last: dict[str, float] = {}
        while True:
            run_due(last, monotonic=time.monotonic())
            close_old_connections()
            time.sleep(LOOK_SECONDS)

    thread = threading.Thread(target=loop, name="periodic", daemon=True)
    thread.start()
    return thread
