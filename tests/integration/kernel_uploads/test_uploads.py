"""Uploads: resumed, doubled, broken, too large, another's."""

import datetime as dt
import hashlib
import io
import os

import pytest
from pytest_django.fixtures import Settings

from zhenxue.kernel import storage, uploads
from zhenxue.kernel.data import UploadState
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, TooMany
from zhenxue.kernel.models import Upload

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
OWNER = 7
DATA = os.urandom(300_000)


def begin(size: int = len(DATA), owner: int = OWNER) -> Upload:
    return uploads.create(owner_account_id=owner, purpose="test", file_name="a/b\\片.mp4", size_bytes=size, now=NOW)


def send(upload: Upload, data: bytes, offset: int, owner: int = OWNER) -> Upload:
    reader = io.BytesIO(data)
    return uploads.append(upload_id=upload.pk, owner_account_id=owner, offset=offset, read=reader.read, now=NOW)


def test_chunks_add_up_to_the_file_and_its_digest() -> None:
    upload = begin()
    assert upload.file_name == "片.mp4"
    assert send(upload, DATA[:100_000], 0).received_bytes == 100_000
    done = send(upload, DATA[100_000:], 100_000)
    assert (done.state, done.sha256) == (UploadState.COMPLETE, hashlib.sha256(DATA).hexdigest())
    taken = uploads.take(upload_id=upload.pk, owner_account_id=OWNER, purpose="test")
    assert storage.full_path(taken.path).read_bytes() == DATA


def test_a_chunk_sent_twice_does_no_harm() -> None:
    upload = begin()
    send(upload, DATA[:100_000], 0)
    with pytest.raises(Conflict) as refused:
        send(upload, os.urandom(100_000), 0)
    assert refused.value.fields["offset"] == "100000"
    done = send(upload, DATA[100_000:], 100_000)
    assert done.sha256 == hashlib.sha256(DATA).hexdigest()


def test_a_broken_connection_counts_what_arrived() -> None:
    upload = begin()
    pieces = iter([DATA[:65_536]])

    def read(size: int) -> bytes:
        try:
            return next(pieces)
        except StopIteration:
            raise OSError("reset") from None

    stands = uploads.append(upload_id=upload.pk, owner_account_id=OWNER, offset=0, read=read, now=NOW)
    assert stands.received_bytes == 65_536
    assert send(upload, DATA[65_536:], 65_536).sha256 == hashlib.sha256(DATA).hexdigest()


def test_bytes_beyond_the_announced_size_are_refused_and_nothing_is_counted() -> None:
    upload = begin(size=10)
    with pytest.raises(Invalid):
        send(upload, b"x" * 11, 0)
    upload.refresh_from_db()
    assert upload.received_bytes == 0


def test_memory_holds_one_piece_only() -> None:
    asked: list[int] = []
    upload = begin()
    reader = io.BytesIO(DATA)

    def read(size: int) -> bytes:
        asked.append(size)
        return reader.read(size)

    uploads.append(upload_id=upload.pk, owner_account_id=OWNER, offset=0, read=read, now=NOW)
    assert max(asked) <= 64 * 1024


def test_two_gigabytes_are_taken_or_refused_as_configured(settings: Settings) -> None:
    size = 2 * 1024**3
    settings.UPLOAD_LIMIT_BYTES = size
    assert begin(size=size).size_bytes == size
    settings.UPLOAD_LIMIT_BYTES = size - 1
    with pytest.raises(Invalid, match=r"2\.00 GB"):
        begin(size=size)
    with pytest.raises(Invalid, match="空的"):
        begin(size=0)


def test_a_full_disk_refuses_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "has_room_for", lambda size: False)
    with pytest.raises(Invalid, match="存储空间不足"):
        begin()


def test_anothers_upload_is_not_there() -> None:
    upload = begin()
    send(upload, DATA, 0)
    for act in (
        lambda: send(upload, b"x", 0, owner=8),
        lambda: uploads.get(upload_id=upload.pk, owner_account_id=8),
        lambda: uploads.take(upload_id=upload.pk, owner_account_id=8, purpose="test"),
        lambda: uploads.take(upload_id=upload.pk, owner_account_id=OWNER, purpose="other"),
        lambda: uploads.drop(upload_id=upload.pk, owner_account_id=8),
        lambda: uploads.get(upload_id="no-id", owner_account_id=OWNER),
    ):
        with pytest.raises(NotFound):
            act()


def test_an_upload_is_taken_once_and_only_when_whole() -> None:
    upload = begin()
    with pytest.raises(Conflict, match="还没有传完"):
        uploads.take(upload_id=upload.pk, owner_account_id=OWNER, purpose="test")
    send(upload, DATA, 0)
    uploads.take(upload_id=upload.pk, owner_account_id=OWNER, purpose="test")
    with pytest.raises(Conflict, match="已经提交过"):
        uploads.take(upload_id=upload.pk, owner_account_id=OWNER, purpose="test")


def test_too_many_open_uploads_are_refused() -> None:
    for _ in range(uploads.MOST_OPEN_UPLOADS):
        begin()
    with pytest.raises(TooMany):
        begin()
    assert begin(owner=8)


def test_half_uploads_go_after_a_day_and_taken_files_stay() -> None:
    half, whole, taken = begin(), begin(), begin()
    send(half, DATA[:10], 0)
    send(whole, DATA, 0)
    send(taken, DATA, 0)
    path = uploads.take(upload_id=taken.pk, owner_account_id=OWNER, purpose="test").path
    assert uploads.clean(now=NOW + dt.timedelta(hours=23)) == 0
    assert uploads.clean(now=NOW + dt.timedelta(hours=25)) == 2
    assert Upload.objects.count() == 0
    assert storage.full_path(path).exists()
    assert not storage.full_path(uploads.path_of(half)).exists()


def test_an_upload_can_be_given_up() -> None:
    upload = begin()
    send(upload, DATA[:10], 0)
    uploads.drop(upload_id=upload.pk, owner_account_id=OWNER)
    assert not Upload.objects.exists()
    assert not storage.full_path(uploads.path_of(upload)).exists()
