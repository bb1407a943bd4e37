"""What open study sessions cost in memory: one ingest process that 50,000 learners study through.

``python bench/sessions.py [--quick] [--sessions N] [--databases sqlite,postgres]``

Every session sends two beats, the second with the ticket of the first answer, so that whatever the process keeps for a
session is kept; then its resident memory is read (VmRSS, and VmHWM for the highest). The baseline of the same run is
the same process after one session.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.beats import load, prepare, server
from bench.support.ground import database, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5,000 sessions on SQLite")
    parser.add_argument("--sessions", type=int, default=50_000)
    parser.add_argument("--databases", default="sqlite,postgres")
    options = parser.parse_args()
    count = 5_000 if options.quick else options.sessions
    for name in ["sqlite"] if options.quick else options.databases.split(","):
        with database(name) as environment:
            sessions = prepare(environment, count + 1)
            with server("ours", environment) as (port, process_id):
                load(port, sessions[:1], connections=1, turns=2)
                report(f"sessions_one_{name}_rss", memory(process_id, "VmRSS"), "MB")
                load(port, sessions[1:], connections=250, turns=2 * count // 250)
                report(f"sessions_{count}_{name}_rss", memory(process_id, "VmRSS"), "MB")
                report(f"sessions_{count}_{name}_highest", memory(process_id, "VmHWM"), "MB")


def memory(process_id: int, line: str) -> float:
    """Megabytes of a process by one line of its status."""
    status = Path(f"/proc/{process_id}/status").read_text()
    kilobytes = next(int(row.split()[1]) for row in status.splitlines() if row.startswith(line))
    return round(kilobytes / 1024, 1)


if __name__ == "__main__":
    main()
