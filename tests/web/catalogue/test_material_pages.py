"""Pages of materials: uploading, playing, reading; nothing that an author brings runs."""

import pytest
from django.test import Client

from tests.factories.catalogue import (
    author_of,
    make_document,
    make_draft_version,
    make_image,
    make_ready_video,
    pdf_bytes,
    upload_bytes,
)
from tests.factories.identity import NOW, client_for, make_bureau, make_learner, make_organisation
from tests.support.catalogue import at, text_of
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import MaterialState, UnitDraft
from zhenxue.catalogue.models import Material
from zhenxue.identity.data import Actor
from zhenxue.identity.models import Organisation

pytestmark = pytest.mark.django_db


def test_uploading_a_material_asks_for_the_file_and_the_licence(page: Client, author: Actor) -> None:
    empty = page.post(at("new_material"), {"title": "讲义", "licence_note": "原创"})
    assert empty.status_code == 422
    assert "请先选择文件" in text_of(empty)
    upload = upload_bytes(author, pdf_bytes(), "讲义.pdf")
    bare = page.post(at("new_material"), {"title": "讲义", "upload": upload, "licence_note": ""})
    assert bare.status_code == 422
    assert upload in text_of(bare)
    made = page.post(at("new_material"), {"title": "讲义", "upload": upload, "licence_note": "原创"})
    material = Material.objects.get()
    assert made.url == at("material", material.pk)  # type: ignore[attr-defined]  # a redirect
    again = page.post(at("new_material"), {"title": "讲义", "upload": upload, "licence_note": "原创"})
    assert again.status_code == 422
    assert "已经提交过" in text_of(again)
    assert Material.objects.count() == 1


def test_a_failed_video_says_why_and_offers_another_try(page: Client, author: Actor) -> None:
    broken = upload_bytes(author, b"\x00\x00\x00\x18ftypmp42" + bytes(5000), "坏.mp4")
    page.post(at("new_material"), {"title": "坏片", "upload": broken, "licence_note": "原创"})
    material = Material.objects.get()
    assert "等待处理" in text_of(page.get(at("material", material.pk)))
    assert 'hx-trigger="every 3s"' in text_of(page.get(at("material_state", material.pk)))
    once = at("material_state", material.pk) + "?once=1"
    for state in (MaterialState.UPLOADED, MaterialState.PROCESSING):
        Material.objects.update(state=state)
        assert f'hx-get="{once}"' in text_of(page.get(once)), "it still knows to reload the page at the end"
    Material.objects.update(state=MaterialState.UPLOADED)
    catalogue.process_video(material_id=material.pk, clock=lambda: NOW)
    shown = text_of(page.get(at("material", material.pk)))
    assert "不是视频，或已损坏" in shown
    assert "重试处理" in shown
    assert page.get(once).headers["HX-Refresh"] == "true"
    assert page.post(at("retry_material", material.pk)).status_code == 302
    assert page.post(at("retry_material", material.pk)).status_code == 409


def test_staff_play_a_video_and_others_get_neither_keys_nor_segments(page: Client, provider: Organisation) -> None:
    material = make_ready_video(provider, 8)
    master = text_of(page.get(at("master_playlist", material.pk)))
    rungs = [line for line in master.splitlines() if line and not line.startswith("#")]
    assert len(rungs) == 2
    playlist = text_of(page.get(rungs[0]))
    segment = next(line for line in playlist.splitlines() if line.endswith(".ts"))
    key = playlist.split('URI="')[1].split('"')[0]
    assert len(page.get(key).content) == 16
    whole = b"".join(page.get(segment).streaming_content)
    part = page.get(segment, headers={"range": "bytes=16-31"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, whole[16:32])
    assert part.headers["Content-Range"] == f"bytes 16-31/{len(whole)}"
    assert page.get(segment, headers={"range": f"bytes={len(whole)}-"}).status_code == 416
    assert page.get(at("poster", material.pk)).headers["Content-Type"] == "image/jpeg"
    addresses = [at("master_playlist", material.pk), rungs[0], segment, key, at("poster", material.pk)]
    for stranger, status in (
        (author_of(make_organisation()), 404),
        (make_learner(), 403),
        (make_bureau("371521"), 404),
    ):
        other = client_for(stranger)
        assert {other.get(address).status_code for address in addresses} == {status}
    assert page.get(at("segment", material.pk, "240p", "..%2F..%2Fx")).status_code == 404


def test_documents_are_shown_in_the_page_and_run_nothing(page: Client, provider: Organisation) -> None:
    material = make_document(provider)
    shown = page.get(at("material_file", material.pk))
    assert shown.headers["Content-Type"] == "application/pdf"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'none'" in shown.headers["Content-Security-Policy"]
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert b"".join(shown.streaming_content).startswith(b"%PDF")
    shown = text_of(page.get(at("material", material.pk)))
    assert f'href="{at("material_file", material.pk)}"' in shown
    for number in (1, 2, 3):
        address = at("document_page", material.pk, number)
        assert f'src="{address}"' in shown
        picture = page.get(address)
        assert b"".join(picture.streaming_content)[8:12] == b"WEBP"
        assert (picture.headers["Content-Type"], picture.headers["Cache-Control"]) == (
            "image/webp",
            "private, max-age=3600",
        )
    assert page.get(at("document_page", material.pk, 4)).status_code == 404
    for stranger, status in ((author_of(make_organisation()), 404), (make_learner(), 403)):
        assert client_for(stranger).get(at("document_page", material.pk, 1)).status_code == status
    video = make_ready_video(provider, 8)
    assert page.get(at("material_file", video.pk)).status_code == 404


def test_written_text_is_shown_and_cannot_bring_a_script(page: Client, provider: Organisation, author: Actor) -> None:
    image = make_image(provider)
    body = f"# 标题\n<script>alert(1)</script>\n![图]({image.pk})"
    version = make_draft_version(provider, actor=author, units=[UnitDraft("text", "读", minutes=5, body=body)])
    for shown in (
        text_of(page.get(at("unit", version.units.get().pk))),
        text_of(page.post(at("preview_markup"), {"body": body})),
    ):
        assert "<h2>标题</h2>" in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
        assert at("material_file", image.pk) in shown
