"""Group commit: a thread judges and writes whatever arrived while the last group was written, then answers all of it.

There is no timer: a lone message is committed at once, a crowd shares one fsync. A message is answered only after the
transaction that holds it is durable. Where the database lets two transactions write, two lines (a thread and a
connection each) take turns: one judges its group while the other's is being written. The rows are locked from reading
to commit, so two groups with messages about one row follow each other.
"""

import asyncio
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from zhenxue.kernel.ingest.http import Reply

log = logging.getLogger(__name__)

GROUP_LIMIT: Final = 2_000
WAITING_LIMIT: Final = 20_000
#: After a connection that could not be made, messages are answered "try again" for so long without asking once more.
REST_SECONDS: Final = 0.5


class Resting(Exception):
    """The database was gone a moment ago; it is not asked again yet."""


class Reader(Protocol):
    """Who waits for the answer of a message: an ``asyncio.Future``, or what stands for one."""

    def done(self) -> bool:
        """Whether the answer came already, or nobody waits for it any more."""
        ...

    def set_result(self, reply: Reply, /) -> None:
        """The answer; called on the loop's thread, when the message is durable."""
        ...


class Waits(Protocol):
    """A message on its way through the writer; the judgement sets its ``reply``."""

    future: Reader | None
    reply: Reply


class Closes(Protocol):
    """One connection, used by one thread; any database error leaves it to ``close`` and reopen."""

    def close(self) -> None:
        """Gives everything back; an open transaction is undone."""
        ...


class Line[S]:
    """One thread's connection."""

    def __init__(self) -> None:
        self.store: S | None = None


class GroupWriter[W: Waits, S: Closes, J](ABC):
    """Owns stores and their threads. ``open_store`` is called in each line's thread, again after a database error."""

    def __init__(
        self, *, name: str, open_store: Callable[[], S], on_stop: Callable[[], None] = lambda: None, lines: int = 1
    ) -> None:
        self._open_store = open_store
        self._on_stop = on_stop
        self._waiting: deque[W] = deque()
        self._arrived = threading.Event()
        self._waking = False
        self._stopping = False
        self._turn = threading.Lock()  # held from gathering a group until it is judged
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(lines)
        ]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rest_until = 0.0

    @abstractmethod
    def judge(self, store: S, group: Sequence[W]) -> J:
        """Begins the transaction of a group and sets the replies, which hold once it is kept."""

    @abstractmethod
    def keep(self, store: S, judged: J) -> None:
        """Writes a judged group durably."""

    @abstractmethod
    def reply_to(self, error: Exception, count: int) -> Reply:
        """What the messages of a group that was not written are told; nothing of it was kept."""

    @abstractmethod
    def kept(self, judged: J) -> None:
        """What follows once the group is answered."""

    def failed(self, line: Line[S], group: Sequence[W], error: Exception) -> None:
        """Sets the replies of a group that was not written, and gives up its connection."""
        reply = self.reply_to(error, len(group))
        for waiting in group:
            waiting.reply = reply
        self.reopen(line)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to write; answers are handed to this loop."""
        self._loop = loop
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Writes what is waiting, then ends the threads."""
        self._stopping = True
        self._arrived.set()
        for thread in self._threads:
            thread.join(timeout=30)
        self._on_stop()

    def submit(self, waiting: W) -> bool:
        """Queues a message; false when too many wait already. Called on the loop's thread."""
        if len(self._waiting) >= WAITING_LIMIT or self._stopping:
            return False
        self._waiting.append(waiting)
        if not self._waking:
            self._waking = True
            assert self._loop is not None
            self._loop.call_soon(self._wake)
        return True

    def opened(self, line: Line[S]) -> S:
        """The connection of a line, made if it has none; raises ``Resting`` soon after one could not be made."""
        if line.store is None:
            if time.monotonic() < self._rest_until:
                raise Resting
            line.store = self._open_store()
        return line.store

    def reopen(self, line: Line[S]) -> None:
        """The next group tries a new connection, but a database that is gone is not asked for every group."""
        if line.store is not None:
            try:
                line.store.close()
            except Exception:
                log.exception("the broken store did not close")
        elif time.monotonic() >= self._rest_until:
            self._rest_until = time.monotonic() + REST_SECONDS
        line.store = None

    def _wake(self) -> None:
        """Once a turn of the loop: all that arrived together wakes the thread one time, and makes one group."""
        self._waking = False
        self._arrived.set()

    def _run(self) -> None:
        line = Line[S]()
        while self._serve(line):
            pass
        if line.store is not None:
            line.store.close()

    def _gather(self) -> list[W]:
        """Waits for messages and takes all that are there; none when the writer stops."""
        while True:
            if not self._stopping:
                self._arrived.wait()
            self._arrived.clear()
            waiting = self._waiting
            group = [waiting.popleft() for _ in range(min(len(waiting), GROUP_LIMIT))]
            if waiting:
                self._arrived.set()
            if group or self._stopping:
                return group

    def _serve(self, line: Line[S]) -> bool:
        """Gathers, judges, writes and answers one group; false when the writer stops."""
        judged: J | None = None
        error: Exception | None = None
        with self._turn:
            group = self._gather()
            if not group:
                return False
            try:
                judged = self.judge(self.opened(line), group)
            except Exception as caught:  # noqa: BLE001 - whatever it is, every message of the group needs an answer
                error = caught
        if judged is not None and line.store is not None:
            try:
                self.keep(line.store, judged)
            except Exception as caught:  # noqa: BLE001 - see above
                error = caught
        if error is not None:
            self.failed(line, group, error)
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(_resolve, group)
        except RuntimeError:  # the loop has closed: nobody waits for these answers any more
            log.info("%d answers had no reader", len(group))
        if judged is not None and error is None:
            self.kept(judged)
        return True


def _resolve(group: Sequence[Waits]) -> None:
    for waiting in group:
        if waiting.future is not None and not waiting.future.done():
            waiting.future.set_result(waiting.reply)
