"""What an uploaded video is, told by its packets and its first picture (PyAV, FFmpeg's libraries)."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zhenxue.catalogue.media.errors import MediaError

if TYPE_CHECKING:
    import av

SHORTEST_MS = 1_000
LONGEST_MS = 6 * 3600 * 1000
SMALLEST_SIDE = 64
LARGEST_SIDE = 8192
MAX_KEYFRAMES = 500_000

#: An uploaded "video" may be a playlist that names other files or addresses; only plain containers read from the disk.
SAFE_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,rm,mxf",
}

NOT_A_VIDEO = "这个文件不是视频，或已损坏，无法打开。请上传 MP4 等常见视频文件，上传前先在电脑上播放确认。"
STILL_CODECS = {"mjpeg", "png", "bmp", "gif", "webp", "tiff"}


@dataclass(frozen=True, slots=True)
class Probed:
    """Facts of a video file. ``keyframes_ms`` are moments from the start at which a copy of the stream could be cut."""

    duration_ms: int
    width: int
    height: int
    rotation: int
    video_codec: str
    pixel_format: str
    profile: str
    bits_per_second: int
    frames_per_second: float
    audio_codec: str | None
    audio_profile: str
    audio_channels: int
    keyframes_ms: tuple[float, ...]
    ordered: bool  # decoding times never go back

    @property
    def short_side(self) -> int:
        return min(self.width, self.height)

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height after the rotation that the file asks for."""
        return (self.height, self.width) if self.rotation % 180 else (self.width, self.height)


def probe_video(path: Path) -> Probed:
    """Open, look at the first picture, walk all packets. Raises ``MediaError`` with the reason in words."""
    import av  # here: every process would start later by the time that this library takes to load
    from av.error import FFmpegError

    try:
        with av.open(str(path), options=dict(SAFE_OPTIONS)) as container:
            return _probe(container)
    except (FFmpegError, ValueError, IndexError, EOFError) as error:
        raise MediaError(NOT_A_VIDEO) from error


def _probe(container: "av.container.InputContainer") -> Probed:
    pictures = [stream for stream in container.streams.video if getattr(stream, "codec_context", None)]
    if not pictures:
        if container.streams.audio:
            raise MediaError("这个文件只有声音，没有画面。请上传带画面的视频。")
        raise MediaError(NOT_A_VIDEO)
    stream = pictures[0]
    sounds = container.streams.audio
    if stream.codec_context.name in STILL_CODECS and stream.frames <= 1:
        raise MediaError("这个文件只有声音和封面图片，没有视频画面。请上传带画面的视频。" if sounds else NOT_A_VIDEO)
    first = next(container.decode(stream), None)
    if first is None:
        raise MediaError("视频里没有可以播放的画面，可能没有录制完整。请重新导出后上传。")
    width, height, rotation = first.width, first.height, int(first.rotation)
    if min(width, height) < SMALLEST_SIDE or max(width, height) > LARGEST_SIDE:
        raise MediaError(f"画面大小 {width}×{height} 不合适，请用 {SMALLEST_SIDE} 到 {LARGEST_SIDE} 像素之间的视频。")
    container.seek(0)
    keyframes, last_ms, ordered = _walk(container, stream)
    duration_ms = round(max(last_ms, 0))
    if duration_ms < SHORTEST_MS:
        raise MediaError("视频不到 1 秒，可能没有录制完整。请检查后重新上传。")
    if duration_ms > LONGEST_MS:
        raise MediaError(f"视频有 {duration_ms / 3_600_000:.1f} 小时，超过 6 小时。请按内容分成几段再上传。")
    sound = next((one for one in sounds if getattr(one, "codec_context", None)), None)
    return Probed(
        duration_ms=duration_ms,
        width=width,
        height=height,
        rotation=rotation,
        video_codec=stream.codec_context.name,
        pixel_format=stream.codec_context.pix_fmt or "",
        profile=stream.profile or "",
        bits_per_second=int((container.size or 0) * 8000 / duration_ms),
        frames_per_second=float(stream.average_rate or 0),
        audio_codec=sound.codec_context.name if sound else None,
        audio_profile=(sound.profile or "") if sound else "",
        audio_channels=sound.codec_context.layout.nb_channels if sound else 0,
        keyframes_ms=tuple(keyframes),
        ordered=ordered,
    )


def _walk(container: "av.container.InputContainer", stream: "av.VideoStream") -> tuple[list[float], float, bool]:
    """Keyframe moments, the end of the last packet (ms from the start), and whether decoding times only grow."""
    start = (container.start_time or 0) / 1000
    base = float(stream.time_base or 0) * 1000
    keyframes: list[float] = []
    end, ordered, previous = 0.0, True, None
    for packet in container.demux(stream):
        if packet.pts is None:
            continue
        moment = packet.pts * base - start
        end = max(end, moment + (packet.duration or 0) * base)
        if packet.is_keyframe and len(keyframes) < MAX_KEYFRAMES:
            keyframes.append(moment)
        if packet.dts is not None:
            ordered = ordered and (previous is None or packet.dts > previous)
            previous = packet.dts
    return sorted(keyframes), end, ordered
