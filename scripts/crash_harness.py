"""Kills the platform a thousand times on each database and looks what is left: ``python -m scripts.crash_harness``.

Prints how the lives ended; ends with 1 when anything was lost, doubled or unverifiable. What one run gave stands in
docs/reference/evidence.md.
"""

import argparse
import subprocess
import sys

from bench.support.ground import ROOT, database


def main() -> int:
    """The worst exit code of all databases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--databases", default="sqlite,postgres")
    options = parser.parse_args()
    worst = 0
    for name in options.databases.split(","):
        print(f"{name}: {options.kills} kills, seed {options.seed}", flush=True)
        with database(name) as environment:
            words = [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "tests.support.crashes",
                str(options.kills),
                str(options.seed),
            ]
            worst = max(worst, subprocess.run(words, env=environment, cwd=ROOT).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
