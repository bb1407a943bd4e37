"""A waiting video becomes encrypted HLS (see ``processing`` for how a worker may die on the way)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from zhenxue.catalogue.data import MaterialKind, MaterialState
from zhenxue.catalogue.media.pack import Packed, pack_video
from zhenxue.catalogue.models import Material, MediaKey, Video
from zhenxue.catalogue.operations import processing

#: A packed video takes at most about so many times its source (two rungs and the working copy).
ROOM_FACTOR = 2


def process_video(*, material_id: int, clock: processing.Clock) -> MaterialState | None:
    """Turn a waiting video into HLS. Gives the state reached, or ``None`` when there was nothing to do."""
    return processing.process(material_id=material_id, work=WORK, clock=clock)


def _make(source: Path, folder: Path, progress: Callable[[float], None]) -> processing.Keep:
    packed = pack_video(source, folder, progress=progress)
    return lambda material, folder: _keep(packed, material, folder)


def _keep(packed: Packed, material: Material, folder: str) -> dict[str, Any]:
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
    rungs = [rung["name"] for rung in packed.rungs]
    return {"duration_ms": packed.duration_ms, "rungs": rungs, "keys": len(packed.windows)}


WORK = processing.Work(MaterialKind.VIDEO, lambda material: material.size_bytes * ROOM_FACTOR, _make)
