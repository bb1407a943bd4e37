"""``zhenxue sequencer``: numbers committed entries and signs the log, until it is told to stop."""

import logging
import signal
import threading
import time
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from zhenxue.evidence.errors import AlreadyRunning, LogBroken
from zhenxue.evidence.operations import integrate, sequencer_lock
from zhenxue.evidence.queries import has_waiting
from zhenxue.kernel import clock
from zhenxue.kernel.keys import KeyRefused
from zhenxue.tlog.errors import LogError

log = logging.getLogger("zhenxue.sequencer")

LOOK_SECONDS = 0.2  # how often the outbox is looked at; a commit is in the log well within a second
FAULT_PAUSE_SECONDS = 5.0


class Command(BaseCommand):
    help = "Number committed evidence entries, extend the tree and sign checkpoints; one per log."
    requires_system_checks = ()  # the web process checks; a sequencer should start at once

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="fold in what waits now and end")
        parser.add_argument("--wait", type=float, default=20.0, help="seconds to wait for another sequencer to end")

    def handle(self, *args: Any, once: bool, wait: float, **options: Any) -> None:
        stop = threading.Event()
        before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self.work(stop, once, wait)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def work(self, stop: threading.Event, once: bool, wait: float) -> None:
        """Take the lock and run; wait for another holder, and for a database that went away."""
        end = time.monotonic() + wait
        while not stop.is_set():
            try:
                with sequencer_lock():
                    if once:
                        self.stdout.write(f"已入链 {integrate(now=clock.now())} 条。")
                        return
                    log.info("sequencer started")
                    run(stop)
            except AlreadyRunning as error:
                if time.monotonic() >= end:
                    raise CommandError("另一个存证定序器正在运行；一个存证链只能有一个。") from error
                stop.wait(LOOK_SECONDS)
            except DatabaseError:
                log.exception("the database does not answer; trying again in %s s", FAULT_PAUSE_SECONDS)
                connection.close()
                stop.wait(FAULT_PAUSE_SECONDS)
                end = time.monotonic() + wait
        log.info("sequencer stopped")


def run(stop: threading.Event) -> None:
    """Fold in whatever waits, again and again, until told to stop; a broken log is reported and left alone."""
    while not stop.is_set():
        try:
            if has_waiting():
                integrate(now=clock.now())
        except (LogBroken, LogError):
            log.critical("the log contradicts itself; nothing is signed. Run: zhenxue verify", exc_info=True)
            stop.wait(FAULT_PAUSE_SECONDS)
        except (KeyRefused, ImproperlyConfigured):
            log.critical("the log's key signs nothing; entries wait. Run: zhenxue keys check", exc_info=True)
            stop.wait(FAULT_PAUSE_SECONDS)
        stop.wait(LOOK_SECONDS)
