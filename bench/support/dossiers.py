"""What a dossier costs: ``python -m bench.support.dossiers LEARNERS HOURS`` prints one JSON object of figures.

A cohort is laid into the log as study lays it there: a ``ledger.credited`` a learner and minute (``study.operations.
settling`` settles every 60 seconds), a session opened an hour; as many entries of others between.
"""

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import Any
from unittest.mock import patch

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - models come after setup
from django.db import connection, transaction  # noqa: E402 - see above

from bench.support.ground import cpu_seconds  # noqa: E402 - see above
from tests.factories.dossiers import READER, known_kind  # noqa: E402 - see above
from tests.factories.evidence import NOW, Person  # noqa: E402 - see above
from zhenxue.evidence import api as evidence  # noqa: E402 - see above
from zhenxue.evidence.models import Dossier, Entry  # noqa: E402 - see above
from zhenxue.evidence.operations import dossiers, recording  # noqa: E402 - see above
from zhenxue.kernel import storage  # noqa: E402 - see above

MINUTES_PER_HOUR = 45
AT_ONCE = 2_000
VERIFIER = Path(__file__).resolve().parents[2] / "verifier" / "zhenxue_verify.py"


def acts(learners: int, hours: int) -> Iterator[dict[str, Any]]:
    """What is recorded, minute by minute, all learners and as many strangers beside each other."""
    system, learner = Person(None, "系统"), Person(7, "王小明（学员）")
    began = int(NOW.timestamp()) * 1000
    for minute in range(hours * MINUTES_PER_HOUR):
        first, last = minute * 60_000, minute * 60_000 + 60_000
        for one in range(learners):
            for cohort, enrolment in ((1, one), (2, one + 100_000)):
                refs = {"subject": f"enrolment:{enrolment}", "about": (f"cohort:{cohort}", f"person:{enrolment}")}
                body = {
                    "enrolment": enrolment,
                    "unit": minute // 30,
                    "title": "第三课 安全用电与触电急救",
                    "day": "2026-03-02",
                    "seconds": 60,
                    "from_ms": first,
                    "to_ms": last,
                    "began_at": "2026-03-02T09:00:00+08:00",
                    "ended_at": "2026-03-02T09:01:00+08:00",
                    "source": f"study:{minute}",
                    "spans": [["credited", "", first, last, 60, 60, began + first, began + last]],
                }
                yield {"kind": "ledger.credited", "actor": system, "body": body, **refs}
                if minute % MINUTES_PER_HOUR == 0:
                    yield {"kind": "study.opened", "actor": learner, "body": body | {"device": "手机"}, **refs}


def lay(learners: int, hours: int) -> None:
    """Records and numbers all of it; the rows go into the tables some thousands at a time."""
    for some in batched(acts(learners, hours), AT_ONCE):
        rows: list[tuple[Entry, list[str]]] = []
        with patch.object(recording, "_insert", lambda *row: rows.append(row)), transaction.atomic():  # noqa: B023 - used in this turn
            for act in some:
                evidence.record(**act, now=NOW)
            Entry.objects.bulk_create([entry for entry, _ in rows])
            keep_refs([(entry.pk, ref) for entry, refs in rows for ref in refs])
        evidence.integrate(NOW)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def keep_refs(pairs: list[tuple[int, str]]) -> None:
    """As ``record`` does, but many at once."""
    insert = "INSERT INTO evidence_entryref (entry_id, ref) "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            columns = [list(column) for column in zip(*pairs, strict=True)]
            cursor.execute(f"{insert} SELECT * FROM unnest(%s::bigint[], %s::text[])", columns)
        else:
            cursor.executemany(f"{insert} VALUES (%s, %s)", pairs)


def server_cpu() -> float:
    """Processor seconds of our connection's process at the database server; 0 for SQLite, which is ourselves."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cpu_seconds(cursor.fetchone()[0])


def build() -> tuple[Dossier, dict[str, float]]:
    """Asks for the cohort's dossier and makes it, as the worker does."""
    before = peak_mb()
    began, cpu, server = time.monotonic(), time.process_time(), server_cpu()
    with known_kind():
        with transaction.atomic():
            dossier, _ = evidence.request_dossier(actor=READER, ref="cohort:1", with_names=True, reason="", now=NOW)
        dossiers.build_dossier(dossier_id=dossier.pk, clock=lambda: NOW)
        dossiers.finish_dossier(dossier_id=dossier.pk, now=NOW, patient=False)
    wall, used = time.monotonic() - began, time.process_time() - cpu
    server = server_cpu() - server
    dossier.refresh_from_db()
    if dossier.state != "ready":
        raise RuntimeError(dossier.failure)
    memory = {"build.memory": peak_mb(), "build.memory.before": before}
    return dossier, {"build": wall, "build.cpu": used, "build.server.cpu": server, **memory}


def check(path: Path) -> dict[str, float]:
    """The independent tool in a process of its own, as its user runs it."""
    key = evidence.log_keys()[0].vkey
    words = [sys.executable, str(VERIFIER), str(path), "--log-key", key]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"check": wall, "check.cpu": cpu, "check.memory": after.ru_maxrss / 1024}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(learners: int, hours: int) -> None:
    call_command("migrate", verbosity=0, stdout=io.StringIO())
    began = time.monotonic()
    lay(learners, hours)
    laid = time.monotonic() - began
    dossier, figures = build()
    path = storage.full_path(dossier.path)
    figures |= {"lay": laid, "entries": dossier.total, "log": dossier.tree_size or 0, "size": path.stat().st_size / 1e6}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "dossier.zip"
        copy.write_bytes(path.read_bytes())
        figures |= check(copy)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
