"""The file store: whole or not at all, and never outside."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from zhenxue.kernel import storage


def test_a_stream_is_stored_whole_with_its_digest() -> None:
    stored = storage.store_stream("papers", "one", iter([b"abc", b"def"]))
    assert (stored.path, stored.size_bytes) == ("papers/one", 6)
    assert stored.sha256 == hashlib.sha256(b"abcdef").hexdigest()
    with storage.open_file(stored.path) as stream:
        assert stream.read() == b"abcdef"


def test_a_broken_stream_leaves_nothing(own_files_folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        storage.store_stream("papers", "one", broken())
    assert not [path for path in own_files_folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a\\..\\x", "a/\0b", ".", "a/.."])
def test_no_path_leads_out_of_the_store(path: str) -> None:
    with pytest.raises(storage.OutsideStoreError):
        storage.full_path(path)


def test_a_link_out_of_the_store_is_not_followed(own_files_folder: Path, tmp_path: Path) -> None:
    (own_files_folder / "out").symlink_to(tmp_path)
    with pytest.raises(storage.OutsideStoreError):
        storage.full_path("out/secret")


def test_deleting_takes_files_and_folders_and_is_harmless_twice() -> None:
    storage.store_stream("a", "one", [b"x"])
    storage.store_stream("a/b", "two", [b"x"])
    storage.delete("a/one")
    storage.delete("a/one")
    storage.delete("a")
    assert not storage.full_path("a").exists()


def test_room_is_kept_free_on_the_disk(settings: Settings) -> None:
    assert storage.has_room_for(1)
    assert not storage.has_room_for(1 << 60)
