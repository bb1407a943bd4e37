"""Materials: told by their bytes, with a licence note, deleted only when unused."""

import os

import pytest

from tests.factories.catalogue import (
    PIXEL,
    author_of,
    make_document,
    make_draft_version,
    make_image,
    make_material,
    make_published_version,
    make_ready_video,
    pdf_bytes,
    upload_bytes,
    video_bytes,
)
from tests.factories.identity import NOW, make_bureau, make_learner, make_operator, make_organisation, make_teacher
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import MaterialKind, MaterialState, UnitDraft
from zhenxue.catalogue.media import sniff
from zhenxue.catalogue.models import Material
from zhenxue.catalogue.operations import materials
from zhenxue.catalogue.queries.materials import get_material, visible_materials
from zhenxue.identity.data import Actor
from zhenxue.identity.models import Organisation
from zhenxue.kernel import storage
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db


def test_the_kind_is_told_by_the_bytes_whatever_the_name_says(author: Actor) -> None:
    document = make_material(pdf_bytes(pages=4), "视频.mp4", actor=author)
    assert (document.kind, document.content_type, document.pages) == (MaterialKind.DOCUMENT, "application/pdf", 4)
    image = make_material(PIXEL, "文档.pdf", actor=author)
    assert (image.kind, image.content_type, image.width, image.height) == (MaterialKind.IMAGE, "image/png", 1, 1)
    video = make_material(video_bytes(), "图.png", actor=author)
    assert (video.kind, video.state) == (MaterialKind.VIDEO, MaterialState.UPLOADED)
    assert (document.state, image.state) == (MaterialState.UPLOADED, MaterialState.READY)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04" + bytes(200), "另存为 PDF"),
        (b"\xd0\xcf\x11\xe0" + bytes(200), "旧版 Office"),
        (b"ID3\x03" + bytes(200), "只有声音"),
        (b"MZ" + bytes(500), "不是视频、PDF 或图片"),
        (b"<html><script>alert(1)</script></html>", "不是视频、PDF 或图片"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "不是视频、PDF 或图片"),
        (b"%PDF-1.7\n" + os.urandom(3000), "PDF 已损坏"),
        (b"\x89PNG\r\n\x1a\n" + os.urandom(300), "图片已损坏"),
        (b"\xff\xd8\xff" + bytes(300), "图片已损坏"),
    ],
)
def test_a_file_of_no_use_is_refused_in_words_and_need_not_be_sent_again(
    author: Actor, data: bytes, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        make_material(data, "文件.mp4", actor=author)
    assert words in refused.value.message
    assert "upload" in refused.value.fields
    assert not Material.objects.exists()


def test_an_encrypted_or_endless_pdf_is_refused(author: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match="密"):
        make_material(pdf_bytes(password="geheim"), "讲义.pdf", actor=author)
    monkeypatch.setattr(sniff, "MOST_PAGES", 2)
    with pytest.raises(Invalid, match="3 页"):
        make_material(pdf_bytes(pages=3), "讲义.pdf", actor=author)


def test_a_licence_note_is_required_and_what_was_sent_stays(author: Actor) -> None:
    upload_id = upload_bytes(author, pdf_bytes(), "讲义.pdf")
    with pytest.raises(Invalid) as refused:
        catalogue.add_material(actor=author, upload_id=upload_id, title=" ", licence_note="", now=NOW)
    assert set(refused.value.fields) == {"title", "licence_note"}
    made = catalogue.add_material(actor=author, upload_id=upload_id, title="讲义", licence_note="原创", now=NOW)
    assert made.size_bytes == storage.full_path(made.path).stat().st_size
    with pytest.raises(Conflict, match="已经提交过"):
        catalogue.add_material(actor=author, upload_id=upload_id, title="讲义", licence_note="原创", now=NOW)


def test_only_authors_add_and_only_with_their_own_upload(author: Actor) -> None:
    for stranger in (make_bureau(), make_operator(), make_learner()):
        with pytest.raises(Refused):
            make_material(PIXEL, "图.png", actor=stranger)
    upload_id = upload_bytes(author, PIXEL, "图.png")
    other = author_of(make_organisation())
    with pytest.raises(NotFound):
        catalogue.add_material(actor=other, upload_id=upload_id, title="图", licence_note="原创", now=NOW)


def test_materials_are_seen_by_their_organisation_the_operator_and_the_region(provider: Organisation) -> None:
    own = make_image(provider)
    version = make_published_version(
        provider, units=[UnitDraft("document", "看", minutes=5, material_id=make_document(provider).pk)]
    )
    shown = version.units.get().material
    assert shown is not None
    everything = {own, shown}
    for actor in (make_teacher(provider.pk), make_operator(), make_bureau("371502"), make_bureau("3715")):
        assert set(visible_materials(actor)) == everything
    assert set(visible_materials(make_bureau("371521"))) == {shown}
    for actor in (author_of(make_organisation()), make_learner()):
        assert set(visible_materials(actor)) == set()
        with pytest.raises(NotFound):
            get_material(actor, own.pk)


def test_what_a_course_uses_cannot_be_deleted(provider: Organisation, author: Actor) -> None:
    document, image, loose = make_document(provider), make_image(provider), make_image(provider)
    units = [
        UnitDraft("document", "看", minutes=5, material_id=document.pk),
        UnitDraft("text", "读", minutes=5, body=f"![图]({image.pk})"),
    ]
    make_draft_version(provider, units=units, actor=author)
    for used in (document, image):
        with pytest.raises(Conflict, match="正在使用"):
            materials.delete_material(actor=author, material_id=used.pk, now=NOW)
    with pytest.raises(Refused):
        materials.delete_material(actor=make_operator(), material_id=loose.pk, now=NOW)
    assert storage.full_path(loose.path).exists()


@pytest.mark.django_db(transaction=True)
def test_a_deleted_video_takes_its_files_along(provider: Organisation, author: Actor) -> None:
    video = make_ready_video(provider, 8, actor=author)
    folder, path = storage.full_path(video.video.folder), storage.full_path(video.path)
    materials.delete_material(actor=author, material_id=video.pk, now=NOW)
    assert not folder.exists()
    assert not path.exists()
    assert not Material.objects.exists()


def test_the_licence_note_can_be_mended_by_its_own_people(provider: Organisation, author: Actor) -> None:
    image = make_image(provider)
    changed = materials.edit_material(
        actor=author, material_id=image.pk, title="新名", licence_note="另附授权书", now=NOW
    )
    assert (changed.title, changed.licence_note) == ("新名", "另附授权书")
    other = author_of(make_organisation())
    with pytest.raises(NotFound):
        materials.edit_material(actor=other, material_id=image.pk, title="x", licence_note="y", now=NOW)
