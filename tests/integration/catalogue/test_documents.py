"""The document pipeline for real: a Chinese PDF becomes sharp pages with text; what cannot be drawn fails in words."""

import datetime as dt
import io
import sys
from pathlib import Path

import pytest
from django_tasks_db.models import DBTaskResult
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from tests.factories.catalogue import (
    author_of,
    handbook_bytes,
    make_document,
    make_material,
    make_ready_video,
    pdf_bytes,
)
from tests.factories.identity import NOW, make_organisation
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue import tasks
from zhenxue.catalogue.data import MaterialState
from zhenxue.catalogue.media import child, draw, pages
from zhenxue.catalogue.media.errors import MediaError
from zhenxue.catalogue.models import Document, DocumentPage, Material
from zhenxue.catalogue.operations import documents, materials, processing
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel import storage
from zhenxue.kernel.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(minutes=5)


@pytest.fixture
def author() -> Actor:
    return author_of(make_organisation())


def add(author: Actor, data: bytes) -> Material:
    return make_material(data, "讲义.pdf", actor=author)


def process(material: Material) -> Material:
    catalogue.process_document(material_id=material.pk, clock=lambda: NOW)
    return Material.objects.select_related("document").get(pk=material.pk)


def written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def one_page(width: float, height: float) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(width=width, height=height)
    return written(writer)


def test_a_chinese_document_becomes_small_sharp_pages_with_their_text(author: Actor) -> None:
    material = process(add(author, handbook_bytes()))
    assert (material.state, material.progress, material.failure) == (MaterialState.READY, 100, "")
    drawn = catalogue.list_pages(material.pk)
    assert [page.number for page in drawn] == [1, 2] == list(range(1, material.pages + 1))
    assert "生命体征测量手册" in drawn[0].text
    assert "记录与报告" in drawn[1].text
    for page in drawn:
        path = catalogue.page_path(material.pk, page.number)
        assert path.stat().st_size <= draw.MOST_BYTES
        with Image.open(path) as picture:
            assert (picture.format, picture.size) == ("WEBP", (page.width, page.height))
            assert page.width == draw.WIDTH
            darkest, lightest = picture.convert("L").getextrema()
            assert darkest < 60, "the ink is on it"
            assert lightest > 240
    for number in (0, 3):
        with pytest.raises(NotFound):
            catalogue.page_path(material.pk, number)


def test_pages_of_any_shape_are_drawn_within_bounds_and_bombs_are_refused(author: Actor) -> None:
    slide = catalogue.list_pages(process(add(author, one_page(960, 540))).pk)
    assert (slide[0].width, slide[0].height) == (1240, 698)
    scroll = catalogue.list_pages(process(add(author, one_page(600, 6000))).pk)
    assert (scroll[0].width, scroll[0].height) == (600, 6000)
    for width, height, words in ((100_000, 100_000, "纸张大小"), (30, 14_000, "太长太窄")):
        failed = process(add(author, one_page(width, height)))
        assert failed.state == MaterialState.FAILED
        assert "第 1 页" in failed.failure
        assert words in failed.failure
        assert catalogue.list_pages(failed.pk) == []


