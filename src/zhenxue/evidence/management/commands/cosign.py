"""``zhenxue cosign``: collects the cosignatures of all witnesses, until it is told to stop."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from zhenxue.evidence.errors import LogBroken
from zhenxue.evidence.operations.collecting import Collector, collect
from zhenxue.evidence.queries import describe_health
from zhenxue.kernel import clock
from zhenxue.tlog.errors import LogError

log = logging.getLogger("zhenxue.cosign")

LOOK_SECONDS = 0.5
FAULT_PAUSE_SECONDS = 5.0


class Command(BaseCommand):
    help = "Send every new checkpoint to the witnesses and store their cosignatures."
    requires_system_checks = ()  # the web process checks; this one should start at once

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="ask every witness once, say how they stand, and end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if once:
            collect(clock.now)
            for standing in describe_health(clock.now()).witnesses:
                self.stdout.write(f"{standing.name}：{standing.words}")
            return
        stop = threading.Event()
        before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            run(stop)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run(stop: threading.Event) -> None:
    """Step after step; a database that went away or a broken log is reported, and tried again."""
    collector = Collector()
    log.info("collector of cosignatures started")
    while not stop.is_set():
        try:
            collector.step(clock.now())
        except DatabaseError:
            log.exception("the database does not answer; trying again in %s s", FAULT_PAUSE_SECONDS)
            connection.close()
            stop.wait(FAULT_PAUSE_SECONDS)
        except (LogBroken, LogError):
            log.critical("the log contradicts itself; no witness is asked. Run: zhenxue verify", exc_info=True)
            stop.wait(FAULT_PAUSE_SECONDS)
        stop.wait(LOOK_SECONDS)
    collector.close()
    log.info("collector of cosignatures stopped")
