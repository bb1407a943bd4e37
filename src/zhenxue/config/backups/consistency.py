"""Whether database, tiles and files of this installation belong together; reads only, quick after any restore."""

from collections.abc import Iterator

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from zhenxue.config.backups import databases
from zhenxue.config.backups.errors import BackupError
from zhenxue.evidence import api as evidence
from zhenxue.kernel import resealing, storage


def consistency_faults(*, digests: bool = False) -> Iterator[str]:
    """A sentence for everything that does not fit; with ``digests`` every byte of every file is read.

    ``zhenxue verify`` recomputes the whole log; this asks only whether head, tiles, entries, keys, tables and files are
    of one installation.
    """
    try:
        facts = databases.facts_now()
    except BackupError as error:
        yield str(error)
        return
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield f"{len(waiting)} migrations are not applied; run zhenxue prepare"
        return
    yield from (f"log: {fault}" for fault in facts.faults)
    yield from (f"log: {fault}" for fault in evidence.signing_problems())
    yield from (f"keys: {fault}" for fault in resealing.needed_but_missing())
    yield from (f"files: {fault}" for fault in storage.check_claims(digests=digests))