def test_a_page_that_breaks_off_or_never_ends_fails_in_words(author: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = PdfWriter()
    page = writer.add_blank_page(width=595, height=842)
    endless = DecodedStreamObject()
    endless.set_data(b"0 0 595 842 re f\n" * 3_000_000)
    page[NameObject("/Contents")] = writer._add_object(endless.flate_encode())
    monkeypatch.setattr(pages, "SILENCE_SECONDS", 0.7)
    hung = process(add(author, written(writer)))
    assert (hung.state, "没有进展" in hung.failure) == (MaterialState.FAILED, True)
    monkeypatch.undo()
    broken = add(author, pdf_bytes())
    storage.full_path(broken.path).write_bytes(b"%PDF-1.7\n" + bytes(500))
    assert "已损坏" in process(broken).failure
    locked = add(author, pdf_bytes())
    storage.full_path(locked.path).write_bytes(pdf_bytes(password="geheim"))
    assert "密码" in process(locked).failure


@pytest.mark.parametrize(
    "code", ["import os; os.abort()", "print('not json')", "print('{\"pages\": 2}')", "print('{\"number\": 1}')"]
)
def test_whatever_the_drawing_process_does_the_worker_lives(
    author: Actor, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    real = child.run
    monkeypatch.setattr(child, "run", lambda command, **more: real([sys.executable, "-c", code], **more))
    failed = process(add(author, pdf_bytes()))
    assert (failed.state, "处理到中途失败" in failed.failure) == (MaterialState.FAILED, True)


def test_an_uploaded_encrypted_document_never_reaches_the_shelf(author: Actor) -> None:
    with pytest.raises(Invalid, match="密"):
        add(author, pdf_bytes(password="geheim"))
    open_to_read = PdfWriter(clone_from=io.BytesIO(handbook_bytes()))
    open_to_read.encrypt("", "owner", algorithm="RC4-128")
    assert process(add(author, written(open_to_read))).state == MaterialState.READY


def test_a_failed_document_is_tried_again_by_its_author_once(author: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    material = add(author, pdf_bytes())

    def fail(*args: object, **more: object) -> list[pages.DrawnPage]:
        raise MediaError("画不出来。")

    monkeypatch.setattr(documents, "draw_pages", fail)
    assert process(material).failure == "画不出来。"
    monkeypatch.undo()
    materials.retry_material(actor=author, material_id=material.pk, now=NOW)
    with pytest.raises(Conflict):
        materials.retry_material(actor=author, material_id=material.pk, now=NOW)
    assert process(material).state == MaterialState.READY
    kinds = [entry.kind for entry in evidence.list_entries(refs=[f"material:{material.pk}"])]
    assert kinds == [f"catalogue.material_{word}" for word in ("ready", "retried", "failed", "added")]


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs, as far as the database can tell."""


def test_a_document_is_queued_picked_up_after_a_death_and_drawn_once(
    author: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    material = add(author, pdf_bytes())
    assert DBTaskResult.objects.get(queue_name="media").args_kwargs["args"] == [material.pk]

    def die(source: Path, folder: Path, *, progress: object) -> list[pages.DrawnPage]:
        (folder / "0001.webp").write_bytes(b"half")
        raise Killed

    monkeypatch.setattr(documents, "draw_pages", die)
    with pytest.raises(Killed):
        process(material)
    monkeypatch.undo()
    assert processing.rescue_materials(now=NOW + dt.timedelta(seconds=90)) == []
    tasks.rescue_materials(LATER)
    assert DBTaskResult.objects.filter(queue_name="media").count() == 2
    assert tasks.process_material.call(material.pk) == "ready"
    assert tasks.process_material.call(material.pk) == ""
    assert (Document.objects.count(), DocumentPage.objects.count()) == (1, 3)


def test_a_document_is_no_video_and_a_video_no_document(author: Actor) -> None:
    document = add(author, pdf_bytes())
    assert catalogue.process_video(material_id=document.pk, clock=lambda: NOW) is None
    video = make_ready_video(make_organisation(), 8)
    assert catalogue.process_document(material_id=video.pk, clock=lambda: NOW) is None
    assert catalogue.list_pages(video.pk) == catalogue.list_pages(document.pk) == []


@pytest.mark.django_db(transaction=True)
def test_a_deleted_document_takes_its_pages_along() -> None:
    organisation = make_organisation()
    material = make_document(organisation)
    folder = storage.full_path(material.document.folder)
    assert len(list(folder.iterdir())) == 3
    materials.delete_material(actor=author_of(organisation), material_id=material.pk, now=NOW)
    assert not folder.exists()
    assert not DocumentPage.objects.exists()
