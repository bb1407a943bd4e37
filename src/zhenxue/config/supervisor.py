"""Starts the parts of the platform, restarts what dies, stops all in order.

A part is a copy of this process or a program of its own (docs/decisions/0013). Nothing here starts a thread: what a
thread holds at the moment of copying stays locked in the copy for good.
"""

import locale
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.2
#: At the end, how long the last lines are waited for: what a part has started may hold on to its output.
LAST_LINES_SECONDS = 2.0
#: How long the other parts wait for the first.
HEAD_START_SECONDS = 10.0
PROGRAM = (sys.executable, "-m", "zhenxue.config.cli")
#: Set for programs, to the supervisor's process id: they end when it is gone (:func:`die_with_parent`).
SUPERVISED = "ZHENXUE_SUPERVISED"
#: Whether parts are copied: elsewhere libraries of the system do not bear it.
COPIES = sys.platform.startswith("linux")
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Child(Protocol):
    """What the supervisor wants of a process; ``subprocess.Popen`` has it."""

    pid: int

    def poll(self) -> int | None: ...

    def send_signal(self, sig: int) -> None: ...


class Copy:
    """A copy of this process that calls ``main`` and ends; it stops as if nobody had ever caught a signal."""

    def __init__(self, name: str, main: Callable[[], object]) -> None:
        import multiprocessing

        origin = os.getpid()

        def live() -> None:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            _end_with(origin)
            main()

        self._process = multiprocessing.get_context("fork").Process(target=live, name=name)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.pid = self._process.pid or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode or 0


@dataclass(slots=True)
class Part:
    """One child process: a name for its log lines and the ``zhenxue`` words that start it.

    With ``main`` it is a copy of this process, where that can be (``COPIES``), which calls ``main`` with its words in
    ``sys.argv``; otherwise ``program`` is started with them.
    """

    name: str
    words: Sequence[str]
    pass_fds: tuple[int, ...] = ()
    program: Sequence[str] = PROGRAM
    main: Callable[[], object] | None = None
    process: Child | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    due: float = 0.0

    def start(self, output: int, foreign: set[int]) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the supervisor alone.

        It writes to the open file ``output``; a copy leaves the open files ``foreign`` to others.
        """
        main = self.main

        def live() -> None:
            assert main is not None
            os.setsid()
            for stream in (1, 2):
                os.dup2(output, stream)
            for fd in {output, *foreign}.difference(self.pass_fds):
                with suppress(OSError):
                    os.close(fd)
            for text in (sys.stdout, sys.stderr):
                text.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]  # real files
            _name(f"zx-{self.name}")
            sys.argv[1:] = self.words
            main()

        if main is not None and COPIES:
            self.process = Copy(self.name, live)
        else:
            self.process = subprocess.Popen(
                [*self.program, *self.words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=self.pass_fds,
                start_new_session=True,
                env={**os.environ, SUPERVISED: str(os.getpid()), "PYTHONUNBUFFERED": "1"},
            )
        self.started = time.monotonic()

    def look(self, now: float) -> bool:
        """Whether it is due to be started; when it has died, that is later each time that it dies young."""
        if self.process is None:
            return now >= self.due
        code = self.process.poll()
        if code is None:
            return False
        if now - self.started >= STEADY_SECONDS:
            self.pause = FIRST_PAUSE_SECONDS
        say("serve", f"{self.name} ended with code {code}; starting it again in {self.pause:g} s")
        self.process = None
        self.due = now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        return False


class Supervisor:
    """Runs ``parts`` until it is told to stop (SIGTERM, SIGINT, or :meth:`ask_to_stop`); stops them in their order.

    With ``first_is_up`` the first part starts alone, so that nothing slows it down; the others follow when the answer
    is yes, or after ``HEAD_START_SECONDS``. It is asked until it is yes, and must not wait.
    """

    def __init__(self, parts: Sequence[Part], *, first_is_up: Callable[[], bool] = lambda: True) -> None:
        self.parts = parts
        self._first_is_up = first_is_up
        self._stopping = False
        self._outputs = selectors.PollSelector()

    def ask_to_stop(self, *_: object) -> None:
        """Also the signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Blocks until everything has stopped."""
        up, head_start = False, time.monotonic() + HEAD_START_SECONDS
        before = {number: signal.signal(number, self.ask_to_stop) for number in STOP_SIGNALS}
        try:
            while not self._stopping:
                now = time.monotonic()
                for part in self.parts if up or now >= head_start else self.parts[:1]:
                    if part.look(now):
                        self._start(part)
                up = up or self._first_is_up()
                self._hear(LOOK_SECONDS)
        finally:
            for part in self.parts:
                self._stop(part)
            end = time.monotonic() + LAST_LINES_SECONDS
            while self._outputs.get_map() and time.monotonic() < end:
                self._hear(LOOK_SECONDS)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start(self, part: Part) -> None:
        reading, writing = os.pipe()
        self._outputs.register(reading, selectors.EVENT_READ, _Lines(part.name))
        held = {key.fd for key in self._outputs.get_map().values()}
        try:
            part.start(writing, held.union(*(other.pass_fds for other in self.parts)))
        finally:
            os.close(writing)

    def _stop(self, part: Part) -> None:
        """Ask it to end; end it after ``STOP_SECONDS``."""
        if part.process is None:
            return
        part.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while part.process.poll() is None:
            if time.monotonic() >= end:
                say("serve", f"{part.name} does not stop; ending it")
                part.process.send_signal(signal.SIGKILL)
                end = float("inf")
            self._hear(LOOK_SECONDS / 10)

    def _hear(self, seconds: float) -> None:
        """Say what the parts write; returns as soon as something was said, or after so many seconds."""
        for key, _ in self._outputs.select(seconds):
            raw = os.read(key.fd, 65_536)
            key.data.take(raw)
            if not raw:
                self._outputs.unregister(key.fd)
                os.close(key.fd)


class _Lines:
    """The output of one process, said line by line."""

    def __init__(self, name: str) -> None:
        self._name, self._begun = name, b""

    def take(self, raw: bytes) -> None:
        """What was read; nothing at the end."""
        *lines, self._begun = (self._begun + raw).split(b"\n")
        if not raw and self._begun:
            lines.append(self._begun)
        for line in lines:
            say(self._name, line.decode(locale.getencoding(), errors="replace"))


def say(name: str, line: str) -> None:
    """One line of the common log."""
    sys.stdout.write(f"{name:<9} | {line}\n")
    sys.stdout.flush()


def die_with_parent() -> None:
    """In a supervised program: it ends with its supervisor, however that ends."""
    if supervisor := os.environ.pop(SUPERVISED, ""):
        _end_with(int(supervisor))


def _end_with(parent: int) -> None:
    """On Linux: ask the kernel for SIGTERM when the parent is gone; end if it is gone already."""
    _prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        sys.exit(0)


def _name(name: str) -> None:
    """What ``ps`` and ``top`` call this process, at most 15 letters."""
    _prctl(15, name.encode())  # PR_SET_NAME


def _prctl(option: int, value: int | bytes) -> None:
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(option, value)
