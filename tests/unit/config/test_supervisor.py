"""The supervisor: everything runs, what dies comes back later and later, everything stops."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from zhenxue.config import supervisor as module
from zhenxue.config.management.commands.serve import listen
from zhenxue.config.supervisor import Part, Supervisor

PYTHON = (sys.executable, "-c")
END_WITH_IT = "from zhenxue.config.supervisor import die_with_parent; die_with_parent()"
SLEEPER = "import os, sys, time; print('up', os.getpid(), flush=True); time.sleep(60)"


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def run_while(supervisor: Supervisor, story: Callable[[], None]) -> None:
    """Run the supervisor in this thread and the story in another; stop when the story ends."""
    faults: list[BaseException] = []

    def tell() -> None:
        try:
            story()
        except BaseException as fault:  # noqa: BLE001 - handed to the test's own thread below
            faults.append(fault)
        finally:
            supervisor.ask_to_stop()

    teller = threading.Thread(target=tell)
    teller.start()
    supervisor.run()
    teller.join()
    if faults:
        raise faults[0]


def test_what_dies_is_started_again_and_all_stops_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    first, second = (Part(name, [SLEEPER], program=PYTHON, pause=0.05) for name in ("first", "second"))
    seen: list[int] = []

    def story() -> None:
        wait_until(lambda: first.process is not None and second.process is not None)
        assert first.process is not None
        assert second.process is not None
        seen.extend([first.process.pid, second.process.pid])
        os.kill(seen[0], signal.SIGKILL)
        wait_until(lambda: first.process is not None and first.process.pid != seen[0])
        assert first.process is not None
        seen.append(first.process.pid)
        assert second.process.pid == seen[1], "the other one was left alone"

    run_while(Supervisor([first, second]), story)
    assert [part.process.poll() for part in (first, second) if part.process] == [-signal.SIGTERM, -signal.SIGTERM]


def test_the_first_starts_alone_and_the_others_when_it_is_up_or_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    up, (first, second) = threading.Event(), (Part(name, [SLEEPER], program=PYTHON) for name in ("first", "second"))
    asked: list[bool] = []

    def is_up() -> bool:
        asked.append(up.is_set())
        return asked[-1]

    def story() -> None:
        wait_until(lambda: len(asked) > 5)
        assert first.process is not None
        assert second.process is None
        up.set()
        wait_until(lambda: second.process is not None)

    run_while(Supervisor([first, second], first_is_up=is_up), story)
    monkeypatch.setattr(module, "HEAD_START_SECONDS", 0.2)
    assert asked.count(True) == 1, "nobody asks again"
    slow, late = (Part(name, [SLEEPER], program=PYTHON) for name in ("slow", "late"))
    run_while(Supervisor([slow, late], first_is_up=lambda: False), lambda: wait_until(lambda: late.process is not None))


def test_what_dies_young_waits_longer_each_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    part = Part("brief", ["print('hello'); raise SystemExit(3)"], program=PYTHON, pause=0.02)
    run_while(Supervisor([part]), lambda: wait_until(lambda: part.pause >= 0.16))
    told = capsys.readouterr().out
    assert "brief     | hello" in told
    assert "brief ended with code 3" in told


def test_what_does_not_stop_is_ended_and_heard_to_its_last_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.3)
    up = tmp_path / "up"
    much = "signal.signal(15, lambda *_: print('x' * 200_000 + chr(10) + 'and not ended', end='', flush=True))"
    deaf = f"import signal, time; {much}; open({str(up)!r}, 'w').close(); time.sleep(60)"
    part = Part("deaf", [deaf], program=PYTHON)
    run_while(Supervisor([part]), lambda: wait_until(up.exists))
    assert part.process is not None
    assert part.process.poll() == -signal.SIGKILL
    told = capsys.readouterr().out
    assert "x" * 200_000 in told, "more than a pipe holds"
    assert "deaf      | and not ended\n" in told


COPIED = """
import os, sys, time
from pathlib import Path
from zhenxue.config.supervisor import Part, Supervisor
dear = []  # what is dear to make
def main():
    names = {os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.exists()}
    sockets = sum(name.startswith("socket:") for name in names)
    print(Path("/proc/self/comm").read_text().strip(), sys.argv[1:], dear, os.getsid(0) == os.getpid(), sockets)
    print("half a line", end="")
    time.sleep(60)
import socket
mine, yours = socket.socket(), socket.socket()
dear.append("made once")
parts = [
    Part("one", ["a", "b"], pass_fds=(mine.fileno(),), main=main),
    Part("two", [], pass_fds=(yours.fileno(), mine.fileno()), main=main),
]
Supervisor(parts).run()
print("stopped")
"""


def test_a_copy_has_what_was_loaded_and_of_the_open_files_only_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as told:
        supervisor = subprocess.Popen([sys.executable, "-c", COPIED], stdout=told, stderr=told)
    first, second = (
        "one       | zx-one ['a', 'b'] ['made once'] True 1\n",
        "two       | zx-two [] ['made once'] True 2\n",
    )
    wait_until(lambda: first in log.read_text() and second in log.read_text())
    [one] = [pid for pid in children(supervisor.pid) if title(pid) == "zx-one"]
    os.kill(one, signal.SIGKILL)
    wait_until(lambda: log.read_text().count(first) == 2)
    assert "serve     | one ended with code -9; starting it again in 0.5 s\n" in log.read_text()
    copies = children(supervisor.pid)
    assert len(copies) == 2
    supervisor.terminate()
    assert supervisor.wait(60) == 0
    assert not any(map(running, copies))
    assert log.read_text().count("| half a line\n") == 3, "the last words of those that were stopped, and of the killed"
    assert log.read_text().endswith("\nstopped\n")


def children(parent: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def title(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_a_taken_address_is_named_in_plain_words() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match="already in use"):
            listen("127.0.0.1", port)
    listen("127.0.0.1", port).close()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(CommandError, match="cannot be listened on"):
        listen("192.0.2.1", 8000)


def test_a_child_dies_with_its_supervisor() -> None:
    """Killed without a chance to clean up, the supervisor still leaves nothing behind, be it a program or a copy."""
    parent = (
        "import sys, time; from zhenxue.config.supervisor import Part, Supervisor; Supervisor(["
        f"Part('child', [{f'{END_WITH_IT}; {SLEEPER}'!r}], program=(sys.executable, '-c')), "
        "Part('copy', [], main=lambda: print('up') or time.sleep(60))]).run()"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    for _ in range(2):
        assert " | up" in supervisor.stdout.readline()
    pids = children(supervisor.pid)
    assert len(pids) == 2
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    wait_until(lambda: not any(map(running, pids)))


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def test_the_listening_socket_answers_again_after_the_web_process_died() -> None:
    """Connections wait in the supervisor's socket while the web process is away; none is refused."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=30) as early:
        accepted, _ = listener.accept()
        accepted.sendall(b"hello")
        accepted.close()
        assert early.recv(5) == b"hello"
