"""HLS playlists (RFC 8216) as text: written with placeholders, rewritten for whoever may play. Pure."""

import re
from collections.abc import Callable

KEY_SCHEME = "zhenxue-key:"
_KEY = re.compile(rf'URI="{KEY_SCHEME}([^:"]+):(\d+)"')

type KeyUrl = Callable[[str, int], str]
type NameUrl = Callable[[str], str]


def media_playlist(rung: str, segments_ms: list[int], segments_per_key: int) -> str:
    """One rung: durations in ms, a key line where each key's span starts, names relative to the video's folder.

    The initialisation vector is the segment's sequence number (RFC 8216, 5.2), so none is written.
    """
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{max(-(-length // 1000) for length in segments_ms)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    for number, length in enumerate(segments_ms):
        if number % segments_per_key == 0:
            lines.append(f'#EXT-X-KEY:METHOD=AES-128,URI="{KEY_SCHEME}{rung}:{number // segments_per_key}"')
        lines += [f"#EXTINF:{length / 1000:.3f},", segment_name(rung, number)]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def segment_name(rung: str, number: int) -> str:
    """``720p/00012.ts``."""
    return f"{rung}/{number:05}.ts"


def master_playlist(rungs: list[dict[str, str | int]]) -> str:
    """The list of qualities, best first: ``name``, ``width``, ``height``, ``bandwidth``."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3"]
    for rung in rungs:
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={rung['bandwidth']},RESOLUTION={rung['width']}x{rung['height']},"
            f'CODECS="{rung["codecs"]}",NAME="{rung["name"]}"'
        )
        lines.append(f"{rung['name']}/index.m3u8")
    return "\n".join([*lines, ""])


def rewrite(
    text: str, *, key_url: KeyUrl | None = None, segment_url: NameUrl | None = None, rung_url: NameUrl | None = None
) -> str:
    """Put real addresses into a stored playlist; what no function is given for stays as it is.

    ``key_url(rung, index)`` for keys, ``segment_url("720p/00012.ts")`` for segments, ``rung_url("720p")`` for the rungs
    of a master list.
    """
    if key_url is not None:
        text = _KEY.sub(lambda found: f'URI="{key_url(found[1], int(found[2]))}"', text)
    lines = []
    for line in text.split("\n"):
        if line and not line.startswith("#"):
            if line.endswith("/index.m3u8"):
                line = rung_url(line.removesuffix("/index.m3u8")) if rung_url else line
            elif segment_url is not None:
                line = segment_url(line)
        lines.append(line)
    return "\n".join(lines)
