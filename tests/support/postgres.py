"""A private PostgreSQL for one test run: made empty, on a free loopback port, fast not durable, gone afterwards."""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_SECONDS = 120
USER = "zhenxue"
#: No test loses its machine, so nothing waits for the disk, and nothing tidies up behind a database of minutes.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "256MB",
    "max_connections": "100",
}
HOW_TO_INSTALL = "PostgreSQL 15 or newer is needed for these tests: apt-get install postgresql"


class Cluster:
    """``start()`` it, use ``url``, ``stop()`` it; root never runs the server, another user does."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="zhenxue-postgres-"))
        self.port = free_port()
        self.url = f"postgres://{USER}@127.0.0.1:{self.port}/postgres"
        self._user = _user_to_run_as()
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster and wait until it answers; raises ``RuntimeError`` with the server's own words."""
        initdb = program("initdb")
        if self._user:
            shutil.chown(self.folder, self._user)
        data = self.folder / "data"
        made = subprocess.run(
            [initdb, "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"],
            capture_output=True,
            text=True,
            user=self._user,
            cwd=self.folder,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        self.resume()

    @property
    def process_id(self) -> int:
        """Of the server's first process."""
        assert self._server is not None
        return self._server.pid

    def resume(self) -> None:
        """Serve the cluster (again); waits until it answers."""
        postgres, data = program("postgres"), self.folder / "data"
        settings = {**FAST, "port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        command = [postgres, "-D", str(data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                command, stdout=log, stderr=log, user=self._user, cwd=self.folder, preexec_fn=_end_with_the_tests
            )
        self._wait()

    def halt(self) -> None:
        """Take the server away as a power cut would; what it holds stays for ``resume``."""
        assert self._server is not None
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(60)

    def stop(self) -> None:
        """Stop the server at once and remove everything."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            try:
                self._server.wait(60)
            except subprocess.TimeoutExpired:
                self._server.send_signal(signal.SIGQUIT)
                self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._server is None or self._server.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0 and "ready to accept" in self._log():
                    return
            time.sleep(0.05)
        words = self._log()
        self.stop()
        raise RuntimeError(f"PostgreSQL did not start: {words}")

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_with_the_tests() -> None:
    """In the server's process: a run that is killed leaves no server behind (Linux)."""
    if sys.platform.startswith("linux"):
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGINT)


def program(name: str) -> str:
    """Where a program of PostgreSQL lies; raises ``RuntimeError`` when there is none."""
    found = shutil.which(name)
    if found:
        return found
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda home: int(home.parent.name))
    for home in reversed(homes):
        if (home / name).exists():
            return str(home / name)
    raise RuntimeError(HOW_TO_INSTALL)


def _user_to_run_as() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
