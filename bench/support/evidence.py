"""What ``bench/evidence.py`` measures, one part a process: ``python -m bench.support.evidence PART COUNT``.

Each part prints one JSON object of figures. Times are this process's processor time (``time.process_time``); a database
server's own time is in ``wall`` figures only.
"""

import hashlib
import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - models come after setup
from django.db import connection, models, transaction  # noqa: E402 - see above

from tests.factories.evidence import HAPPENED, NOW, Person  # noqa: E402 - see above
from zhenxue.evidence import api as evidence  # noqa: E402 - see above
from zhenxue.evidence.models import Entry, Tile  # noqa: E402 - see above
from zhenxue.evidence.queries.chain import Chain  # noqa: E402 - see above
from zhenxue.evidence.queries.inspection import inspect_entry, iterate_stored  # noqa: E402 - see above
from zhenxue.evidence.queries.keys import checked_ring  # noqa: E402 - see above
from zhenxue.evidence.queries.log import read_stored_tile  # noqa: E402 - see above
from zhenxue.evidence.queries.report import Report  # noqa: E402 - see above
from zhenxue.tlog.hashing import leaf_hash, leaf_hashes  # noqa: E402 - see above
from zhenxue.tlog.proofs import check_inclusion  # noqa: E402 - see above
from zhenxue.tlog.tiles import TILE_WIDTH, TileTree  # noqa: E402 - see above

ROUNDS = 5
PROOFS = 300
CHUNK = 25_600  # whole tiles
INSERT = (
    "INSERT INTO evidence_entry (kind, account_id, subject, at, envelope, private, salt, digest)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
REFS = ("cohort:1", "enrolment:5", "person:3")


class AuditRow(models.Model):
    """What others keep instead: one row by the ORM, nothing hashed."""

    kind = models.CharField(max_length=80)
    account_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=80)
    subject = models.CharField(max_length=80, db_index=True)
    at = models.DateTimeField()
    body = models.JSONField()

    class Meta:
        app_label = "evidence"


def body_of(number: int) -> dict[str, Any]:
    """As large as a credited span's."""
    return {"unit": number, "from": 1, "to": 60_000, "seconds": 60, "day": "2026-03-02", "lesson": "第三课 安全用电"}


def record_entry(number: int) -> None:
    """As the apps do it."""
    evidence.record(
        kind=HAPPENED.name,
        actor=Person(),
        subject="enrolment:5",
        about=("cohort:1", "person:3"),
        body=body_of(number) | {"note": "自述"},
        now=NOW,
    )


def insert_audit_row(number: int) -> None:
    """The baseline."""
    who = Person()
    AuditRow._default_manager.create(
        kind=HAPPENED.name,
        account_id=who.account_id,
        who=who.label,
        subject="enrolment:5",
        at=NOW,
        body=body_of(number) | {"note": "自述", "about": ["cohort:1", "person:3"]},
    )


def cpu_of(act: Callable[[], Any]) -> float:
    """Processor seconds of this process."""
    began = time.process_time()
    act()
    return time.process_time() - began


def measure_record(count: int) -> dict[str, float]:
    """Microseconds that one entry adds to the caller's transaction, and those of an audit row by the ORM."""
    with connection.schema_editor() as editor:
        editor.create_model(AuditRow)
    taken: dict[str, list[float]] = {"ours": [], "audit_row": []}
    each = count // ROUNDS
    for _ in range(ROUNDS + 1):
        for name, act in (("ours", record_entry), ("audit_row", insert_audit_row)):
            with transaction.atomic():
                began = time.process_time()
                for number in range(each):
                    act(number)
                taken[name].append((time.process_time() - began) / each * 1e6)
    return {name: statistics.median(rounds[1:]) for name, rounds in taken.items()}


def fill(count: int) -> None:
    """So many waiting entries in bulk, each with a salt and a digest of its own, and their refs."""
    with transaction.atomic():
        record_entry(1)
        sample = Entry.objects.get()
        transaction.set_rollback(True)
    text = sample.envelope.encode()
    at = connection.ops.adapt_datetimefield_value(NOW)
    for first in range(0, count, CHUNK):
        rows = []
        for number in range(first, min(first + CHUNK, count)):
            salt = number.to_bytes(32, "big")
            digest = hashlib.sha256(salt + text).digest()
            rows.append((HAPPENED.name, 7, "enrolment:5", at, sample.envelope, sample.private, salt, digest))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(INSERT, rows)
    with connection.cursor() as cursor:
        for ref in REFS:
            cursor.execute("INSERT INTO evidence_entryref (entry_id, ref) SELECT id, %s FROM evidence_entry", [ref])


