"""How a video will be cut and encoded; pure, decided before the first frame is touched."""

from dataclasses import dataclass
from itertools import pairwise

from zhenxue.catalogue.media.probe import Probed

SEGMENT_MS = 5_000
#: A copied stream can only be cut at its own keyframes; farther apart than this, it is encoded instead.
LONGEST_SEGMENT_MS = 8_000
SHORTEST_SEGMENT_MS = 4_000
#: A new content key every so many segments.
SEGMENTS_PER_KEY = 3
TOP_SIDE = 720
LOW_SIDE = 360
COPY_MOST_BITS = 4_500_000
COPY_PROFILES = {"Constrained Baseline", "Baseline", "Main", "High"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One quality. ``copy`` takes the pictures as they are."""

    name: str
    width: int
    height: int
    copy: bool
    crf: int
    max_bits: int
    audio_bits: int


@dataclass(frozen=True, slots=True)
class Plan:
    """``cuts_ms`` are the moments at which segments begin, the first (0) left out; the same for every rung."""

    rungs: tuple[Rung, ...]
    cuts_ms: tuple[int, ...]
    audio: bool
    copy_audio: bool
    frames_per_second: float


def make_plan(probed: Probed, *, allow_copy: bool = True) -> Plan:
    """Two rungs: the top one up to 720 lines, copied when that is safe, and a low one for weak phones and lines."""
    cuts = _copy_cuts(probed) if allow_copy and can_copy(probed) else None
    copy = cuts is not None
    if cuts is None:
        cuts = [at for at in range(SEGMENT_MS, probed.duration_ms, SEGMENT_MS) if probed.duration_ms - at >= 1_000]
    width, height = probed.shown_size
    top_side = min(TOP_SIDE, probed.short_side)
    low_side = LOW_SIDE if top_side >= 480 else _even(top_side * 2 / 3)
    top = _rung(width, height, top_side, copy=copy, crf=23, max_bits=2_500_000, audio_bits=128_000)
    low = _rung(width, height, low_side, copy=False, crf=26, max_bits=700_000, audio_bits=64_000)
    if copy:
        top = Rung(top.name, width, height, True, 0, probed.bits_per_second, 128_000)
    return Plan(
        rungs=(top, low),
        cuts_ms=tuple(cuts),
        audio=probed.audio_codec is not None,
        copy_audio=copy and probed.audio_codec == "aac" and probed.audio_profile == "LC" and probed.audio_channels <= 2,
        frames_per_second=min(probed.frames_per_second or 25.0, 30.0),
    )


def can_copy(probed: Probed) -> bool:
    """Whether the pictures can go to any browser as they are, cut at their own keyframes."""
    return (
        probed.video_codec == "h264"
        and probed.pixel_format in {"yuv420p", "yuvj420p"}
        and probed.profile in COPY_PROFILES
        and probed.rotation == 0
        and probed.short_side <= TOP_SIDE
        and probed.width % 2 == 0
        and probed.height % 2 == 0
        and probed.bits_per_second <= COPY_MOST_BITS
        and 5 <= probed.frames_per_second <= 60
        and probed.ordered
        and bool(probed.keyframes_ms)
        and abs(probed.keyframes_ms[0]) < 1
    )


def _copy_cuts(probed: Probed) -> list[int] | None:
    cuts: list[int] = []
    last = 0.0
    for moment in probed.keyframes_ms:
        if moment - last >= SHORTEST_SEGMENT_MS and probed.duration_ms - moment >= 1_000:
            cuts.append(round(moment))
            last = moment
    edges = [0, *cuts, probed.duration_ms]
    if any(after - before > LONGEST_SEGMENT_MS for before, after in pairwise(edges)):
        return None
    return cuts


def _rung(width: int, height: int, side: int, *, copy: bool, crf: int, max_bits: int, audio_bits: int) -> Rung:
    scale = side / min(width, height)
    return Rung(f"{side}p", _even(width * scale), _even(height * scale), copy, crf, max_bits, audio_bits)


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def key_windows(starts_ms: list[int], duration_ms: int) -> list[tuple[int, int]]:
    """The span of each content key: from the start of its first segment to the start of the next key's, in order."""
    firsts = starts_ms[::SEGMENTS_PER_KEY]
    return list(zip(firsts, [*firsts[1:], duration_ms], strict=True))
