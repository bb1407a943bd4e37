"""Settles sessions beside the ingest, and looks where their beats come from: one thread with Django's own connection,
fed by the writer."""

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial

from django.db import close_old_connections, connections

from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError
from zhenxue.study import operations
from zhenxue.study.data import EndReason
from zhenxue.study.operations import presence

log = logging.getLogger(__name__)

TIDY_SECONDS = 60.0


class Settler:
    """``ask(session_id, ended)`` from any thread; nothing is lost when it dies, for settling is always repeatable."""

    def __init__(self, *, tidy: Callable[[], object] | None = None) -> None:
        self._jobs: queue.Queue[tuple[tuple[int, bool] | None, Callable[[], object]] | None] = queue.Queue()
        self._asked: set[tuple[int, bool]] = set()
        self._tidy = tidy or (lambda: operations.settle_stale(now=clock.now()))
        self._thread = threading.Thread(target=self._run, name="study-settler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finishes what was asked, then ends."""
        self._jobs.put(None)
        self._thread.join(timeout=30)

    def ask(self, session_id: int, ended: bool) -> None:
        """Queues one session; asking twice before it is done is the same as once."""
        if (session_id, ended) not in self._asked:
            self._asked.add((session_id, ended))
            self._jobs.put(((session_id, ended), partial(_settle, session_id, ended)))

    def look(self, session_id: int, address: str) -> None:
        """Beats of a session come from this address now: where that is another one than before, presence is asked."""
        self._jobs.put((None, partial(_look, session_id, address)))

    def _run(self) -> None:
        try:
            while True:
                try:
                    job = self._jobs.get(timeout=TIDY_SECONDS)
                except queue.Empty:
                    self._guard(self._tidy)
                    continue
                if job is None:
                    return
                asked, work = job
                if asked is not None:
                    self._asked.discard(asked)
                self._guard(work)
        finally:
            connections.close_all()

    def _guard(self, work: Callable[[], object]) -> None:
        close_old_connections()
        try:
            work()
        except ZhenxueError as refusal:
            log.warning("settling was refused: %s", refusal)
        except Exception:
            log.exception("settling failed; the next round tries again")


def _settle(session_id: int, ended: bool) -> None:
    if ended:
        operations.end_session(session_id=session_id, reason=EndReason.LEFT, now=clock.now())
    else:
        operations.settle(session_id=session_id, now=clock.now())


def _look(session_id: int, address: str) -> None:
    presence.meet_at(session_id=session_id, address=address, now=clock.now())
