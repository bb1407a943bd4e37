"""Numbers without gaps, tiles and signed heads; safe against crashes, double runs and a broken store."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from tests.factories.evidence import NOW, make_entry, make_log
from zhenxue.evidence import api as evidence
from zhenxue.evidence.errors import AlreadyRunning, LogBroken
from zhenxue.evidence.models import Checkpoint, Entry, Tile
from zhenxue.evidence.operations import integrate_batch, sequencer_lock, sequencing
from zhenxue.evidence.queries import log_verifier
from zhenxue.tlog import checkpoints
from zhenxue.tlog.hashing import leaf_hash, root_of


def leaves() -> list[bytes]:
    rows = Entry.objects.filter(number__isnull=False).order_by("number")
    return [leaf_hash(bytes(digest)) for digest in rows.values_list("digest", flat=True)]


@pytest.mark.django_db
def test_an_empty_log_signs_the_empty_tree_once() -> None:
    assert evidence.integrate(NOW) == 0
    assert evidence.integrate(NOW) == 0
    checkpoint = Checkpoint.objects.get()
    assert (checkpoint.size, bytes(checkpoint.root)) == (0, root_of([]))


@pytest.mark.django_db
def test_entries_get_gapless_numbers_in_order_and_every_head_is_signed() -> None:
    made = [make_entry(number).id for number in range(3)]
    assert evidence.integrate(NOW) == 3
    made += [make_entry(number).id for number in range(2)]
    assert evidence.integrate(NOW) == 2
    assert list(Entry.objects.order_by("number").values_list("id", "number")) == list(
        zip(made, range(1, 6), strict=True)
    )
    assert list(Checkpoint.objects.order_by("size").values_list("size", flat=True)) == [3, 5]
    verifier = log_verifier()
    for row in Checkpoint.objects.all():
        signed = checkpoints.open_signed(row.note, origin=verifier.name, log=verifier)
        assert (signed.size, signed.root) == (row.size, root_of(leaves()[: row.size]))


@pytest.mark.django_db
def test_batches_give_the_same_tree_as_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencing, "BATCH", 7)
    for number in range(20):
        make_entry(number)
    assert evidence.integrate(NOW) == 20
    assert Checkpoint.objects.count() == 3
    assert bytes(Checkpoint.objects.get(size=20).root) == root_of(leaves())


@pytest.mark.django_db
def test_tiles_grow_at_the_right_edge_only() -> None:
    make_log(300, step=130)
    tiles = {(tile.level, tile.index): bytes(tile.hashes) for tile in Tile.objects.all()}
    all_leaves = leaves()
    assert tiles == {
        (0, 0): b"".join(all_leaves[:256]),
        (0, 1): b"".join(all_leaves[256:]),
        (1, 0): root_of(all_leaves[:256]),
    }


@pytest.mark.django_db
def test_a_step_that_fails_after_numbering_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    make_log(3)
    make_entry(4)

    def fail(*args: object) -> str:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "sign", fail)
        with pytest.raises(OSError, match="power cut"):
            evidence.integrate(NOW)
    assert Entry.objects.filter(number__isnull=True).count() == 1
    assert Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() == 3
    assert evidence.integrate(NOW) == 1
    assert evidence.verify_log().is_clean


@pytest.mark.django_db
def test_nothing_is_signed_on_a_tree_that_contradicts_its_last_head() -> None:
    make_log(3)
    make_entry(4)
    tile = Tile.objects.get()
    Tile.objects.update(hashes=bytes(tile.hashes)[:64] + b"\x00" * 32)
    with pytest.raises(LogBroken, match="another root"):
        evidence.integrate(NOW)
    Tile.objects.update(hashes=bytes(tile.hashes)[:64])
    with pytest.raises(LogBroken, match="do not hold"):
        evidence.integrate(NOW)
    assert Checkpoint.objects.count() == 1
    Tile.objects.update(hashes=tile.hashes)
    assert evidence.integrate(NOW) == 1


@pytest.mark.django_db(transaction=True)
def test_steps_at_the_same_time_take_turns() -> None:
    for number in range(40):
        make_entry(number)
    done: list[int] = []

    def step() -> None:
        try:
            done.append(evidence.integrate(NOW))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=step) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 40
    assert evidence.verify_log().is_clean


@pytest.mark.django_db(transaction=True)
def test_an_open_transaction_is_not_numbered_before_it_commits() -> None:
    if connection.vendor != "postgresql":
        with transaction.atomic():
            make_entry(1)
        assert evidence.integrate(NOW) == 1
        return
    opened, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                make_entry(1)
                opened.set()
                go_on.wait(60)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    opened.wait(60)
    make_entry(2)
    assert evidence.integrate(NOW) == 1  # the later one, already committed
    go_on.set()
    thread.join()
    assert evidence.integrate(NOW) == 1
    assert evidence.verify_log().is_clean


@pytest.mark.django_db(transaction=True)
def test_only_one_sequencer_holds_the_lock() -> None:
    refused: list[bool] = []

    def second() -> None:
        try:
            with sequencer_lock():
                refused.append(False)
        except AlreadyRunning:
            refused.append(True)
        finally:
            connections.close_all()

    def beside() -> None:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()

    with sequencer_lock():
        beside()
    beside()
    assert refused == [True, False]


@pytest.mark.django_db(transaction=True)
def test_the_command_folds_in_once_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    make_entry(1)
    call_command("sequencer", once=True)
    assert "已入链 1 条" in capsys.readouterr().out
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with sequencer_lock():
                held.set()
                go_on.wait(60)
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    with pytest.raises(CommandError, match="只能有一个"):
        call_command("sequencer", once=True, wait=0.3)
    go_on.set()
    thread.join()
    call_command("sequencer", once=True, wait=5)


def environment() -> dict[str, str]:
    """For a process of its own on the test's database."""
    database = connection.settings_dict
    if connection.vendor == "postgresql":
        url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    else:
        url = f"sqlite:///{database['NAME']}"
    return {"DJANGO_SETTINGS_MODULE": "zhenxue.config.settings", **os.environ, "ZHENXUE_DATABASE_URL": url}