def measure_chain(count: int) -> dict[str, float]:
    """Entries a second: folded and signed by the sequencer, then verified; and the same bytes only hashed."""
    fill(count)
    figures: dict[str, float] = {}
    wall = time.monotonic()
    cpu = cpu_of(lambda: evidence.integrate(NOW))
    figures["sequence"], figures["sequence.wall"] = count / cpu, count / (time.monotonic() - wall)
    pairs = [(bytes(salt), text) for salt, text in Entry.objects.order_by("number").values_list("salt", "envelope")]
    figures["hashing_alone"] = count / cpu_of(lambda: hash_alone(pairs))
    pairs.clear()
    ring, _ = checked_ring(None)
    chain = Chain(ring, (), Report())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall = time.monotonic()
    figures["verify"] = count / cpu_of(chain.check)
    figures["verify.wall"] = count / (time.monotonic() - wall)
    figures["verify.memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if not chain.report.is_clean or chain.report.entries != count or chain.report.size != count:
        raise SystemExit(f"the log does not verify: {chain.report}")
    figures["contents"] = count / cpu_of(check_contents)
    return figures


def hash_alone(pairs: list[tuple[bytes, str]]) -> None:
    """Entry, leaf and inner node of every pair from memory, and nothing else."""
    sha256 = hashlib.sha256
    nodes = [sha256(b"\x00" + sha256(salt + text.encode()).digest()).digest() for salt, text in pairs]
    while len(nodes) > 1:
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(nodes[::2], nodes[1::2], strict=False)]


def check_contents() -> None:
    """Columns, refs and private values of every entry."""
    for entry, refs in iterate_stored():
        if inspect_entry(entry, refs).findings:
            raise SystemExit(f"an entry contradicts itself: {entry}")


def measure_proof(count: int) -> dict[str, float]:
    """Milliseconds to make one inclusion proof from the stored tiles, and to read a single tile by the ORM."""
    tree = TileTree()
    for first in range(0, count, CHUNK):
        keep_tiles(tree, [entry_of(number) for number in range(first, min(first + CHUNK, count))])
    root = tree.root()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    numbers = random.Random(7).sample(range(1, count + 1), PROOFS)
    prove: list[float] = []
    one_tile: list[float] = []
    cpu = time.process_time()
    for number in numbers:
        began = time.perf_counter()
        path = evidence.inclusion(number, count)
        prove.append((time.perf_counter() - began) * 1e3)
        check_inclusion(leaf=leaf_hash(entry_of(number - 1)), index=number - 1, size=count, proof=path, root=root)
    cpu = (time.process_time() - cpu) / PROOFS * 1e3
    for number in numbers:
        began = time.perf_counter()
        read_stored_tile(0, number // TILE_WIDTH)
        one_tile.append((time.perf_counter() - began) * 1e3)
    return {
        "proof": statistics.median(prove),
        "proof.p95": sorted(prove)[int(PROOFS * 0.95)],
        "proof.cpu": cpu,
        "one_tile": statistics.median(one_tile),
    }


def entry_of(number: int) -> bytes:
    """A digest as good as any."""
    return hashlib.sha256(number.to_bytes(32, "big")).digest()


def keep_tiles(tree: TileTree, digests: list[bytes]) -> None:
    """Folds in the digests and stores the tiles that changed."""
    tree.extend(leaf_hashes(digests))
    tiles = [Tile(level=level, index=index, hashes=hashes) for (level, index), hashes in tree.take_changes().items()]
    Tile.objects.bulk_create(tiles, update_conflicts=True, unique_fields=["level", "index"], update_fields=["hashes"])


#: The dossier's figures join here and in ``bench/evidence.py``.
PARTS: dict[str, Callable[[int], dict[str, float]]] = {
    "record": measure_record,
    "chain": measure_chain,
    "proof": measure_proof,
}


def main() -> None:
    part, count = sys.argv[1], int(sys.argv[2])
    call_command("migrate", "evidence", verbosity=0)
    print(json.dumps(PARTS[part](count)))


if __name__ == "__main__":
    main()
