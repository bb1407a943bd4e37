"""FFmpeg as a niced child process that reports its progress, and the AES-128 encryption of what it cut."""

import logging
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from imageio_ffmpeg import get_ffmpeg_exe

from zhenxue.catalogue.media import child
from zhenxue.catalogue.media.errors import MediaError
from zhenxue.catalogue.media.plan import Plan, Rung
from zhenxue.catalogue.media.probe import SAFE_OPTIONS

logger = logging.getLogger(__name__)

#: Nothing heard from FFmpeg for so long: it hangs.
SILENCE_SECONDS = 180
CUT_TOLERANCE_S = 0.002
SAFE_INPUT = [part for name, value in SAFE_OPTIONS.items() for part in (f"-{name}", value)]

type Progress = Callable[[float], None]


def run_ffmpeg(arguments: list[str], *, duration_ms: int, progress: Progress) -> None:
    """Run to the end, telling ``progress`` the share done (0-1), which never falls.

    FFmpeg's own word does on a busy machine (90 % and then 56 % of one run of several streams were seen).
    Raises ``MediaError`` when it fails or hangs.
    """
    farthest = 0.0

    def heard(line: str) -> None:
        nonlocal farthest
        name, _, value = line.strip().partition("=")
        if name == "out_time_us" and value.lstrip("-").isdigit():
            farthest = min(max(int(value) / 1000 / duration_ms, farthest), 1.0)
            progress(farthest)

    quiet = ["-hide_banner", "-nostdin", "-loglevel", "error", "-progress", "pipe:1", "-y"]
    ended = child.run([get_ffmpeg_exe(), *quiet, *arguments], silence_seconds=SILENCE_SECONDS, heard=heard)
    if ended.hung:
        raise MediaError("视频处理长时间没有进展，已停止。请重试；若仍失败，请用常见格式（MP4）重新导出后上传。")
    if ended.code != 0:
        logger.warning("ffmpeg stopped with %s: %s", ended.code, " | ".join(line.strip() for line in ended.tail))
        raise MediaError(_explain(ended.tail))


def _explain(lines: list[str]) -> str:
    text = " ".join(lines)
    if "No space left" in text:
        return "服务器存储空间不足，视频没有处理完。请联系平台运营机构扩容后重试。"
    return "视频内容有损坏，处理到中途失败。请在电脑上完整播放一遍确认，重新导出为 MP4 后上传。"


def cut_rungs(source: Path, folder: Path, plan: Plan, *, duration_ms: int, progress: Progress) -> dict[str, list[int]]:
    """Make every rung in one run and cut all at the same moments; gives each rung's segment starts in ms.

    Plain MPEG-TS segments ``<rung>/00000.ts`` lie in the folder afterwards, not encrypted yet.
    """
    cuts = ",".join(f"{at / 1000 - CUT_TOLERANCE_S:.3f}" for at in plan.cuts_ms)
    arguments = [*SAFE_INPUT, "-i", str(source)]
    for rung in plan.rungs:
        (folder / rung.name).mkdir()
        arguments += ["-map", "0:v:0", *(["-map", "0:a:0"] if plan.audio else []), "-sn", "-dn", "-map_metadata", "-1"]
        arguments += _pictures(rung, plan, cuts) + _sound(rung, plan)
        arguments += [
            "-f",
            "segment",
            "-segment_format",
            "mpegts",
            "-individual_header_trailer",
            "0",
            "-muxdelay",
            "0",
            "-muxpreload",
            "0",
        ]
        arguments += ["-segment_times", cuts] if cuts else ["-segment_time", "99999"]
        arguments += ["-segment_list", str(folder / f"{rung.name}.csv"), "-segment_list_type", "csv"]
        arguments += [str(folder / rung.name / "%05d.ts")]
    run_ffmpeg(arguments, duration_ms=duration_ms, progress=progress)
    return {rung.name: _read_starts(folder / f"{rung.name}.csv") for rung in plan.rungs}


def _pictures(rung: Rung, plan: Plan, cuts: str) -> list[str]:
    if rung.copy:
        return ["-c:v", "copy"]
    return [
        *("-vf", f"scale={rung.width}:{rung.height}:flags=bicubic,setsar=1"),
        *("-fpsmax", f"{max(plan.frames_per_second, 1):.3f}"),
        *("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-pix_fmt", "yuv420p"),
        *("-crf", str(rung.crf), "-maxrate", str(rung.max_bits), "-bufsize", str(2 * rung.max_bits)),
        *("-g", "100000", "-keyint_min", "1", "-sc_threshold", "0"),
        *(("-force_key_frames", cuts) if cuts else ()),
    ]


def _sound(rung: Rung, plan: Plan) -> list[str]:
    if not plan.audio:
        return ["-an"]
    if rung.copy and plan.copy_audio:
        return ["-c:a", "copy"]
    return ["-c:a", "aac", "-b:a", str(rung.audio_bits), "-ac", "2", "-ar", "44100"]


def _read_starts(listing: Path) -> list[int]:
    starts = [round(float(line.split(",")[1]) * 1000) for line in listing.read_text().splitlines() if line]
    listing.unlink()
    return starts


def poster(source: Path, target: Path, *, duration_ms: int) -> None:
    """A picture from near the beginning, at most 1280 wide."""
    at = min(duration_ms / 10, 10_000) / 1000
    run_ffmpeg(
        [
            *("-ss", f"{at:.3f}", *SAFE_INPUT, "-i", str(source), "-map", "0:v:0", "-frames:v", "1", "-update", "1"),
            *("-vf", "scale='min(1280,iw)':-2", "-q:v", "4", str(target)),
        ],
        duration_ms=duration_ms,
        progress=lambda _: None,
    )


def encrypt_rung(folder: Path, count: int, segments_per_key: int) -> list[bytes]:
    """Encrypt segments ``00000.ts`` … in place with AES-128-CBC, a fresh key every few; gives the keys, in order.

    RFC 8216 4.3.2.4 and 5.2: PKCS7 padding, initialisation vector = media sequence number, big-endian.
    """
    keys: list[bytes] = []
    for number in range(count):
        if number % segments_per_key == 0:
            keys.append(secrets.token_bytes(16))
        path = folder / f"{number:05}.ts"
        encryptor = Cipher(algorithms.AES128(keys[-1]), modes.CBC(number.to_bytes(16, "big"))).encryptor()
        padder = PKCS7(128).padder()
        sealed = path.with_suffix(".part")
        with path.open("rb") as plain, sealed.open("wb") as out:
            while piece := plain.read(256 * 1024):
                out.write(encryptor.update(padder.update(piece)))
            out.write(encryptor.update(padder.finalize()) + encryptor.finalize())
        sealed.replace(path)
    return keys
