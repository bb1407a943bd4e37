"""How quickly the ten most used pages answer with 5,000 learners in the database.

``python bench/pages.py [--quick] [--database sqlite|postgres] [--layout embedded|scaled] [--seconds N]
[--connections N] [--only NAME,…]``

A world of 100 cohorts with 50 learners each (``bench/support/world.py``) is loaded into a fresh database: SQLite in WAL
with synchronous=FULL, or a private PostgreSQL with fsync on. ``zhenxue web`` serves it as ``make run`` does, pages and
beats in one process; ``--layout scaled`` starts two processes for pages alone on one socket, without nginx before them
or the process for beats beside them. People sign in through the sign-in page; keep-alive connections of this process
then ask for one page after another as fast as they are answered. The baseline in the same run is a bare Django view
that renders 50 rows of one query, served in the same way without any middleware. ``--quick`` takes a small world and
short turns.

Besides requests/s and waits, the processor time of the server per request is told: on a busy machine it is the figure
to compare, and its reciprocal is what one free core would answer.
"""

import argparse
import json
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support import ground
from bench.support.ground import cpu_seconds, database, free_port, report, run
from bench.support.load import Result, Target, Visitor, cold_visit, press

WORLD = "bench/support/world.py"
QUERIES = "bench/support/queries.py"
MOST_QUERIES = 12
PAGE_PROCESSES = 2
WARM_SECONDS = 2.0
START_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Page:
    """One of the pages, as several people ask for it."""

    name: str
    targets: Sequence[Target]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small world and one second a page")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--layout", choices=("embedded", "scaled"), default="embedded")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each page is pressed")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--only", default="", help="names of pages, with commas")
    options = parser.parse_args()
    seconds = 1.0 if options.quick else options.seconds
    cohorts, learners = (56, 3) if options.quick else (100, 50)
    with database(options.database) as environment:
        printed = run(["-W", "ignore", WORLD, str(cohorts), str(learners), "50"], environment)
        world = json.loads(printed.splitlines()[-1])
        for name, unit in (("learners", "people"), ("entries", "entries")):
            report(f"world_{options.database}_{name}", world[name], unit)
        with baseline(environment) as (port, process_id):
            measure("baseline", options.database, port, [process_id], [Target("/")], options.connections, seconds)
        with platform(environment, options.layout) as (port, processes):
            pages, cold = pages_of(world, port)
            wanted = [page for page in pages if not options.only or page.name in options.only.split(",")]
            counts = count_queries(environment, wanted)
            for page in wanted:
                measure(page.name, options.database, port, processes, page.targets, options.connections, seconds)
                first, then = counts[page.name]
                report(f"pages_{page.name}_{options.database}_queries", then, "queries")
                report(f"pages_{page.name}_{options.database}_queries_first", first, "queries")
            wire, requests = cold_visit(*cold)
        report(f"pages_cold_learner_page_{options.database}_wire", round(wire / 1000, 1), "kB")
        report(f"pages_cold_learner_page_{options.database}_requests", requests, "requests")
    many = {name: then for name, (_, then) in counts.items() if then > MOST_QUERIES}
    if many:
        raise SystemExit(f"more than {MOST_QUERIES} queries: {many}")


def measure(
    name: str,
    database_name: str,
    port: int,
    processes: Sequence[int],
    targets: Sequence[Target],
    connections: int,
    seconds: float,
) -> Result:
    """Warms a page up, presses it, tells its figures."""
    press(port, targets, connections=connections, seconds=WARM_SECONDS)
    began = sum(map(cpu_seconds, processes))
    result = press(port, targets, connections=connections, seconds=seconds)
    used = sum(map(cpu_seconds, processes)) - began
    label = f"pages_{name}_{database_name}"
    report(label, round(result.rate, 1), "requests/s")
    report(f"{label}_p95", round(result.percentile(95), 1), "ms")
    report(f"{label}_cpu", round(used * 1000 / len(result.waits), 2), "ms_per_request")
    report(f"{label}_size", round(result.bytes / len(result.waits) / 1000, 1), "kB")
    return result


