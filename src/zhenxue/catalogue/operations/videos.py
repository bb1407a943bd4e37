"""What the worker does with a video; safe to be killed at any moment and to be run twice.

A worker claims a waiting video by counting ``attempt`` up and may write only while the count is its own. It works in a
folder of its own that becomes visible by one rename; a claim without a heartbeat for two minutes counts as dead.
"""

import datetime as dt
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from zhenxue.catalogue.data import MaterialKind, MaterialState
from zhenxue.catalogue.media.errors import MediaError
from zhenxue.catalogue.media.pack import Packed, pack_video
from zhenxue.catalogue.models import Material, MediaKey, Video
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import storage

logger = logging.getLogger(__name__)

FOLDER = "media"
STALE_AFTER = dt.timedelta(minutes=2)
#: A video that waits so long while no worker is at any has lost its task.
LOST_AFTER = dt.timedelta(minutes=10)
SAY_EVERY = dt.timedelta(seconds=1)
MOST_ATTEMPTS = 5
#: A packed video takes at most about so many times its source (two rungs and the working copy).
ROOM_FACTOR = 2

type Clock = Callable[[], dt.datetime]


class _OvertakenError(Exception):
    """Another worker has claimed the video meanwhile; this one stops and leaves nothing."""


def process_video(*, material_id: int, clock: Clock) -> MaterialState | None:
    """Turn a waiting video into HLS. Gives the state reached, or ``None`` when there was nothing to do.

    ``clock`` gives the present moment, since the work takes long.
    """
    material = _claim(material_id, clock())
    if material is None:
        return None
    work = storage.full_path(f"{FOLDER}/.work-{material.pk}-{material.attempt}")
    _sweep_work(material.pk)
    try:
        if not storage.has_room_for(material.size_bytes * ROOM_FACTOR):
            raise MediaError("服务器存储空间不足，暂时不能处理视频。请联系平台运营机构扩容后重试。")
        work.mkdir(parents=True)
        packed = pack_video(storage.full_path(material.path), work, progress=_Reporter(material, clock))
        _publish(material, packed, work, clock())
    except _OvertakenError:
        logger.warning("material %s was taken over by another worker", material.pk)
        return None
    except MediaError as error:
        return _fail(material, str(error), clock())
    except OSError:
        logger.exception("material %s", material.pk)
        return _fail(
            material, "读写文件失败，服务器存储可能已满或出错。请稍后重试；仍失败请联系平台运营机构。", clock()
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return MaterialState.READY


def rescue_videos(*, now: dt.datetime) -> list[int]:
    """Find videos whose worker died (back to waiting, at most five times) and those whose task was lost.

    Gives the ids that wait for a task now; the caller queues them. Harmless at any time, also beside living workers.
    """
    dead = Material.objects.filter(
        kind=MaterialKind.VIDEO, state=MaterialState.PROCESSING, heartbeat_at__lt=now - STALE_AFTER
    )
    waiting = []
    for material in dead:
        if material.attempt >= MOST_ATTEMPTS:
            _fail(material, "多次处理中断，可能是视频太大或服务器繁忙。请稍后重试，或压缩后重新上传。", now)
        elif _mine(material).update(state=MaterialState.UPLOADED, progress=0, heartbeat_at=now):
            waiting.append(material.pk)
    if not Material.objects.filter(kind=MaterialKind.VIDEO, state=MaterialState.PROCESSING).exists():
        lost = Material.objects.filter(
            kind=MaterialKind.VIDEO, state=MaterialState.UPLOADED, heartbeat_at__lt=now - LOST_AFTER
        )
        waiting += lost.values_list("pk", flat=True)
        lost.update(heartbeat_at=now)
    return waiting


def _claim(material_id: int, now: dt.datetime) -> Material | None:
    with transaction.atomic():
        waiting = Material.objects.filter(pk=material_id, kind=MaterialKind.VIDEO, state=MaterialState.UPLOADED)
        if not waiting.update(
            state=MaterialState.PROCESSING, attempt=F("attempt") + 1, progress=0, failure="", heartbeat_at=now
        ):
            return None
        return Material.objects.get(pk=material_id)


def _mine(material: Material) -> QuerySet[Material]:
    return Material.objects.filter(pk=material.pk, state=MaterialState.PROCESSING, attempt=material.attempt)


class _Reporter:
    """Writes progress and heartbeat at most once a second; raises ``_OvertakenError`` when the claim is lost."""

    def __init__(self, material: Material, clock: Clock) -> None:
        self.material, self.clock = material, clock
        self.said_at = clock() - SAY_EVERY

    def __call__(self, share: float) -> None:
        now = self.clock()
        if now - self.said_at < SAY_EVERY:
            return
        self.said_at = now
        if not _mine(self.material).update(progress=min(int(share * 100), 99), heartbeat_at=now):
            raise _OvertakenError


def _publish(material: Material, packed: Packed, work: Path, now: dt.datetime) -> None:
    folder = storage.adopt(work, FOLDER, f"{material.pk}-{storage.new_name()}")
    try:
        with transaction.atomic():
            if not _mine(material).update(state=MaterialState.READY, progress=100, heartbeat_at=now, failure=""):
                raise _OvertakenError
            video = Video.objects.create(
                material=material,
                duration_ms=packed.duration_ms,
                width=packed.width,
                height=packed.height,
                folder=folder,
                rungs=packed.rungs,
            )
            MediaKey.objects.bulk_create(
                MediaKey(video=video, rung=rung, index=index, key_hex=key.hex(), from_ms=span[0], to_ms=span[1])
                for rung, keys in packed.keys.items()
                for index, (key, span) in enumerate(zip(keys, packed.windows, strict=True))
            )
            evidence.record(
                kind="catalogue.material_ready",
                actor=SYSTEM,
                subject=f"material:{material.pk}",
                about=[f"organisation:{material.organisation_id}"],
                body={
                    "duration_ms": packed.duration_ms,
                    "rungs": [rung["name"] for rung in packed.rungs],
                    "keys": len(packed.windows),
                    "sha256": material.sha256,
                },
                now=now,
            )
    except BaseException:
        storage.delete(folder)
        raise


def _fail(material: Material, reason: str, now: dt.datetime) -> MaterialState | None:
    with transaction.atomic():
        if not _mine(material).update(state=MaterialState.FAILED, failure=reason[:300], heartbeat_at=now):
            return None
        evidence.record(
            kind="catalogue.material_failed",
            actor=SYSTEM,
            subject=f"material:{material.pk}",
            about=[f"organisation:{material.organisation_id}"],
            body={"reason": reason[:300], "sha256": material.sha256},
            now=now,
        )
    return MaterialState.FAILED


def _sweep_work(material_id: int) -> None:
    """Remove what dead workers left of this video."""
    root = Path(settings.FILES_FOLDER) / FOLDER
    for left in root.glob(f".work-{material_id}-*"):
        shutil.rmtree(left, ignore_errors=True)
