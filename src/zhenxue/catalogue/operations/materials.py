"""Materials: from an upload to the shelf, and off it."""

import datetime as dt

from django.db import transaction

from zhenxue.catalogue import signals
from zhenxue.catalogue.data import PROCESSED_KINDS, MaterialState
from zhenxue.catalogue.media.errors import MediaError
from zhenxue.catalogue.media.sniff import sniff
from zhenxue.catalogue.models import Material
from zhenxue.catalogue.policies import check_can_edit_material, check_is_author
from zhenxue.catalogue.queries.materials import get_material, made_folder, units_using
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel import storage, uploads
from zhenxue.kernel.errors import Conflict, Invalid, Refused

UPLOAD_PURPOSE = "catalogue.material"


def add_material(*, actor: Actor, upload_id: str, title: str, licence_note: str, now: dt.datetime) -> Material:
    """Put a finished upload on the shelf. Its content tells the kind; videos and documents begin to be processed.

    Raises ``Invalid`` (field ``upload``) for a file of no use; the upload stays, so that nothing has to be sent twice.
    """
    check_is_author(actor)
    if actor.account_id is None or actor.organisation_id is None:
        raise Refused("catalogue.not_author", "请先登录机构账号。")
    title, licence_note = title.strip(), licence_note.strip()
    gaps = {name: text for name, value, text in _required(title, licence_note) if not value}
    if gaps:
        raise Invalid("catalogue.material_fields", "请补全标出的内容。", fields=gaps)
    waiting = uploads.peek(upload_id=upload_id, owner_account_id=actor.account_id, purpose=UPLOAD_PURPOSE)
    try:
        found = sniff(storage.full_path(uploads.path_of(waiting)))
    except MediaError as error:
        raise Invalid("catalogue.unusable_file", str(error), fields={"upload": str(error)}) from error
    with transaction.atomic():
        taken = uploads.take(upload_id=upload_id, owner_account_id=actor.account_id, purpose=UPLOAD_PURPOSE)
        waits = found.kind in PROCESSED_KINDS
        material = Material.objects.create(
            organisation_id=actor.organisation_id,
            kind=found.kind,
            title=title[:120],
            file_name=taken.file_name,
            path=taken.path,
            size_bytes=taken.size_bytes,
            sha256=taken.sha256,
            licence_note=licence_note[:300],
            state=MaterialState.UPLOADED if waits else MaterialState.READY,
            progress=0 if waits else 100,
            content_type=found.content_type,
            pages=found.pages,
            width=found.width,
            height=found.height,
            uploaded_by_id=actor.account_id,
            heartbeat_at=now,
            created_at=now,
        )
        _record("catalogue.material_added", actor, material, now, licence_note=material.licence_note)
        if waits:
            signals.material_waiting.send(sender=Material, material_id=material.pk)
    return material


def _required(title: str, licence_note: str) -> tuple[tuple[str, str, str], ...]:
    return (
        ("title", title, "请填写素材名称。"),
        ("licence_note", licence_note, "请写明授权来源，例如“本机构原创，教师张某授权使用”。"),
    )


def edit_material(*, actor: Actor, material_id: int, title: str, licence_note: str, now: dt.datetime) -> Material:
    """Change the name and the licence note; the file itself never changes."""
    title, licence_note = title.strip(), licence_note.strip()
    gaps = {name: text for name, value, text in _required(title, licence_note) if not value}
    if gaps:
        raise Invalid("catalogue.material_fields", "请补全标出的内容。", fields=gaps)
    with transaction.atomic():
        material = get_material(actor, material_id)
        check_can_edit_material(actor, material)
        before = material.licence_note
        material.title, material.licence_note = title[:120], licence_note[:300]
        material.save(update_fields=["title", "licence_note"])
        if before != material.licence_note:
            _record(
                "catalogue.material_licence", actor, material, now, licence_note=material.licence_note, before=before
            )
    return material


def retry_material(*, actor: Actor, material_id: int, now: dt.datetime) -> Material:
    """Queue a failed video or document again; a second click gets ``Conflict``."""
    with transaction.atomic():
        material = get_material(actor, material_id)
        check_can_edit_material(actor, material)
        moved = Material.objects.filter(pk=material.pk, kind__in=PROCESSED_KINDS, state=MaterialState.FAILED).update(
            state=MaterialState.UPLOADED, progress=0, failure="", heartbeat_at=now
        )
        if not moved:
            raise Conflict("catalogue.not_failed", "这个素材没有失败，或已经重新排队，不用再次重试。")
        _record("catalogue.material_retried", actor, material, now)
        signals.material_waiting.send(sender=Material, material_id=material.pk)
    material.refresh_from_db()
    return material


def delete_material(*, actor: Actor, material_id: int, now: dt.datetime) -> None:
    """Take a material off the shelf with its files; refused while any course uses it or a worker is at it."""
    with transaction.atomic():
        material = get_material(actor, material_id)
        check_can_edit_material(actor, material)
        used = units_using(material)
        if used:
            raise Conflict(
                "catalogue.material_in_use", f"课程《{used[0].version.course.title}》正在使用这个素材，不能删除。"
            )
        if material.state == MaterialState.PROCESSING:
            raise Conflict("catalogue.material_busy", "素材正在处理，请等处理结束后再删除。")
        folder = made_folder(material)
        path = material.path
        _record("catalogue.material_deleted", actor, material, now)
        material.delete()
        transaction.on_commit(lambda: _remove(path, folder))


def _remove(path: str, folder: str) -> None:
    storage.delete(path)
    if folder:
        storage.delete(folder)


def _record(kind: str, actor: Actor, material: Material, now: dt.datetime, **more: str) -> None:
    body = {
        "kind": material.kind,
        "title": material.title,
        "sha256": material.sha256,
        "size_bytes": material.size_bytes,
    }
    evidence.record(
        kind=kind,
        actor=actor,
        subject=f"material:{material.pk}",
        about=[f"organisation:{material.organisation_id}"],
        body={**body, **more},
        now=now,
    )
