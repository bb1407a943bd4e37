"""Foreign decoders run as niced child processes that report line by line, and die when they hang or when we die."""

import contextlib
import os
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NICENESS = 10
#: A broken pipe is easily ignored, so the kernel is asked to end a child when its worker is gone.
DIES_WITH_US = [setpriv, "--pdeathsig", "KILL"] if (setpriv := shutil.which("setpriv")) else []


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: ``hung`` when it was killed for its silence; ``tail`` is the last it wrote to stderr."""

    code: int
    hung: bool
    tail: list[str]


def run(command: Sequence[str], *, silence_seconds: float, heard: Callable[[str], None]) -> Ended:
    """Run to the end, giving every line of its standard output to ``heard``; what that raises ends the child too.

    The child dies with the thread that runs it, even by SIGKILL (``setpriv --pdeathsig`` of util-linux, where present).
    """
    tail: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        [*DIES_WITH_US, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as child:
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, child.pid, NICENESS)
        listener = threading.Thread(target=lambda: tail.extend(child.stderr or ()), daemon=True)
        listener.start()
        alarm = _Alarm(child, silence_seconds)
        try:
            for line in child.stdout or ():
                alarm.heard()
                heard(line)
            code = child.wait()
        except BaseException:
            child.kill()
            raise
        finally:
            alarm.stop()
        listener.join(timeout=5)
    return Ended(code, alarm.rang, list(tail))


class _Alarm:
    """Kills a child that has been silent too long."""

    def __init__(self, child: "subprocess.Popen[str]", seconds: float) -> None:
        self.child, self.seconds, self.rang = child, seconds, False
        self.timer = self._start()

    def _start(self) -> threading.Timer:
        timer = threading.Timer(self.seconds, self._ring)
        timer.daemon = True
        timer.start()
        return timer

    def _ring(self) -> None:
        self.rang = True
        self.child.kill()

    def heard(self) -> None:
        self.timer.cancel()
        self.timer = self._start()

    def stop(self) -> None:
        self.timer.cancel()
