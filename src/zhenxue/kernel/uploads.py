"""Chunked, resumable uploads: create, append at an offset, ask for the state, take once.

The offset in the database is the only truth; bytes beyond it on the disk are overwritten. A chunk that was counted
already is refused with the true offset, so a double send or a lost answer does no harm. What arrived of a broken chunk
counts. Bytes go from the socket to the disk in small pieces.
"""

import datetime as dt
import fcntl
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from zhenxue.kernel import storage
from zhenxue.kernel.data import UPLOAD_TRANSITIONS, UploadState, states_before
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, TooMany
from zhenxue.kernel.models import Upload

FOLDER = "uploads"
PIECE_BYTES = 64 * 1024
KEPT_FOR = dt.timedelta(days=1)
MOST_OPEN_UPLOADS = 20
NOT_FOUND = "这个上传任务不存在或已过期，请重新选择文件上传。"


@dataclass(frozen=True, slots=True)
class Taken:
    """A finished upload handed to its consumer: the relative path is the consumer's from now on."""

    path: str
    file_name: str
    size_bytes: int
    sha256: str


def create(*, owner_account_id: int, purpose: str, file_name: str, size_bytes: int, now: dt.datetime) -> Upload:
    """Open an upload; refuses an empty file, one over ``UPLOAD_LIMIT_BYTES``, a full disk, too many at once."""
    limit = settings.UPLOAD_LIMIT_BYTES
    if size_bytes <= 0:
        raise Invalid("kernel.upload_empty", "这个文件是空的，请检查后重新选择。")
    if size_bytes > limit:
        raise Invalid(
            "kernel.upload_too_large",
            f"文件有 {readable(size_bytes)}，超过了上限 {readable(limit)}。请压缩或分段后再上传。",
        )
    if Upload.objects.filter(owner_account_id=owner_account_id, state=UploadState.OPEN).count() >= MOST_OPEN_UPLOADS:
        raise TooMany("kernel.too_many_uploads", "未传完的文件太多，请先传完或等待一天后自动清理。")
    if not storage.has_room_for(size_bytes):
        raise Invalid("kernel.disk_full", "服务器存储空间不足，暂时不能上传。请联系平台运营机构扩容。")
    name = file_name.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "")[-200:] or "未命名"
    return Upload.objects.create(
        owner_account_id=owner_account_id,
        purpose=purpose[:40],
        file_name=name,
        size_bytes=size_bytes,
        created_at=now,
        touched_at=now,
    )


def get(*, upload_id: str | uuid.UUID, owner_account_id: int) -> Upload:
    """The owner's upload; anybody else's is ``NotFound``."""
    try:
        key = uuid.UUID(str(upload_id))
    except ValueError as error:
        raise NotFound("kernel.upload_not_found", NOT_FOUND) from error
    upload = Upload.objects.filter(pk=key, owner_account_id=owner_account_id).first()
    if upload is None:
        raise NotFound("kernel.upload_not_found", NOT_FOUND)
    return upload


def append(
    *,
    upload_id: str | uuid.UUID,
    owner_account_id: int,
    offset: int,
    read: Callable[[int], bytes],
    now: dt.datetime,
) -> Upload:
    """Write what ``read`` gives at the offset and count it; at the end the SHA-256 is made and the upload is complete.

    Raises ``Conflict`` (``fields["offset"]`` is the true offset) when the offset is not where the upload stands, and
    ``Invalid`` when more arrives than was announced. An ``OSError`` of ``read`` (a broken connection) counts what came
    before it.
    """
    upload = get(upload_id=upload_id, owner_account_id=owner_account_id)
    path = storage.full_path(_path(upload))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # one writer per file, over all processes of this machine
        upload.refresh_from_db()
        goes_on = UploadState.COMPLETE in UPLOAD_TRANSITIONS[UploadState(upload.state)]
        if not goes_on or offset != upload.received_bytes:
            raise Conflict(
                "kernel.upload_offset",
                "上传进度已变化，将从服务器记录的位置继续。",
                fields={"offset": str(upload.received_bytes)},
            )
        try:
            written = _write(handle, offset, upload.size_bytes, read)
        finally:
            os.fsync(handle)
        return _advance(upload, written, now)
    finally:
        os.close(handle)


