"""The log as strangers read it: C2SP tlog-tiles, byte for byte, checked by an independent program."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories.evidence import NOW, make_entry, make_log
from tests.support.triggers import lifted
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Checkpoint, Entry
from zhenxue.tlog import checkpoints
from zhenxue.tlog.hashing import leaf_hash, root_of
from zhenxue.tlog.notes import Verifier
from zhenxue.tlog.tiles import TileNodes, read_bundle, tile_path, tile_width

AICS = Path(sys.executable).parent / "aics-tlog"


def digests(first: int, last: int) -> list[bytes]:
    rows = Entry.objects.filter(number__gte=first, number__lte=last).order_by("number")
    return [bytes(digest) for digest in rows.values_list("digest", flat=True)]


@pytest.mark.django_db
def test_the_checkpoint_is_public_signed_and_hardly_cached(client: Client) -> None:
    assert client.get("/log/checkpoint").status_code == 404
    make_log(3)
    answer = client.get("/log/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=2"
    key = client.get("/log/key").content.decode()
    verifier = Verifier.from_text(key)
    signed = checkpoints.open_signed(answer.content, origin=verifier.name, log=verifier)
    assert signed.size == 3
    assert client.post("/log/checkpoint").status_code == 405
    assert client.head("/log/checkpoint").status_code == 200


@pytest.mark.django_db
def test_tiles_and_bundles_are_served_as_the_specification_says(client: Client) -> None:
    make_log(300)
    every = digests(1, 300)
    leaves = [leaf_hash(digest) for digest in every]
    served = {
        "/log/tile/0/000": b"".join(leaves[:256]),
        "/log/tile/0/001.p/44": b"".join(leaves[256:]),
        "/log/tile/0/001.p/1": leaves[256],
        "/log/tile/1/000.p/1": root_of(leaves[:256]),
        "/log/tile/entries/000": b"".join(b"\x00\x20" + digest for digest in every[:256]),
        "/log/tile/entries/001.p/44": b"".join(b"\x00\x20" + digest for digest in every[256:]),
    }
    for path, content in served.items():
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (200, content), path
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert read_bundle(client.get("/log/tile/entries/000").content) == every[:256]


NOWHERE = (
    "0/001",  # not full yet
    "0/001.p/45",
    "0/002.p/1",
    "0/000.p/256",
    "0/000.p/0",
    "0/000.p/01",
    "0/0",
    "0/x000/000",
    "0/000/",
    "00/000",
    "64/000",
    "-1/000",
    "1/000",
    "2/000.p/1",
    "63/000.p/1",
    "entries/001",
    "entries/001.p/45",
    "entries/nothing",
    "entries/../0/000",
    "0/" + "x999/" * 9 + "999",
    "entries/" + "x999/" * 9 + "999.p/3",
    "entries/" + "x009/" * 5 + "999",
    "0/" + "x999/" * 2000 + "999",
    "0/٠٠١",
)


@pytest.mark.django_db
def test_what_is_not_in_the_log_is_not_found(client: Client) -> None:
    make_log(300)
    assert client.get("/log/tile/0/000").status_code == 200
    for path in NOWHERE:
        assert client.get(f"/log/tile/{path}").status_code == 404, path[:80]


@pytest.mark.django_db
def test_partial_tiles_of_older_checkpoints_stay_available(client: Client) -> None:
    make_log(300, step=70)
    for size in Checkpoint.objects.values_list("size", flat=True):

        def read(level: int, index: int, size: int = size) -> bytes:
            return client.get(f"/log/{tile_path(level, index, tile_width(level, index, size))}").content

        assert TileNodes(size, read).root() == bytes(Checkpoint.objects.get(size=size).root)


@pytest.mark.django_db(transaction=True)
def test_an_independent_verifier_accepts_head_entries_and_growth(live_server: Any, tmp_path: Path) -> None:
    make_log(300)
    key = evidence.describe_log().key
    old = tmp_path / "old"

    def aics(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [str(AICS), *words, "--tiles", f"{live_server.url}/log", "--log-key", key]
        return subprocess.run(command, capture_output=True, text=True, timeout=300)

    head = aics("verify-checkpoint", "--save-checkpoint", str(old))
    assert head.returncode == 0, head.stdout + head.stderr
    for number in (1, 256, 257, 300):
        out = tmp_path / str(number)
        proof = aics("verify-inclusion", "--index", str(number - 1), "--entry-out", str(out))
        assert proof.returncode == 0, proof.stdout + proof.stderr
        assert out.read_bytes() == digests(number, number)[0]
    bundle = tmp_path / "bundle"
    taken = aics("verify-inclusion", "--index", "41", "--bundle-out", str(bundle))
    assert taken.returncode == 0, taken.stdout + taken.stderr
    alone = [str(AICS), "verify-bundle", "--offline", "--bundle", str(bundle), "--log-key", key]
    offline = subprocess.run(alone, capture_output=True, text=True, timeout=300)
    assert offline.returncode == 0, offline.stdout + offline.stderr
    for number in range(250):
        make_entry(number)
    evidence.integrate(NOW)
    grown = aics("verify-consistency", "--old-checkpoint", str(old))
    assert grown.returncode == 0, grown.stdout + grown.stderr
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"\x00" * 32)
    assert aics("verify-inclusion", "--index", "4", "--leaf", str(wrong)).returncode != 0
    with lifted():
        Entry.objects.filter(number=5).update(digest=b"\x00" * 32)
    assert aics("verify-inclusion", "--index", "4", "--entry-out", str(wrong)).returncode != 0
