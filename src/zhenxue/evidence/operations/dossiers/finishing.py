"""The second half of a dossier: proof, checkpoint with its cosignatures, keys and manifest, and the zip around them."""

import datetime as dt
import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zhenxue.evidence.data import DossierState, moment_text
from zhenxue.evidence.models import Dossier, Entry
from zhenxue.evidence.operations.dossiers.building import (
    ENTRIES,
    LEAVES,
    SUMMARY,
    DossierBroken,
    entry_line,
    give_up,
    opened_parts,
)
from zhenxue.evidence.queries.dossiers import fetch_tiles, published_keys, waits_for_witness
from zhenxue.evidence.queries.health import cosigned_head
from zhenxue.evidence.queries.log import find_head
from zhenxue.kernel import storage
from zhenxue.tlog import canonical
from zhenxue.tlog.errors import LogError
from zhenxue.tlog.hashing import leaf_hash
from zhenxue.tlog.multiproofs import OrderedNodes, check_multiproof, multiproof

MANIFEST, SEAL, PROOF, CHECKPOINT, KEYS = "manifest.json", "seal.json", "proof.bin", "checkpoint.txt", "keys.json"
ORDER = (MANIFEST, SUMMARY, ENTRIES, SEAL, PROOF, CHECKPOINT, KEYS)
FORMAT, VERSION = "zhenxue-dossier", 1
HASH = 32
LEVEL = 1  # salts and digests hardly pack; more effort costs time and gains a few per cent
RECORD = 8 + HASH  # number and digest of one entry in the work file of leaves


@dataclass(frozen=True, slots=True)
class Head:
    """The checkpoint that goes into a dossier."""

    size: int
    root: bytes
    note: str
    witnesses: tuple[str, ...]


def finish_dossier(*, dossier_id: int, now: dt.datetime, patient: bool) -> bool:
    """Completes a sealed dossier; False when it still waits for a witness's cosignature.

    While ``patient``, a head that no witness has cosigned is not taken if there is a witness at all. A dossier whose
    proof does not hold fails and is never handed out.
    """
    dossier = Dossier.objects.select_related("seal_entry").filter(pk=dossier_id, state=DossierState.SEALED).first()
    if dossier is None or dossier.seal_entry is None:
        return True
    try:
        head = _choose_head(dossier.seal_entry, now, patient)
        if head is None:
            Dossier.objects.filter(pk=dossier_id).update(moved_at=now)
            return False
        _pack(dossier, dossier.seal_entry, head, now)
    except (DossierBroken, LogError) as broken:
        words = (
            str(broken) if isinstance(broken, DossierBroken) else "按现有数据算不出签名检查点的树根，存证链被改动过。"
        )
        give_up(dossier, words, now)
    except Exception:
        give_up(dossier, "制作时出错，平台管理员会在日志里看到原因。请稍后重新制作。", now)
        raise
    return True


def _choose_head(seal: Entry, now: dt.datetime, patient: bool) -> Head | None:
    if seal.number is None:
        return None
    cosigned = cosigned_head(now)
    if cosigned is not None and cosigned.size >= seal.number:
        names = tuple(dict.fromkeys(mark.organisation for mark in cosigned.witnesses))
        return Head(cosigned.size, cosigned.root, cosigned.note, names)
    if patient and waits_for_witness():
        return None
    plain = find_head()
    if plain is None or plain.size < seal.number:
        return None
    return Head(plain.size, plain.root, plain.note, ())


def _pack(dossier: Dossier, seal: Entry, head: Head, now: dt.datetime) -> None:
    folder = storage.full_path(dossier.work_path)
    (folder / SEAL).write_bytes(entry_line(seal, opened_parts(seal, dossier)))
    count = _prove(folder, seal, head)
    (folder / CHECKPOINT).write_bytes(head.note.encode())
    (folder / KEYS).write_bytes(canonical.dumps(published_keys()))
    manifest = {
        "count": count,
        "files": {name: _listed(folder / name) for name in ORDER if name != MANIFEST},
        "format": FORMAT,
        "made": moment_text(now),
        "names": "open" if dossier.with_names else "masked",
        "ref": dossier.ref,
        "root": head.root.hex(),
        "size": head.size,
        "title": dossier.title,
        "v": VERSION,
    }
    (folder / MANIFEST).write_bytes(canonical.dumps(manifest))
    packed = folder / "dossier.zip"
    write_zip(folder, packed)
    path = storage.adopt(packed, "dossiers", storage.new_name(".zip"))
    full = storage.full_path(path)
    made = Dossier.objects.filter(pk=dossier.pk, state=DossierState.SEALED).update(
        state=DossierState.READY,
        path=path,
        size_bytes=full.stat().st_size,
        sha256=storage.digest_of(full),
        tree_size=head.size,
        witnesses="、".join(head.witnesses)[:400],
        moved_at=now,
    )
    if not made:
        storage.delete(path)
    storage.delete(dossier.work_path)


def _prove(folder: Path, seal: Entry, head: Head) -> int:
    """Writes the proof and checks it; the number of entries without the seal."""
    leaves = [(number - 1, leaf_hash(digest)) for number, digest in _leaves(folder)]
    wanted = [*leaves, (int(seal.number or 0) - 1, leaf_hash(bytes(seal.digest)))]
    indices = [index for index, _ in wanted]
    with (folder / PROOF).open("xb") as proof:
        proof.writelines(multiproof(indices, head.size, OrderedNodes(head.size, indices, fetch_tiles).read))
    with (folder / PROOF).open("rb") as proof:
        check_multiproof(leaves=wanted, size=head.size, proof=iter(lambda: proof.read(HASH), b""), root=head.root)
    return len(leaves)


def _leaves(folder: Path) -> Iterator[tuple[int, bytes]]:
    """Number and digest of each entry, as the first half noted them."""
    with (folder / LEAVES).open("rb") as stream:
        while one := stream.read(RECORD):
            yield int.from_bytes(one[:8], "big"), one[8:]


def _listed(path: Path) -> dict[str, object]:
    with path.open("rb") as stream:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def write_zip(folder: Path, target: Path) -> None:
    """The files of a dossier as the format says: in order, deflated, with no times, no extras, no comments."""
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name in ORDER:
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            info.compress_type, info.compress_level = zipfile.ZIP_DEFLATED, LEVEL
            with archive.open(info, "w") as part:
                for piece in storage.pieces(folder / name):
                    part.write(piece)
