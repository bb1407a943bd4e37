"""How many durable beats a second: our ingest against a plain Django view and against a bare endpoint, in the same run.

``python bench/beats.py [--quick] [--connections N] [--databases sqlite,postgres] [--systems bare,ours]``

Each system is a server process of its own on a free loopback port over one fresh, migrated database (SQLite in WAL with
synchronous=FULL; a private PostgreSQL with fsync and synchronous_commit on). The load comes from this process:
keep-alive connections, several study sessions each, every beat with the ticket of the answer before it and the proof
of its bytes, so that every beat passes the whole judgement. The peers: *plain* is what one would write first, a Django
WSGI view that decodes the JSON, reads the session with ``select_for_update`` and inserts the beat by the ORM, each in
its own transaction; *bare* is an ASGI endpoint that writes each body unread into one table, in grouped commits. All are
checked afterwards: the table must hold every beat that was answered.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.beats import COUNTS, Result, Session, ask, load, prepare, server
from bench.support.ground import cpu_seconds, database, postgres_seconds, report

SYSTEMS = ("plain", "bare", "ours")
SESSIONS = 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 s a system instead of 8")
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    options = parser.parse_args()
    for name in options.databases.split(","):
        with database(name) as environment:
            systems = options.systems.split(",")
            sessions = prepare(environment, SESSIONS * len(systems))
            rates = {}
            for place, system in enumerate(systems):
                own = sessions[place * SESSIONS : (place + 1) * SESSIONS]
                result = measure(system, name, environment, own, options)
                rates[system] = result.rate
        for peer in rates.keys() - {"ours"} if "ours" in rates else ():
            report(f"beats_ours_to_{peer}_{name}", round(rates["ours"] / rates[peer], 2), "x")


def measure(
    system: str, name: str, environment: dict[str, str], sessions: list[Session], options: argparse.Namespace
) -> Result:
    """Runs one system on one database and prints its figures."""
    before = 0 if system == "bare" else ask(environment, COUNTS[system])
    with server(system, environment) as (port, process_id):
        began = cpu_seconds(process_id), postgres_seconds(environment), cpu_seconds(os.getpid())
        result = load(port, sessions, connections=options.connections, seconds=2.0 if options.quick else 8.0)
        ended = cpu_seconds(process_id), postgres_seconds(environment), cpu_seconds(os.getpid())
    kept = ask(environment, COUNTS[system]) - before
    if kept != result.answered:
        raise SystemExit(f"{system} on {name}: answered {result.answered} beats, stored {kept}")
    report(f"beats_{system}_{name}", round(result.rate), "beats/s")
    report(f"beats_{system}_{name}_p50", round(result.percentile(50), 1), "ms")
    report(f"beats_{system}_{name}_p99", round(result.percentile(99), 1), "ms")
    for part, first, last in zip(("server", "postgres", "load"), began, ended, strict=True):
        if part != "postgres" or name == "postgres":
            used = (last - first) * 1e6 / max(result.answered, 1)
            report(f"beats_{system}_{name}_cpu_{part}", round(used, 1), "us_per_beat")
    if system == "ours":
        report(f"beats_ours_{name}_credited", result.credited * 100 // max(result.answered, 1), "percent_of_beats")
    return result


if __name__ == "__main__":
    main()
