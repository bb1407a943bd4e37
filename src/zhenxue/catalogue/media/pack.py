"""The whole way of a video: probe, plan, encode, check, encrypt, write the playlists; into one folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from zhenxue.catalogue.media import encode, playlists
from zhenxue.catalogue.media.errors import MediaError
from zhenxue.catalogue.media.plan import SEGMENTS_PER_KEY, Plan, key_windows, make_plan
from zhenxue.catalogue.media.probe import Probed, probe_video

#: So far from its cut a listed segment may begin; more means that switching quality would jump.
BOUNDARY_TOLERANCE_MS = 250
#: FFmpeg lists the first segment at 0 and the others as late as B-frames make them: by up to two pictures, long
#: where few come a second. Videos with fewer than two a second get no more room for it.
LATE_PICTURES, FEWEST_PICTURES = 2, 2.0
ROUNDED_MS = 50


@dataclass(frozen=True, slots=True)
class Packed:
    """``keys[rung]`` are the AES-128 keys in order; ``windows[i]`` is the span (ms) of key ``i`` of every rung."""

    duration_ms: int
    width: int
    height: int
    rungs: list[dict[str, str | int]]
    windows: list[tuple[int, int]]
    keys: dict[str, list[bytes]]


def pack_video(source: Path, folder: Path, *, progress: encode.Progress) -> Packed:
    """Fill the (empty, existing) folder with playlists, encrypted segments and ``poster.jpg``; raises ``MediaError``.

    Both rungs share their boundaries; a copied stream that does not cut as its keyframes promised is encoded instead.
    """
    probed = probe_video(source)
    progress(0.02)
    plan = make_plan(probed)
    try:
        starts = _cut(source, folder, plan, probed, progress)
    except MediaError:
        if not plan.rungs[0].copy:
            raise
        for rung in plan.rungs:
            rmtree(folder / rung.name, ignore_errors=True)
        plan = make_plan(probed, allow_copy=False)
        starts = _cut(source, folder, plan, probed, progress)
    encode.poster(source, folder / "poster.jpg", duration_ms=probed.duration_ms)
    progress(0.95)
    lengths = [after - before for before, after in zip(starts, [*starts[1:], probed.duration_ms], strict=True)]
    keys, rungs = {}, []
    for rung in plan.rungs:
        keys[rung.name] = encode.encrypt_rung(folder / rung.name, len(starts), SEGMENTS_PER_KEY)
        (folder / rung.name / "index.m3u8").write_text(playlists.media_playlist(rung.name, lengths, SEGMENTS_PER_KEY))
        rungs.append(_describe(folder, rung.name, rung.width, rung.height, lengths, audio=plan.audio))
    (folder / "master.m3u8").write_text(playlists.master_playlist(rungs))
    settle(folder)
    width, height = probed.shown_size
    return Packed(probed.duration_ms, width, height, rungs, key_windows(starts, probed.duration_ms), keys)


def _cut(source: Path, folder: Path, plan: Plan, probed: Probed, progress: encode.Progress) -> list[int]:
    made = encode.cut_rungs(
        source, folder, plan, duration_ms=probed.duration_ms, progress=lambda share: progress(0.02 + 0.9 * share)
    )
    expected = [0, *plan.cuts_ms]
    late_ms = round(LATE_PICTURES * 1_000 / max(plan.frames_per_second, FEWEST_PICTURES)) + ROUNDED_MS
    tolerance_ms = max(BOUNDARY_TOLERANCE_MS, late_ms)
    for rung, starts in made.items():
        offset = starts[0] if starts else 0
        even = len(starts) == len(expected) and all(
            abs(start - offset - wanted) <= tolerance_ms for start, wanted in zip(starts, expected, strict=True)
        )
        if not even or any(not (folder / rung / f"{number:05}.ts").stat().st_size for number in range(len(starts))):
            raise MediaError("视频的画面时间不连续，无法切分。请重新导出为 MP4 后上传。")
    return expected


def _describe(
    folder: Path, name: str, width: int, height: int, lengths: list[int], *, audio: bool
) -> dict[str, str | int]:
    peak = max(
        (folder / name / f"{number:05}.ts").stat().st_size * 8000 // length for number, length in enumerate(lengths)
    )
    codecs = "avc1.4d401f,mp4a.40.2" if audio else "avc1.4d401f"
    return {"name": name, "width": width, "height": height, "bandwidth": peak, "codecs": codecs}


def settle(folder: Path) -> None:
    """Everything on the disk before the database may speak of it."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
