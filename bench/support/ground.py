"""The ground under a bench: a fresh durable database, a server process of its own, processor time, figures."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECRET = "bench-only-" + "s" * 54
#: Where the environment of a bench on PostgreSQL holds the process id of its server.
POSTGRES_ID = "BENCH_POSTGRES_ID"


def report(name: str, value: float, unit: str) -> None:
    """One line of the bench's result."""
    print(f"figure: {name} {value} {unit}", flush=True)


@contextmanager
def database(name: str) -> Iterator[dict[str, str]]:
    """The environment of a fresh, durable database (``sqlite`` or ``postgres``) in a data folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="zhenxue-bench-"))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("ZHENXUE_")},
        "DJANGO_SETTINGS_MODULE": "zhenxue.config.settings",
        "ZHENXUE_DATA_FOLDER": str(folder),
        "ZHENXUE_SECRET_KEY": SECRET,
        "ZHENXUE_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
    }
    if name == "sqlite":
        try:
            yield environment | {"ZHENXUE_DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}"}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    from tests.support import postgres

    postgres.FAST = {"max_connections": "100", "shared_buffers": "256MB"}
    cluster = postgres.Cluster()
    cluster.start()
    try:
        yield environment | {"ZHENXUE_DATABASE_URL": cluster.url, POSTGRES_ID: str(cluster.process_id)}
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def run(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Runs ``python <words>`` to its end; what it printed. Ends the bench with its words when it fails."""
    done = subprocess.run([sys.executable, *words], env=environment, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


@contextmanager
def server(
    words: Sequence[str], environment: Mapping[str, str], port: int, handles: Sequence[int] = ()
) -> Iterator[int]:
    """``python <words>`` while it serves ``port``; gives its process id. It inherits the open ``handles``."""
    process = subprocess.Popen([sys.executable, *words], env=environment, cwd=ROOT, pass_fds=handles)
    try:
        wait_for(port, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(process_id: int, *, ended_children: bool = False) -> float:
    """Processor time a process has used, of all its threads: what a busy machine does not falsify.

    ``ended_children``: with what its children used that have ended.
    """
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if ended_children else 13])) / os.sysconf("SC_CLK_TCK")


def postgres_seconds(environment: Mapping[str, str]) -> float:
    """Processor time of the bench's PostgreSQL: its first process and all its children, ended or not; 0 on SQLite."""
    if POSTGRES_ID not in environment:
        return 0.0
    first = int(environment[POSTGRES_ID])
    found = 0.0
    for child in Path(f"/proc/{first}/task/{first}/children").read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended just now: its first process has its time
            found += cpu_seconds(int(child))
    return found + cpu_seconds(first, ended_children=True)


def wait_for(port: int, process: "subprocess.Popen[Any]") -> None:
    """Until the port answers."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not start")
