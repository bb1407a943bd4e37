"""``zhenxue faces``: the face engine. The only process that loads OpenCV and the weights."""

import os
import resource
import signal
import socket
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connections

from zhenxue.kernel import clock

#: How long an idle thread sleeps: little right after a job, more when nothing has come for a while.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.4
SAY_SECONDS = 5.0


class Command(BaseCommand):
    requires_system_checks = ()  # the web process checks; this one should start at once
    help = "Run the face engine: enrolments, presence checks, and the nightly search for one face on two people."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--threads", type=int, default=0, help="nets at work at once; 0: half of the cores")
        parser.add_argument("--alone", action="store_true", help="no other process does this: take up what is left")
        parser.add_argument("--until-idle", action="store_true", help="end when nothing waits any more")

    def handle(self, *args: Any, threads: int, alone: bool, until_idle: bool, **options: Any) -> None:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from zhenxue.integrity.operations.faces import take_up
        from zhenxue.integrity.operations.faces.working import Everybody, Worker

        take_up(now=clock.now(), alone=alone)
        name = f"{socket.gethostname()[:30]}:{os.getpid()}"
        everybody = Everybody()
        count = threads or max(1, (os.cpu_count() or 1) // 2)
        workers = [Worker(f"{name}/{number}", everybody) for number in range(1 if until_idle else count)]
        stopping = threading.Event()
        if until_idle:
            while workers[0].step():
                pass
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        crew = [threading.Thread(target=run, args=(worker, stopping), name=worker.name) for worker in workers]
        for thread in crew:
            thread.start()
        try:
            watch(name, workers, stopping)
        finally:
            stopping.set()
            for thread in crew:
                thread.join()


def run(worker: Any, stopping: threading.Event) -> None:
    """One thread: a job after the other, a short sleep where there is none."""
    pause = SHORTEST_PAUSE
    try:
        while not stopping.is_set():
            close_old_connections()
            if worker.step():
                pause = SHORTEST_PAUSE
                continue
            stopping.wait(pause)
            pause = min(pause * 1.3, LONGEST_PAUSE)
    finally:
        connections.close_all()


def watch(name: str, workers: list[Any], stopping: threading.Event) -> None:
    """The main thread: says how the process fares, ends late jobs, takes up what dead processes had."""
    from zhenxue.integrity.operations.faces import expire_late, take_up
    from zhenxue.integrity.operations.faces.health import forget, say

    started = clock.now()
    while not stopping.wait(SAY_SECONDS if workers[0].done else 1.0):
        close_old_connections()
        now = clock.now()
        expire_late(now=now)
        take_up(now=now)
        times = [time for worker in workers for time in worker.times]
        say(
            name=name,
            started_at=started,
            jobs=sum(worker.done for worker in workers),
            failures=sum(worker.failures for worker in workers),
            times=times,
            memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            templates=len(workers[0].everybody),
            now=now,
        )
    forget(name)
