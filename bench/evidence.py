"""What the evidence log costs: recording, sequencing, verifying, proving; each against a baseline of the same run.

``python bench/evidence.py [--quick] [--entries N] [--databases sqlite,postgres]``

* **record**: processor time that one entry adds to the caller's transaction, against one audit row by the ORM.
* **chain**: 500 thousand waiting entries (100 thousand with ``--quick``) are numbered, folded into tiles and signed by
  the sequencer; then the whole log is verified (salt and envelope, leaf, tree, tiles, checkpoints), against hashing the
  same bytes in memory and nothing else. ``contents`` is the second part of ``zhenxue verify``: columns, refs and
  private values of every entry; the projections belong to the living tables and are not in it.
* **proof**: an inclusion proof out of the database in a log of 10 million entries (200 thousand with ``--quick``),
  against reading one tile. The tiles of that log are written in bulk; the proof reads nothing else.
* **dossier**: a cohort of 60 learners × 40 hours (``--quick``: 4 hours) among as many entries of others is made into
  a dossier, and checked by ``verifier/zhenxue_verify.py`` in a process of its own.

Processor time is this process's own and is not falsified by a busy machine as much as time by the wall clock is.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.ground import database, report, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer entries, SQLite only")
    parser.add_argument("--entries", type=int, default=10_000_000, help="size of the log in which is proved")
    parser.add_argument("--databases", default="sqlite,postgres")
    options = parser.parse_args()
    rows, chain, proof = (2_000, 100_000, 200_000) if options.quick else (10_000, 500_000, options.entries)
    for name in ["sqlite"] if options.quick else options.databases.split(","):
        recording(name, rows)
        sequencing_and_verifying(name, chain)
        proving(name, proof)
        building_dossiers(name, 60, 4 if options.quick else 40)


def measure(name: str, part: str, count: int) -> dict[str, float]:
    """The figures of a part, in a process and a database of its own."""
    with database(name) as environment:
        told = run(["-W", "ignore", "-m", "bench.support.evidence", part, str(count)], environment)
    figures: dict[str, float] = json.loads(told.splitlines()[-1])
    return figures


def recording(name: str, count: int) -> None:
    found = measure(name, "record", count)
    report(f"evidence.{name}.record", round(found["ours"]), "cpu-us per entry, with three refs")
    report(f"evidence.{name}.audit_row", round(found["audit_row"]), "cpu-us per ORM row without any proof")


def sequencing_and_verifying(name: str, count: int) -> None:
    found = measure(name, "chain", count)
    report(f"evidence.{name}.chain", count, "entries")
    for part in ("sequence", "verify", "contents", "hashing_alone"):
        report(f"evidence.{name}.{part}", round(found[part]), "entries per cpu-s")
    for part in ("sequence", "verify"):
        report(f"evidence.{name}.{part}.wall", round(found[f"{part}.wall"]), "entries per second")
    report(f"evidence.{name}.verify.memory", round(found["verify.memory"], 1), "MiB more at its peak")


def proving(name: str, count: int) -> None:
    found = measure(name, "proof", count)
    report(f"evidence.{name}.proof.log", count, "entries")
    report(f"evidence.{name}.proof", round(found["proof"], 2), "ms, median")
    report(f"evidence.{name}.proof.p95", round(found["proof.p95"], 2), "ms")
    report(f"evidence.{name}.proof.cpu", round(found["proof.cpu"], 2), "cpu-ms to make and check")
    report(f"evidence.{name}.proof.one_tile", round(found["one_tile"], 2), "ms to read one tile")


def building_dossiers(name: str, learners: int, hours: int) -> None:
    with database(name) as environment:
        told = run(["-W", "ignore", "-m", "bench.support.dossiers", str(learners), str(hours)], environment)
    found = json.loads(told.splitlines()[-1])
    report(f"evidence.{name}.dossier.entries", found["entries"], f"entries of {learners} learners in {found['log']}")
    report(f"evidence.{name}.dossier.size", round(found["size"], 1), "MB")
    report(f"evidence.{name}.dossier.build.server.cpu", round(found["build.server.cpu"], 2), "cpu-s at the database")
    for part in ("build", "check"):
        report(f"evidence.{name}.dossier.{part}", round(found[part], 2), "s")
        report(f"evidence.{name}.dossier.{part}.cpu", round(found[f"{part}.cpu"], 2), "cpu-s")
        report(f"evidence.{name}.dossier.{part}.memory", round(found[f"{part}.memory"]), "MiB at its peak")


if __name__ == "__main__":
    main()
