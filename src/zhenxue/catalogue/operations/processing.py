"""What a worker does with a waiting video or document; safe to be killed at any moment and to be run twice.

A worker claims a waiting material by counting ``attempt`` up and may write only while the count is its own. It works in
a folder of its own that becomes visible by one rename; a claim without a heartbeat for two minutes counts as dead.
"""

import datetime as dt
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from zhenxue.catalogue.data import PROCESSED_KINDS, MaterialKind, MaterialState
from zhenxue.catalogue.media.errors import MediaError
from zhenxue.catalogue.models import Material
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import storage

logger = logging.getLogger(__name__)

FOLDER = "media"
STALE_AFTER = dt.timedelta(minutes=2)
#: A material that waits so long while no worker is at any has lost its task.
LOST_AFTER = dt.timedelta(minutes=10)
SAY_EVERY = dt.timedelta(seconds=1)
MOST_ATTEMPTS = 5

type Clock = Callable[[], dt.datetime]


class Keep(Protocol):
    """Writes the rows of what was made, inside the transaction that makes the material ready; gives the log's body."""

    def __call__(self, material: Material, folder: str) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Work:
    """How one kind of material is processed.

    ``make`` fills an empty folder from the source, telling its progress (0-1), and gives what writes the rows of it; it
    raises ``MediaError``. ``room`` is how many bytes that may take.
    """

    kind: MaterialKind
    room: Callable[[Material], int]
    make: Callable[[Path, Path, Callable[[float], None]], Keep]


class _OvertakenError(Exception):
    """Another worker has claimed the material meanwhile; this one stops and leaves nothing."""


def process(*, material_id: int, work: Work, clock: Clock) -> MaterialState | None:
    """Process a waiting material of the work's kind. Gives the state reached, or ``None`` when there was nothing to do.

    ``clock`` gives the present moment, since the work takes long.
    """
    material = _claim(material_id, work.kind, clock())
    if material is None:
        return None
    folder = storage.full_path(f"{FOLDER}/.work-{material.pk}-{material.attempt}")
    _sweep_work(material.pk)
    try:
        if not storage.has_room_for(work.room(material)):
            raise MediaError("服务器存储空间不足，暂时不能处理素材。请联系平台运营机构扩容后重试。")
        folder.mkdir(parents=True)
        keep = work.make(storage.full_path(material.path), folder, Reporter(material, clock))
        _publish(material, keep, folder, clock())
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
        shutil.rmtree(folder, ignore_errors=True)
    return MaterialState.READY


def rescue_materials(*, now: dt.datetime) -> list[int]:
    """Find materials whose worker died (back to waiting, at most five times) and those whose task was lost.

    Gives the ids that wait for a task now; the caller queues them. Harmless at any time, also beside living workers.
    """
    all_of_them = Material.objects.filter(kind__in=PROCESSED_KINDS)
    waiting = []
    for material in all_of_them.filter(state=MaterialState.PROCESSING, heartbeat_at__lt=now - STALE_AFTER):
        if material.attempt >= MOST_ATTEMPTS:
            _fail(material, "多次处理中断，可能是文件太大或服务器繁忙。请稍后重试，或压缩后重新上传。", now)
        elif _mine(material).update(state=MaterialState.UPLOADED, progress=0, heartbeat_at=now):
            waiting.append(material.pk)
    if not all_of_them.filter(state=MaterialState.PROCESSING).exists():
        lost = all_of_them.filter(state=MaterialState.UPLOADED, heartbeat_at__lt=now - LOST_AFTER)
        waiting += lost.values_list("pk", flat=True)
        lost.update(heartbeat_at=now)
    return waiting


def _claim(material_id: int, kind: MaterialKind, now: dt.datetime) -> Material | None:
    with transaction.atomic():
        waiting = Material.objects.filter(pk=material_id, kind=kind, state=MaterialState.UPLOADED)
        if not waiting.update(
            state=MaterialState.PROCESSING, attempt=F("attempt") + 1, progress=0, failure="", heartbeat_at=now
        ):
            return None
        return Material.objects.get(pk=material_id)


def _mine(material: Material) -> QuerySet[Material]:
    return Material.objects.filter(pk=material.pk, state=MaterialState.PROCESSING, attempt=material.attempt)


class Reporter:
    """Writes progress and heartbeat at most once a second; stops the work when the claim is lost."""

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


def _publish(material: Material, keep: Keep, work: Path, now: dt.datetime) -> None:
    folder = storage.adopt(work, FOLDER, f"{material.pk}-{storage.new_name()}")
    try:
        with transaction.atomic():
            if not _mine(material).update(state=MaterialState.READY, progress=100, heartbeat_at=now, failure=""):
                raise _OvertakenError
            body = keep(material, folder)
            _record("catalogue.material_ready", material, body, now)
    except BaseException:
        storage.delete(folder)
        raise


def _fail(material: Material, reason: str, now: dt.datetime) -> MaterialState | None:
    with transaction.atomic():
        if not _mine(material).update(state=MaterialState.FAILED, failure=reason[:300], heartbeat_at=now):
            return None
        _record("catalogue.material_failed", material, {"reason": reason[:300]}, now)
    return MaterialState.FAILED


def _record(kind: str, material: Material, body: dict[str, Any], now: dt.datetime) -> None:
    evidence.record(
        kind=kind,
        actor=SYSTEM,
        subject=f"material:{material.pk}",
        about=[f"organisation:{material.organisation_id}"],
        body={**body, "sha256": material.sha256},
        now=now,
    )


def _sweep_work(material_id: int) -> None:
    """Remove what dead workers left of this material."""
    root = Path(settings.FILES_FOLDER) / FOLDER
    for left in root.glob(f".work-{material_id}-*"):
        shutil.rmtree(left, ignore_errors=True)
