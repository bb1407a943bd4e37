"""The supervisor: everything runs, what dies comes back later and later, everything stops."""

import os
import signal
import socket
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

    def story() -> None:
        wait_until(lambda: first.process is not None)
        time.sleep(0.2)
        assert second.process is None
        up.set()
        wait_until(lambda: second.process is not None)

    run_while(Supervisor([first, second], first_is_up=up), story)
    monkeypatch.setattr(module, "HEAD_START_SECONDS", 0.2)
    late, never = Part("late", [SLEEPER], program=PYTHON), threading.Event()
    slow = Part("slow", [SLEEPER], program=PYTHON)
    run_while(Supervisor([slow, late], first_is_up=never), lambda: wait_until(lambda: late.process is not None))


def test_what_dies_young_waits_longer_each_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    part = Part("brief", ["print('hello'); raise SystemExit(3)"], program=PYTHON, pause=0.02)
    run_while(Supervisor([part]), lambda: wait_until(lambda: part.pause >= 0.16))
    told = capsys.readouterr().out
    assert "brief     | hello" in told
    assert "brief ended with code 3" in told


def test_what_does_not_stop_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.3)
    up = tmp_path / "up"
    deaf = f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(up)!r}, 'w').close(); time.sleep(60)"
    part = Part("deaf", [deaf], program=PYTHON)
    part.start()
    wait_until(up.exists)
    part.stop()
    assert part.process is not None
    assert part.process.returncode == -signal.SIGKILL


def test_a_taken_address_is_named_in_plain_words() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match="already in use"):
            listen("127.0.0.1", port)
    listen("127.0.0.1", port).close()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(CommandError, match="cannot be listened on"):
        listen("192.0.2.1", 8000)


def test_a_child_dies_with_its_supervisor(tmp_path: Path) -> None:
    """Killed without a chance to clean up, the supervisor still leaves nothing behind."""
    child = (
        "from zhenxue.config.supervisor import die_with_parent; die_with_parent(); "
        f"import os, time; open({str(tmp_path / 'child')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    parent = (
        "import sys; from zhenxue.config.supervisor import Part, Supervisor; "
        f"Supervisor([Part('child', [{child!r}], program=(sys.executable, '-c'))]).run()"
    )
    supervisor = module.subprocess.Popen([sys.executable, "-c", parent], stdout=module.subprocess.DEVNULL)
    written = tmp_path / "child"
    wait_until(lambda: written.exists() and bool(written.read_text()))
    pid = int(written.read_text())
    supervisor.kill()
    supervisor.wait()
    wait_until(lambda: not running(pid))


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
