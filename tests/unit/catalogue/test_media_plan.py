"""How a video will be cut, and what stands in its playlists."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from zhenxue.catalogue.media import playlists
from zhenxue.catalogue.media.plan import LONGEST_SEGMENT_MS, SEGMENTS_PER_KEY, key_windows, make_plan
from zhenxue.catalogue.media.probe import Probed

GOOD = Probed(
    duration_ms=60_000,
    width=1280,
    height=720,
    rotation=0,
    video_codec="h264",
    pixel_format="yuv420p",
    profile="High",
    bits_per_second=2_000_000,
    frames_per_second=25.0,
    audio_codec="aac",
    audio_profile="LC",
    audio_channels=2,
    keyframes_ms=tuple(float(at) for at in range(0, 60_000, 2_000)),
    ordered=True,
)


def test_a_fitting_stream_is_copied_and_cut_at_its_own_keyframes() -> None:
    plan = make_plan(GOOD)
    assert [(rung.name, rung.copy) for rung in plan.rungs] == [("720p", True), ("360p", False)]
    assert set(plan.cuts_ms) <= set(GOOD.keyframes_ms)
    assert plan.copy_audio


def test_anything_doubtful_is_encoded_with_cuts_every_five_seconds() -> None:
    doubtful = [
        replace(GOOD, video_codec="hevc"),
        replace(GOOD, pixel_format="yuv420p10le"),
        replace(GOOD, profile="High 4:2:2"),
        replace(GOOD, rotation=90),
        replace(GOOD, height=1080, width=1920),
        replace(GOOD, bits_per_second=20_000_000),
        replace(GOOD, ordered=False),
        replace(GOOD, keyframes_ms=(0.0,)),
        replace(GOOD, keyframes_ms=(0.0, 20_000.0, 40_000.0)),
        replace(GOOD, keyframes_ms=(500.0, 4_500.0)),
    ]
    for probed in doubtful:
        plan = make_plan(probed)
        assert not plan.rungs[0].copy, probed
        assert plan.cuts_ms[:2] == (5_000, 10_000)


def test_an_upright_video_keeps_its_shape() -> None:
    plan = make_plan(replace(GOOD, width=1920, height=1080, rotation=90))
    assert [(rung.width, rung.height) for rung in plan.rungs] == [(720, 1280), (360, 640)]


def test_a_small_video_is_not_blown_up() -> None:
    plan = make_plan(replace(GOOD, width=320, height=240, video_codec="mpeg4"))
    assert [rung.name for rung in plan.rungs] == ["240p", "160p"]


@given(st.lists(st.floats(200, 9_000), min_size=1, max_size=60), st.integers(0, 9_000))
def test_copied_segments_are_never_longer_than_allowed(gaps: list[float], rest: int) -> None:
    keyframes = [0.0]
    for gap in gaps:
        keyframes.append(keyframes[-1] + gap)
    duration = int(keyframes[-1]) + rest + 1_000
    plan = make_plan(replace(GOOD, keyframes_ms=tuple(keyframes), duration_ms=duration))
    edges = [0, *plan.cuts_ms, duration]
    assert all(0 < after - before <= LONGEST_SEGMENT_MS + 1 for before, after in pairwise(edges))


@given(st.integers(1, 400))
def test_key_windows_cover_the_video_without_gap_or_overlap(count: int) -> None:
    starts = [number * 5_000 for number in range(count)]
    windows = key_windows(starts, count * 5_000)
    assert windows[0][0] == 0
    assert windows[-1][1] == count * 5_000
    assert all(before[1] == after[0] for before, after in pairwise(windows))
    assert len(windows) == -(-count // SEGMENTS_PER_KEY)


def test_a_playlist_is_rewritten_for_whoever_may_play() -> None:
    text = playlists.media_playlist("360p", [5_000, 5_000, 5_000, 2_500], 3)
    assert "#EXT-X-TARGETDURATION:5" in text
    assert text.count("#EXT-X-KEY") == 2
    out = playlists.rewrite(
        text, key_url=lambda rung, index: f"/k/{rung}/{index}", segment_url=lambda name: f"/s/{name}"
    )
    assert 'URI="/k/360p/0"' in out
    assert 'URI="/k/360p/1"' in out
    assert "/s/360p/00003.ts" in out
    assert playlists.KEY_SCHEME not in out
    assert playlists.rewrite(text) == text


def test_the_master_list_names_each_rung() -> None:
    rung: dict[str, str | int] = {"name": "360p", "width": 640, "height": 360, "bandwidth": 5, "codecs": "avc1"}
    out = playlists.rewrite(playlists.master_playlist([rung]), rung_url=lambda name: f"/play/{name}.m3u8")
    assert "RESOLUTION=640x360" in out
    assert out.splitlines()[-1] == "/play/360p.m3u8"
