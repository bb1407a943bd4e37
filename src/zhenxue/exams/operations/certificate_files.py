"""The files of certificates: sealed in the store, opened only when they are what was issued."""

import base64
import datetime as dt
import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import IO

from zhenxue.exams.models import Certificate
from zhenxue.kernel import crypto, resealing, storage
from zhenxue.kernel.errors import Conflict

FOLDER = "exams/certificates"
CONTEXT = "exams_certificate.file"
#: Longer than anybody works at a batch.
ORPHANED_AFTER = dt.timedelta(days=1)


def store(content: bytes) -> str:
    """Seals a file into the store; its path."""
    sealed = crypto.seal(base64.b64encode(content).decode(), context=CONTEXT)
    return storage.store_stream(FOLDER, storage.new_name(".sealed"), [sealed.encode()]).path


def open_file(certificate: Certificate) -> bytes:
    """The PDF; raises ``Conflict`` when it is gone or not the one that was issued."""
    try:
        found = _unsealed(certificate.path) if certificate.path else b""
    except (FileNotFoundError, crypto.SealBroken):
        found = b""
    if hashlib.sha256(found).hexdigest() != certificate.file_sha256:
        raise Conflict("exams.certificate_file", "证书文件打不开，或与发证时不一致，请联系培训机构换发。")
    return found


def write_zip(target: IO[bytes], rows: Iterable[Certificate]) -> int:
    """All these certificates as one archive, named by number and name; how many there were."""
    count = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for row in rows:
            name = row.enrolment.person.name.replace("/", "_").replace("\\", "_")
            archive.writestr(f"{row.number}-{name}.pdf", open_file(row))
            count += 1
    return count


def reseal() -> int:
    """Seals again what lies under an older key; how many there were."""
    count = 0
    for row in _with_files():
        with storage.open_file(row.path) as stream:
            sealed = stream.read().decode()
        if crypto.needs_resealing(sealed):
            old, row.path = row.path, store(base64.b64decode(crypto.unseal(sealed, context=CONTEXT)))
            row.save(update_fields=["path"])
            storage.delete(old)
            count += 1
    return count


def heads() -> Iterator[str]:
    """How each file begins: what key it lies under."""
    for row in _with_files():
        yield _head(row.path)


def give_up(key_id: str) -> int:
    """Throws away files under a lost key; how many there were. The certificates stay; they can be issued anew."""
    count = 0
    for row in _with_files():
        if crypto.key_id_of(_head(row.path)) == key_id:
            old, row.path = row.path, ""
            row.save(update_fields=["path"])
            storage.delete(old)
            count += 1
    return count


def claims() -> Iterator[storage.Claim]:
    """Every file that is on record."""
    for row in _with_files():
        yield storage.Claim(row.path, f"certificate:{row.pk}")


def sweep(*, now: dt.datetime) -> int:
    """Deletes files that no certificate names and that are older than ``ORPHANED_AFTER``: what a server left that was
    killed between file and row. How many there were."""
    folder = storage.full_path(FOLDER)
    if not folder.is_dir():
        return 0
    old = (now - ORPHANED_AFTER).timestamp()
    names = [one.name for one in folder.iterdir() if one.stat().st_mtime < old]
    count = 0
    for some in batched(names, 500, strict=False):
        paths = {f"{FOLDER}/{name}" for name in some}
        for path in sorted(paths - set(Certificate.objects.filter(path__in=paths).values_list("path", flat=True))):
            storage.delete(path)
            count += 1
    return count


def _with_files() -> Iterator[Certificate]:
    return Certificate.objects.exclude(path="").order_by("pk").iterator()


def _head(path: str) -> str:
    with storage.open_file(path) as stream:
        return stream.read(resealing.HEAD).decode()


def _unsealed(path: str) -> bytes:
    with storage.open_file(path) as stream:
        return base64.b64decode(crypto.unseal(stream.read().decode(), context=CONTEXT))
