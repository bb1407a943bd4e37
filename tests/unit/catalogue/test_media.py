"""Encoding and drawing by themselves: what ffmpeg reads, when it ends, how small a page becomes."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.factories.catalogue import video_bytes
from zhenxue.catalogue.media import draw, encode, pack
from zhenxue.catalogue.media.errors import MediaError


def test_a_playlist_in_disguise_reads_nothing_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ts"
    secret.write_bytes(video_bytes(seconds=2, options=("-f", "mpegts")))
    disguised = tmp_path / "video.mp4"
    disguised.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret.as_uri()}\n#EXT-X-ENDLIST\n")
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(MediaError):
        pack.pack_video(disguised, folder, progress=lambda _: None)
    concat = tmp_path / "list.mp4"
    concat.write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    with pytest.raises(MediaError):
        pack.pack_video(concat, folder, progress=lambda _: None)


def test_ffmpeg_dies_with_its_worker(tmp_path: Path) -> None:
    """A worker killed by SIGKILL leaves no encoder behind, which by itself would never end."""
    source = tmp_path / "film.mp4"
    source.write_bytes(video_bytes())
    code = (
        "import sys; from zhenxue.catalogue.media.encode import run_ffmpeg; "
        "arguments = ['-re', '-stream_loop', '-1', '-i', sys.argv[1], '-f', 'null', '-']; "
        "run_ffmpeg(arguments, duration_ms=60000, progress=lambda share: print(share, flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(source)], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        assert len(children) == 1
        worker.kill()
    for _ in range(600):
        if not Path(f"/proc/{children[0]}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{children[0]}").exists()


def test_progress_never_falls_when_ffmpeg_says_less_than_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does on a busy machine: 90 % and then 56 % were seen."""
    speaker = tmp_path / "speaker"
    speaker.write_text(
        "#!/bin/sh\nfor at in N/A 5000000 9000000 5600000 10000000 9900000; do echo out_time_us=$at; done\n"
    )
    speaker.chmod(0o755)
    monkeypatch.setattr(encode, "get_ffmpeg_exe", lambda: str(speaker))
    seen: list[float] = []
    encode.run_ffmpeg([], duration_ms=10_000, progress=seen.append)
    assert seen == [0.5, 0.9, 0.9, 1.0, 1.0]


def test_a_page_full_of_pictures_is_pressed_into_the_limit() -> None:
    noise = Image.effect_noise((1240, 1754), 60).convert("RGB")
    smallest, data = draw._compress(noise)
    assert (smallest.size, len(data) < 400_000) == ((868, 1228), True)
    scan = Image.blend(noise, Image.new("RGB", noise.size, "white"), 0.85)
    made, data = draw._compress(scan)
    assert len(data) <= draw.MOST_BYTES
    assert made.width >= 868
