"""Materials as an actor may see them, and the files behind them."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.db.models import Exists, OuterRef, QuerySet

from zhenxue.catalogue.data import MaterialKind, MaterialState, VersionState
from zhenxue.catalogue.media import playlists
from zhenxue.catalogue.models import Document, DocumentPage, Material, MediaKey, Unit, Video
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import storage
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.prepared import Prepared

MEDIA_NAME = re.compile(r"poster\.jpg|\d{2,4}p/\d{5}\.ts", re.ASCII)


def visible_materials(actor: Actor) -> QuerySet[Material]:
    """An organisation's people see its own; the operator all; a bureau its region's and what is published anywhere."""
    rows = Material.objects.select_related("organisation", "video")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_bureau and actor.region_code:
        published = Unit.objects.filter(material=OuterRef("pk"), version__state=VersionState.PUBLISHED)
        near = rows.filter(organisation__region__code__startswith=actor.region_code)
        return near | rows.filter(Exists(published))
    if actor.organisation_id and not actor.is_learner:
        return rows.filter(organisation_id=actor.organisation_id)
    return rows.none()


def get_material(actor: Actor, material_id: int) -> Material:
    """A visible material, or ``NotFound``."""
    found = visible_materials(actor).filter(pk=material_id).first()
    if found is None:
        raise NotFound("catalogue.material_not_found", "没有找到这个素材，或您没有查看权限。")
    return found


def get_media(material_id: int) -> Material:
    """A ready material by id, for apps that have checked the right themselves; raises ``NotFound``."""
    found = Material.objects.select_related("video").filter(pk=material_id, state=MaterialState.READY).first()
    if found is None:
        raise NotFound("catalogue.material_not_found", "没有找到这个素材，或素材还不可用。")
    return found


def list_ready_materials(organisation_id: int, kind: MaterialKind) -> list[Material]:
    """What an author may put into a unit, newest first."""
    rows = Material.objects.filter(organisation_id=organisation_id, kind=kind, state=MaterialState.READY)
    return list(rows.select_related("video").order_by("-pk"))


def unfinished_materials(actor: Actor) -> list[Material]:
    """What of the own organisation is being processed or has failed, newest first."""
    rows = (
        visible_materials(actor).filter(organisation_id=actor.organisation_id or 0).exclude(state=MaterialState.READY)
    )
    return list(rows.order_by("-pk")[:5])


def units_using(material: Material) -> list[Unit]:
    """Units that show this material, with version and course; text units that show it as an image too."""
    direct = Unit.objects.filter(material=material)
    shown = Unit.objects.filter(
        version__course__organisation_id=material.organisation_id, body__contains=f"]({material.pk})"
    )
    rows = (direct | shown) if material.kind == MaterialKind.IMAGE else direct
    return list(rows.select_related("version__course", "chapter").order_by("version_id", "pk")[:50])


def read_playlist(
    video: Video,
    rung: str | None = None,
    *,
    key_url: playlists.KeyUrl | None = None,
    segment_url: playlists.NameUrl | None = None,
    rung_url: playlists.NameUrl | None = None,
) -> str:
    """The master playlist (``rung=None``) or a rung's, with real addresses put in by the functions given.

    ``key_url(rung, index)``, ``segment_url("720p/00012.ts")``, ``rung_url("720p")``. ``NotFound`` for an unknown rung.
    """
    if rung is not None and rung not in {known["name"] for known in video.rungs}:
        raise NotFound("catalogue.no_rung", "没有这个清晰度。")
    name = "master.m3u8" if rung is None else f"{rung}/index.m3u8"
    text = storage.full_path(f"{video.folder}/{name}").read_text()
    return playlists.rewrite(text, key_url=key_url, segment_url=segment_url, rung_url=rung_url)


def media_path(video: Video, name: str) -> Path:
    """Where ``720p/00012.ts`` or ``poster.jpg`` of a video lies; raises ``NotFound`` for any other name."""
    if not MEDIA_NAME.fullmatch(name):
        raise NotFound("catalogue.no_such_file", "没有这个文件。")
    path = storage.full_path(f"{video.folder}/{name}")
    if not path.is_file():
        raise NotFound("catalogue.no_such_file", "没有这个文件。")
    return path


def material_path(material: Material) -> Path:
    """Where the file lies as it was uploaded (documents and images are shown from it)."""
    return storage.full_path(material.path)


def list_pages(material_id: int) -> list[DocumentPage]:
    """The drawn pages of a document in order, each with its picture's size; empty while it is not ready. One query."""
    rows = DocumentPage.objects.filter(document__material_id=material_id, document__material__state=MaterialState.READY)
    return list(rows.order_by("number"))


def page_path(material_id: int, number: int) -> Path:
    """Where the picture (WebP) of one page of a ready document lies; raises ``NotFound``."""
    found = Document.objects.filter(
        material_id=material_id, material__state=MaterialState.READY, drawn_pages__number=number
    ).first()
    path = storage.full_path(f"{found.folder}/{number:04}.webp") if found else None
    if path is None or not path.is_file():
        raise NotFound("catalogue.no_page", "没有这一页，或文档还不可用。")
    return path


def made_folder(material: Material) -> str:
    """The folder of what a worker made of the material (inside the file store); empty when there is none."""
    for name in ("video", "document"):
        made: Video | Document | None = getattr(material, name, None)
        if made is not None:
            return made.folder
    return ""


def content_key(material_id: int, rung: str, index: int) -> MediaKey:
    """One content key of a video: bytes by ``bytes.fromhex(key.key_hex)``, its span ``from_ms``-``to_ms``.

    Raises ``NotFound``, also when the material is no video.
    """
    for found in _content_keys(material_id, rung, index):
        return found
    raise NotFound("catalogue.no_key", "没有这个密钥。")


_content_keys = Prepared(
    lambda material_id, rung, index: MediaKey.objects.filter(video__material_id=material_id, rung=rung, index=index)
)


def key_windows(video: Video, rung: str) -> list[tuple[int, int, int]]:
    """``(index, from_ms, to_ms)`` of a rung's keys, in order; the same for every rung of a video."""
    rows = MediaKey.objects.filter(video=video, rung=rung).order_by("index")
    return list(rows.values_list("index", "from_ms", "to_ms"))


def file_claims() -> Iterator[storage.Claim]:
    """Every file and folder that a material needs (``storage.check_claims``)."""
    for row in Material.objects.exclude(path="").order_by("pk").values_list("pk", "path", "size_bytes", "sha256"):
        yield storage.Claim(row[1], f"material:{row[0]}", row[2], row[3])
    for model in (Video, Document):
        for key, folder in model.objects.exclude(folder="").order_by("pk").values_list("material_id", "folder"):
            yield storage.Claim(folder, f"material:{key}")