def _write(handle: int, offset: int, size_bytes: int, read: Callable[[int], bytes]) -> int:
    position = offset
    while True:
        try:
            piece = read(PIECE_BYTES)
        except OSError:
            return position - offset
        if not piece:
            return position - offset
        if position + len(piece) > size_bytes:
            raise Invalid("kernel.upload_longer", "收到的内容比文件大小多，文件可能在上传中被改动，请重新选择文件。")
        os.pwrite(handle, piece, position)
        position += len(piece)


def _advance(upload: Upload, written: int, now: dt.datetime) -> Upload:
    upload.received_bytes += written
    upload.touched_at = now
    if upload.received_bytes == upload.size_bytes:
        upload.sha256 = storage.digest_of(storage.full_path(_path(upload)))
        upload.state = UploadState.COMPLETE
    upload.save(update_fields=["received_bytes", "touched_at", "sha256", "state"])
    return upload


def peek(*, upload_id: str | uuid.UUID, owner_account_id: int, purpose: str) -> Upload:
    """A complete upload for that purpose, not yet taken; the file lies at ``storage.full_path(path_of(upload))``."""
    upload = get(upload_id=upload_id, owner_account_id=owner_account_id)
    if upload.purpose != purpose:
        raise NotFound("kernel.upload_not_found", NOT_FOUND)
    if upload.state == UploadState.OPEN:
        raise Conflict("kernel.upload_unfinished", "文件还没有传完，请等进度到 100% 后再提交。")
    if upload.state == UploadState.TAKEN:
        raise Conflict("kernel.upload_taken", "这个文件已经提交过了，不用重复提交。")
    return upload


def path_of(upload: Upload) -> str:
    """The relative path of an upload's file in the store."""
    return _path(upload)


def take(*, upload_id: str | uuid.UUID, owner_account_id: int, purpose: str) -> Taken:
    """Consume a complete upload inside the caller's transaction; the second taker gets ``Conflict``."""
    with transaction.atomic():
        upload = peek(upload_id=upload_id, owner_account_id=owner_account_id, purpose=purpose)
        ready = states_before(UPLOAD_TRANSITIONS, UploadState.TAKEN)
        won = Upload.objects.filter(pk=upload.pk, state__in=ready).update(state=UploadState.TAKEN)
        if not won:
            raise Conflict("kernel.upload_taken", "这个文件已经提交过了，不用重复提交。")
        return Taken(_path(upload), upload.file_name, upload.size_bytes, upload.sha256)


def drop(*, upload_id: str | uuid.UUID, owner_account_id: int) -> None:
    """Give an upload up: file and row go. A taken one stays."""
    upload = get(upload_id=upload_id, owner_account_id=owner_account_id)
    if upload.state != UploadState.TAKEN:
        path = _path(upload)
        upload.delete()
        storage.delete(path)


def clean(*, now: dt.datetime) -> int:
    """Remove uploads nobody touched for a day: files and rows of unfinished and untaken ones, rows of taken ones."""
    old = Upload.objects.filter(touched_at__lt=now - KEPT_FOR)
    removed = 0
    for upload in old.filter(~Q(state=UploadState.TAKEN)).iterator():
        gone, _ = (
            Upload.objects.filter(pk=upload.pk, touched_at=upload.touched_at).exclude(state=UploadState.TAKEN).delete()
        )
        if gone:
            storage.delete(_path(upload))
            removed += 1
    old.filter(state=UploadState.TAKEN).delete()
    return removed


def readable(size_bytes: int) -> str:
    """``1536`` → ``1.5 KB``; for messages."""
    size = float(size_bytes)
    for unit in ("字节", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "字节" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"


def _path(upload: Upload) -> str:
    return f"{FOLDER}/{upload.pk.hex}"
