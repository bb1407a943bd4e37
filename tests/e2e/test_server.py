"""The real thing: one command starts web, workers and sequencer; what dies comes back; all stops cleanly."""

import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.support.site import Site

ENQUEUE = "from zhenxue.training.tasks import start_due_cohorts; start_due_cohorts.enqueue()"


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited too long: {what}"
        time.sleep(0.1)


def came_back(site: Site, part: str, before: int) -> bool:
    return site.part(part) not in {0, before}


def states(site: Site) -> list[str]:
    return [row[0] for row in site.rows("SELECT status FROM django_tasks_database_dbtaskresult")]


def answer(url: str, data: bytes | None = None) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=60) as reply:
            return reply.status, {name.lower(): value for name, value in reply.headers.items()}
    except urllib.error.HTTPError as refusal:
        return refusal.code, {name.lower(): value for name, value in refusal.headers.items()}


def test_one_command_serves_restarts_what_dies_and_stops_cleanly(make_site: Callable[..., Site]) -> None:
    site = make_site()

    assert site.threads() == 1, "what a thread holds would stay locked in every part made later"
    code, headers = answer(f"{site.url}/")
    assert code == 200
    assert "content-security-policy" in headers
    code, headers = answer(f"{site.url}/study/beats/1", data=b"{}")
    assert 400 <= code < 500, "a beat without a session is refused"
    assert "content-security-policy" not in headers, "beats do not pass through Django's middleware"

    site.python(ENQUEUE)
    wait_until(lambda: set(states(site)) == {"SUCCESSFUL"}, "the worker runs its tasks")

    for part in ("web", "sequencer"):
        before = site.part(part)
        assert before
        os.kill(before, signal.SIGKILL)
        wait_until(partial(came_back, site, part, before), f"{part} is started again")
    assert answer(f"{site.url}/")[0] == 200, "the socket stayed open while the web process was away"
    assert "web ended with code -9" in site.log()

    parts = [site.part(name) for name in ("web", "worker", "sequencer", "cosign")]
    assert site.stop() == 0
    assert site.log().rstrip().endswith("stopped")
    assert not any(Path(f"/proc/{pid}").exists() for pid in parts)
    assert "Traceback" not in site.log()
