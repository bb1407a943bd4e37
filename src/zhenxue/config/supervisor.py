"""Starts the parts of the platform, restarts what dies, stops all in order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.2
#: How long the other parts wait for the first.
HEAD_START_SECONDS = 10.0
PROGRAM = (sys.executable, "-m", "zhenxue.config.cli")
#: Set for children: they end when the supervisor is gone (:func:`die_with_parent`).
SUPERVISED = "ZHENXUE_SUPERVISED"


@dataclass(slots=True)
class Part:
    """One child process: a name for its log lines and the ``zhenxue`` words that start it."""

    name: str
    words: Sequence[str]
    pass_fds: tuple[int, ...] = ()
    program: Sequence[str] = PROGRAM
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    due: float = 0.0
    reader: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        self.process = subprocess.Popen(
            [*self.program, *self.words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=self.pass_fds,
            start_new_session=True,
            env={**os.environ, SUPERVISED: "1", "PYTHONUNBUFFERED": "1"},
        )
        self.started = time.monotonic()
        self.reader = threading.Thread(target=_copy_lines, args=(self.name, self.process.stdout), daemon=True)
        self.reader.start()

    def look(self, now: float) -> None:
        """Start it when it is due; when it has died, set the next start, later each time that it dies young."""
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        if now - self.started >= STEADY_SECONDS:
            self.pause = FIRST_PAUSE_SECONDS
        say("serve", f"{self.name} ended with code {code}; starting it again in {self.pause:g} s")
        self.process = None
        self.due = now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE_SECONDS)

    def stop(self) -> None:
        """Ask it to end; end it after ``STOP_SECONDS``."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            say("serve", f"{self.name} does not stop; ending it")
            self.process.kill()
            self.process.wait()
        if self.reader is not None:
            self.reader.join(2)


class Supervisor:
    """Runs ``parts`` until it is told to stop (SIGTERM, SIGINT, or :meth:`ask_to_stop`); stops them in their order.

    With ``first_is_up`` the first part starts alone, so that nothing slows it down; the others follow when the event
    is set, or after ``HEAD_START_SECONDS``.
    """

    def __init__(self, parts: Sequence[Part], *, first_is_up: threading.Event | None = None) -> None:
        self.parts = parts
        self._first_is_up = first_is_up
        self._stopping = threading.Event()

    def ask_to_stop(self, *_: object) -> None:
        """Also the signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Blocks until everything has stopped."""
        head_start = time.monotonic() + HEAD_START_SECONDS
        before = {number: signal.signal(number, self.ask_to_stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            while not self._stopping.is_set():
                now = time.monotonic()
                waiting = self._first_is_up is not None and not self._first_is_up.is_set() and now < head_start
                for part in self.parts[:1] if waiting else self.parts:
                    part.look(now)
                self._stopping.wait(LOOK_SECONDS)
        finally:
            for part in self.parts:
                part.stop()
            for number, handler in before.items():
                signal.signal(number, handler)


def say(name: str, line: str) -> None:
    """One line of the common log."""
    sys.stdout.write(f"{name:<9} | {line}\n")
    sys.stdout.flush()


def die_with_parent() -> None:
    """In a supervised child on Linux: ask the kernel for SIGTERM when the supervisor ends, however it ends."""
    if os.environ.pop(SUPERVISED, "") != "1" or not sys.platform.startswith("linux"):
        return
    import ctypes

    set_parent_death_signal = 1
    ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGTERM)
    if os.getppid() == 1:
        sys.exit(0)


def _copy_lines(name: str, stream: IO[str]) -> None:
    with stream:
        for line in stream:
            say(name, line.rstrip("\n"))