def start_sequencer() -> subprocess.Popen[str]:
    """A real sequencer."""
    return subprocess.Popen(
        [sys.executable, "-m", "zhenxue.config.cli", "sequencer"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def sequencers() -> Iterator[list[subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def wait_until_all_are_in(seconds: float) -> float:
    began = time.monotonic()
    while Entry.objects.filter(number__isnull=True).exists():
        assert time.monotonic() - began < seconds, "the sequencer does not work"
        time.sleep(0.02)
    return time.monotonic() - began


KILL = """
import os, signal, sys
import django
django.setup()
from zhenxue.evidence.operations import integrate, sequencing
from zhenxue.kernel import clock
for line in sys.stdin:
    *place, moment, when = line.replace(".", " ").split()
    child = os.fork()
    if child:
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    owner = sequencing
    for name in place:
        owner = getattr(owner, name)
    real = getattr(owner, moment)
    def last(*args, **kwargs):
        if when == "after":
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, moment, last)
    integrate(clock.now())
    os._exit(0)  # the point was never reached
"""


@pytest.mark.django_db(transaction=True)
def test_a_step_killed_at_any_point_is_there_as_a_whole_or_not_at_all(
    sequencers: list[subprocess.Popen[str]],
) -> None:
    make_log(3)
    doomed = subprocess.Popen(
        [sys.executable, "-c", KILL], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    sequencers.append(doomed)
    assert doomed.stdin
    assert doomed.stdout
    for point in (
        "Entry.objects.filter before",
        "TileTree.extend after",
        "connection.cursor before",
        "Tile.objects.bulk_create before",
        "Tile.objects.bulk_create after",
        "checkpoints.sign after",
        "Checkpoint.objects.create after",
    ):
        make_entry()
        print(point, file=doomed.stdin, flush=True)
        assert int(doomed.stdout.readline()) == -signal.SIGKILL, point
        assert Entry.objects.filter(number__isnull=False).count() == 3
        report = evidence.verify_log()
        assert (report.findings, report.size) == ([], 3)
    doomed.stdin.close()
    assert doomed.wait(60) == 0
    assert evidence.integrate(NOW) == 7
    report = evidence.verify_log()
    assert (report.findings, report.size, report.entries, report.waiting) == ([], 10, 10, 0)


@pytest.mark.django_db(transaction=True)
def test_a_killed_sequencer_loses_and_repeats_nothing_and_a_stopped_one_ends_cleanly(
    sequencers: list[subprocess.Popen[str]],
) -> None:
    sequencers.append(start_sequencer())
    for number in range(100):
        make_entry(number)
        if number == 60:
            sequencers[-1].kill()
            sequencers.append(start_sequencer())
    wait_until_all_are_in(60)
    make_entry(999)
    wait_until_all_are_in(60)  # about 0.2 s on an idle machine
    sequencers[-1].send_signal(signal.SIGTERM)
    assert sequencers[-1].wait(60) == 0
    report = evidence.verify_log()
    assert (report.findings, report.entries, report.waiting) == ([], 101, 0)
    assert integrate_batch(now=NOW) == 0