def pages_of(world: dict[str, Any], port: int) -> tuple[list[Page], tuple[Visitor, str]]:
    """Signs everybody in; the pages with who asks for them, and whose page is visited cold."""
    halfway = [(signed_in(port, name, world), enrolment) for name, enrolment in world["halfway"]]
    done = [(signed_in(port, name, world), enrolment) for name, enrolment in world["done"]]
    attempts = [(visitor, started(visitor, world["exam"])) for visitor, _ in done]
    manager, city, county = (signed_in(port, name, world) for name in ("provider", "city", "county371502"))
    cohort = world["cohort"]

    def own(pattern: str) -> list[Target]:
        return [visitor.target(pattern.format(enrolment=one, **world)) for visitor, one in halfway]

    pages = [
        Page("learner_home", own("/home/")),
        Page("course", own("/study/{enrolment}/")),
        Page("player", own("/study/{enrolment}/units/{unit}/")),
        Page("progress", own("/progress/{enrolment}/")),
        Page("exam", [visitor.target(path) for visitor, path in attempts]),
        Page("schedule", own("/schedule/")),
        Page("cohorts", [manager.target("/cohorts/")]),
        Page("roster", [manager.target(f"/cohorts/{cohort}/roster/")]),
        Page("bureau_home", [city.target("/home/"), county.target("/home/")]),
        Page("bureau_figures", [city.target("/supervision/home/"), county.target("/supervision/home/")]),
        Page("supervision_learners", [county.target(f"/supervision/cohorts/{cohort}/learners/")]),
        Page("claims", [city.target("/claims/")]),
    ]
    return pages, (halfway[0][0], f"/study/{halfway[0][1]}/")


def signed_in(port: int, username: str, world: dict[str, Any]) -> Visitor:
    return Visitor(port).sign_in(username, world["password"])


def started(visitor: Visitor, exam: int) -> str:
    """Starts the exam as the person would; the address of the attempt."""
    visitor.ask(f"/exams/{exam}/entry/")
    answer = visitor.ask(f"/exams/{exam}/start/", form={})
    if answer.status != 302:
        raise SystemExit(f"the exam did not start: {answer.status} {answer.body.decode()[:2000]}")
    return answer.location


def count_queries(environment: dict[str, str], pages: Sequence[Page]) -> dict[str, list[int]]:
    """The queries of a first request of each page in a process of its own, and of the next one."""
    asked = json.dumps({page.name: [page.targets[0].path, page.targets[0].cookies] for page in pages})
    counts: dict[str, list[int]] = json.loads(run(["-W", "ignore", QUERIES, asked], environment).splitlines()[-1])
    return counts


@contextmanager
def platform(environment: dict[str, str], layout: str) -> Iterator[tuple[int, list[int]]]:
    """``zhenxue web`` on a free port; port and process ids."""
    web = ["-m", "zhenxue.config.cli", "web"]
    with ExitStack() as stack:
        if layout == "embedded":
            port = free_port()
            words = [*web, "--host", "127.0.0.1", "--port", str(port)]
            yield port, [stack.enter_context(ground.server(words, environment, port))]
            return
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=256))
        port, handle = int(listener.getsockname()[1]), listener.fileno()
        words = [*web, "--only", "pages", "--fd", str(handle)]
        servers = [ground.server(words, environment, port, handles=(handle,)) for _ in range(PAGE_PROCESSES)]
        processes = [stack.enter_context(one) for one in servers]
        time.sleep(START_SECONDS)  # the socket listens before they do
        yield port, processes


@contextmanager
def baseline(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The bare view, under the same server with as many threads."""
    port = free_port()
    words = ["-m", "uvicorn", "bench.support.baseline:application", "--host", "127.0.0.1", "--port", str(port)]
    with ground.server([*words, "--no-access-log", "--log-level", "warning"], environment, port) as process_id:
        yield port, process_id


if __name__ == "__main__":
    main()
