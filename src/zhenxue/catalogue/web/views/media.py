"""Files of materials for the staff's preview; learners get media only through ``study``."""

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse

from zhenxue.catalogue.data import MaterialKind, MaterialState
from zhenxue.catalogue.models import Material
from zhenxue.catalogue.policies import STAFF
from zhenxue.catalogue.queries.materials import (
    content_key,
    get_material,
    material_path,
    media_path,
    page_path,
    read_playlist,
)
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.web.files import serve_file

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
KEPT_SECONDS = 3600


@roles(*STAFF)
def material_file(request: ActorRequest, material_id: int) -> HttpResponseBase:
    """A document or an image as it was uploaded."""
    found = get_material(request.actor, material_id)
    if found.kind == MaterialKind.VIDEO or found.state != MaterialState.READY:
        raise NotFound("catalogue.no_such_file", "没有这个文件，或素材还不可用。")
    return serve_file(request, material_path(found), content_type=found.content_type, name=found.file_name)


@roles(*STAFF)
def document_page(request: ActorRequest, material_id: int, number: int) -> HttpResponseBase:
    """The picture of one page of a document."""
    path = page_path(get_material(request.actor, material_id).pk, number)
    return serve_file(request, path, content_type="image/webp", max_age=KEPT_SECONDS)


@roles(*STAFF)
def poster(request: ActorRequest, material_id: int) -> HttpResponseBase:
    found = _video(request, material_id)
    path = media_path(found.video, "poster.jpg")
    return serve_file(request, path, content_type="image/jpeg", max_age=KEPT_SECONDS)


@roles(*STAFF)
def master_playlist(request: ActorRequest, material_id: int) -> HttpResponse:
    found = _video(request, material_id)
    text = read_playlist(
        found.video, rung_url=lambda rung: reverse("catalogue:rung_playlist", args=(material_id, rung))
    )
    return _playlist(text)


@roles(*STAFF)
def rung_playlist(request: ActorRequest, material_id: int, rung: str) -> HttpResponse:
    found = _video(request, material_id)
    text = read_playlist(
        found.video,
        rung,
        key_url=lambda name, index: reverse("catalogue:media_key", args=(material_id, name, index)),
        segment_url=lambda name: reverse("catalogue:segment", args=(material_id, *name.split("/"))),
    )
    return _playlist(text)


@roles(*STAFF)
def segment(request: ActorRequest, material_id: int, rung: str, name: str) -> HttpResponseBase:
    found = _video(request, material_id)
    path = media_path(found.video, f"{rung}/{name}")
    return serve_file(request, path, content_type="video/mp2t", max_age=KEPT_SECONDS)


@roles(*STAFF)
def media_key(request: ActorRequest, material_id: int, rung: str, index: int) -> HttpResponse:
    key = content_key(_video(request, material_id).pk, rung, index)
    return HttpResponse(
        bytes.fromhex(key.key_hex), content_type="application/octet-stream", headers={"Cache-Control": "no-store"}
    )


def _video(request: ActorRequest, material_id: int) -> Material:
    found = get_material(request.actor, material_id)
    if found.kind != MaterialKind.VIDEO or found.state != MaterialState.READY:
        raise NotFound("catalogue.no_video", "视频还没有处理好。")
    return found


def _playlist(text: str) -> HttpResponse:
    return HttpResponse(text, content_type=PLAYLIST_TYPE, headers={"Cache-Control": "no-store"})
