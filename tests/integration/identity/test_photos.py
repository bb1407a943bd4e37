"""Photographs of a person: sealed, replaced, seen with a reason."""

import base64
import struct
import zlib
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import identity as make
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.operations import photos
from zhenxue.kernel.errors import Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db(transaction=True)


def png(shade: int = 0) -> bytes:
    """A small valid PNG."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes((shade + line * column) % 256 for column in range(64)) for line in range(64))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def store(actor: identity.Actor, content: bytes, what: str = "id_photo_front", person_id: int | None = None) -> None:
    photos.store_photo(
        actor=actor, person_id=person_id or actor.person_id or 0, what=what, content=content, now=make.NOW
    )


def files(folder: Path) -> list[Path]:
    return sorted((folder / "people").glob("*"))


def test_a_photo_is_sealed_on_the_disk_and_replaced_whole(own_files_folder: Path) -> None:
    learner = make.make_learner()
    store(learner, png(1))
    (first,) = files(own_files_folder)
    head, sealed = png(1)[:24], first.read_bytes()
    assert head not in sealed
    assert base64.urlsafe_b64encode(head) not in sealed
    store(learner, png(2))
    (second,) = files(own_files_folder)
    assert second != first
    kind, content = photos.unmask_photo(
        actor=make.make_operator(),
        person_id=learner.person_id or 0,
        what="id_photo_front",
        reason="核对实名材料",
        now=make.NOW,
    )
    assert (kind, content) == ("image/png", png(2))
    kinds = [entry.kind for entry in evidence.list_entries(refs=[f"person:{learner.person_id}"])]
    assert kinds[:3] == ["identity.unmasked", "identity.photo_stored", "identity.photo_stored"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a" + b"x" * 900, "不是 JPG 或 PNG"),
        (b"<svg onload=alert(1)>" + b" " * 900, "不是 JPG 或 PNG"),
        (png()[:-20], "不完整"),
        (b"\xff\xd8\xff" + b"x" * 900, "不完整"),
        (b"\xff\xd8\xff" + b"x" * (5 * 1024 * 1024), "超过4MB"),
    ],
)
def test_what_is_no_photo_is_refused_and_nothing_is_kept(content: bytes, words: str, own_files_folder: Path) -> None:
    with pytest.raises(Invalid, match=words):
        store(make.make_learner(), content)
    assert files(own_files_folder) == []


def test_photos_are_out_of_reach_for_strangers_and_for_the_learner() -> None:
    learner, manager = make.make_learner(), make.make_provider()
    store(learner, png())
    with pytest.raises(NotFound):
        store(manager, png(), person_id=learner.person_id)
    with pytest.raises(Refused):
        photos.unmask_photo(
            actor=learner, person_id=learner.person_id or 0, what="id_photo_front", reason="我想看看", now=make.NOW
        )
    with pytest.raises(NotFound, match="还没有"):
        photos.unmask_photo(
            actor=make.make_operator(),
            person_id=learner.person_id or 0,
            what="portrait",
            reason="核对实名材料",
            now=make.NOW,
        )


def test_photos_are_sent_by_form_all_or_none(own_files_folder: Path) -> None:
    learner = make.make_learner()
    client, operator = make.client_for(learner), make.client_for(make.make_operator())
    address = f"/people/{learner.person_id}/photos/"
    good, bad = SimpleUploadedFile("a.png", png()), SimpleUploadedFile("b.png", b"no picture" * 90)
    wrong = operator.post(address, {"portrait": good, "id_photo_front": bad})
    assert wrong.status_code == 422
    assert "不是 JPG 或 PNG" in wrong.content.decode()
    assert operator.post(address, {}).status_code == 422
    assert files(own_files_folder) == []
    large = SimpleUploadedFile("c.png", png() + b"x" * (5 * 1024 * 1024))
    assert "超过4MB" in operator.post(address, {"portrait": large}).content.decode()
    assert client.post(address, {"portrait": good}).status_code == 403, "a learner's own go through verification"
    done = operator.post(address, {"portrait": SimpleUploadedFile("a.png", png())})
    assert done.headers["Location"] == f"/people/{learner.person_id}/"
    page = operator.post(f"{address}unmask/", {"what": "portrait", "reason": "核对实名材料"})
    assert "data:image/png;base64," in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert client.post(f"{address}unmask/").status_code == 403
