"""The video pipeline for real: what it makes plays with its keys only; what is no video fails in words."""

import datetime as dt
import io
import itertools
import os
import re
import subprocess
from pathlib import Path

import av
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from django_tasks_db.models import DBTaskResult
from imageio_ffmpeg import get_ffmpeg_exe

from tests.factories.catalogue import author_of, make_material, make_ready_video, packed_before, video_bytes
from tests.factories.identity import NOW, make_organisation
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue import tasks
from zhenxue.catalogue.data import MaterialState
from zhenxue.catalogue.media import pack
from zhenxue.catalogue.media.plan import SEGMENTS_PER_KEY
from zhenxue.catalogue.models import Material, MediaKey, Video
from zhenxue.catalogue.operations import materials, processing, videos
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel import storage
from zhenxue.kernel.errors import Conflict, NotFound

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(minutes=5)


@pytest.fixture
def author() -> Actor:
    return author_of(make_organisation())


def add_video(author: Actor, data: bytes) -> Material:
    return make_material(data, "示范.mp4", actor=author)


def process_again(material: Material) -> Material:
    """For tests that are not about what FFmpeg makes: that was made before."""
    with packed_before():
        return process(material)


def process(material: Material) -> Material:
    catalogue.process_video(material_id=material.pk, clock=lambda: NOW)
    return Material.objects.select_related("video").get(pk=material.pk)


def write_for_ffmpeg(video: Video, rung: str, folder: Path, *, wrong_keys: bool = False) -> Path:
    """The rung's playlist with keys and segments as plain local files."""

    def key_url(name: str, index: int) -> str:
        key = bytes.fromhex(catalogue.content_key(video.material_id, name, index).key_hex)
        path = folder / f"{name}-{index}.key"
        path.write_bytes(os.urandom(16) if wrong_keys else key)
        return str(path)

    text = catalogue.read_playlist(
        video, rung, key_url=key_url, segment_url=lambda name: str(catalogue.media_path(video, name))
    )
    path = folder / f"{rung}.m3u8"
    path.write_text(text)
    return path


def decoded_seconds(playlist: Path) -> float:
    """How long what FFmpeg can decode of a playlist lasts, every picture and sound checked."""
    command = [get_ffmpeg_exe(), "-v", "error", "-xerror", "-allowed_extensions", "ALL", "-allowed_segment_extensions"]
    command += [
        "ALL",
        "-protocol_whitelist",
        "file,crypto",
        "-i",
        str(playlist),
        "-f",
        "null",
        "-progress",
        "pipe:1",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    moments = re.findall(r"out_time_us=(\d+)", done.stdout)
    return int(moments[-1]) / 1e6 if done.returncode == 0 and moments else 0.0


@pytest.mark.parametrize(
    ("size", "options"), [("640x480", ()), ("320x240", ("-g", "1000", "-r", "12"))], ids=["copied", "encoded"]
)
def test_a_video_becomes_two_rungs_that_play_with_their_keys_only(
    author: Actor, tmp_path: Path, size: str, options: tuple[str, ...]
) -> None:
    material = add_video(author, video_bytes(seconds=21, size=size, options=options))
    material = process_again(material)
    assert (material.state, material.progress, material.failure) == (MaterialState.READY, 100, "")
    video = material.video
    assert abs(video.duration_ms - 21_000) < 100
    names = [rung["name"] for rung in video.rungs]
    assert len(names) == 2
    for name in names:
        assert abs(decoded_seconds(write_for_ffmpeg(video, name, tmp_path)) - 21) < 0.3
        assert decoded_seconds(write_for_ffmpeg(video, name, tmp_path, wrong_keys=True)) == 0
    assert catalogue.media_path(video, "poster.jpg").read_bytes().startswith(b"\xff\xd8")


def test_key_windows_are_the_same_for_both_rungs_and_cover_the_video_exactly() -> None:
    video = make_ready_video(make_organisation(), 21, size="640x480").video
    windows = [catalogue.key_windows(video, rung["name"]) for rung in video.rungs]
    assert windows[0] == windows[1]
    spans = [(start, stop) for _, start, stop in windows[0]]
    assert spans[0][0] == 0
    assert spans[-1][1] == video.duration_ms
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    assert len(spans) >= 2
    for rung in video.rungs:
        text = catalogue.read_playlist(video, rung["name"])
        lengths = [round(float(found) * 1000) for found in re.findall(r"#EXTINF:([\d.]+)", text)]
        assert sum(lengths) == video.duration_ms
        starts = [0, *itertools.accumulate(lengths)][: len(lengths)]
        assert starts[::3] == [start for start, _ in spans]
        assert text.count("#EXT-X-KEY") == len(spans)


def plain_segment(video: Video, rung: str, number: int) -> bytes:
    """A segment decrypted as RFC 8216 says: AES-128-CBC, the sequence number as initialisation vector, PKCS7."""
    key = bytes.fromhex(catalogue.content_key(video.material_id, rung, number // SEGMENTS_PER_KEY).key_hex)
    decryptor = Cipher(algorithms.AES128(key), modes.CBC(number.to_bytes(16, "big"))).decryptor()
    sealed = catalogue.media_path(video, f"{rung}/{number:05}.ts").read_bytes()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(sealed) + decryptor.finalize()) + unpadder.finalize()


def test_segments_begin_with_a_keyframe_where_the_playlist_says_in_both_rungs() -> None:
    video = make_ready_video(make_organisation(), 21, size="640x480").video
    for rung in video.rungs:
        text = catalogue.read_playlist(video, rung["name"])
        lengths = [round(float(found) * 1000) for found in re.findall(r"#EXTINF:([\d.]+)", text)]
        said = [0, *itertools.accumulate(lengths)][: len(lengths)]
        found = []
        for number in range(len(lengths)):
            with av.open(io.BytesIO(plain_segment(video, rung["name"], number)), format="mpegts") as container:
                stream = container.streams.video[0]
                first = next(packet for packet in container.demux(stream) if packet.pts is not None)
                assert first.is_keyframe
                found.append(float(first.pts * (stream.time_base or 0)) * 1000)
        assert all(abs(moment - found[0] - wanted) < 100 for moment, wanted in zip(found, said, strict=True))


def test_keys_are_sealed_in_the_database_and_never_on_the_disk(author: Actor, own_files_folder: Path) -> None:
    from django.db import connection

    video = process(add_video(author, video_bytes(seconds=8))).video
    keys = [bytes.fromhex(key.key_hex) for key in MediaKey.objects.filter(video=video)]
    assert len(set(keys)) == len(keys) > 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT key_hex FROM catalogue_mediakey")
        assert all(row[0].startswith("v1.") for row in cursor.fetchall())
    for path in own_files_folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(key in content or key.hex().encode() in content for key in keys), path
    assert not list(own_files_folder.rglob("*.csv"))
    assert not list(own_files_folder.rglob(".work*"))


def test_a_file_that_only_looks_like_a_video_fails_in_words(author: Actor) -> None:
    broken = b"\x00\x00\x00\x18ftypmp42" + os.urandom(200_000)
    material = process(add_video(author, broken))
    assert material.state == MaterialState.FAILED
    assert "不是视频，或已损坏" in material.failure
    assert not hasattr(material, "video")


def test_sound_without_pictures_fails_in_words(author: Actor, tmp_path: Path) -> None:
    target = tmp_path / "sound.mp4"
    command = [get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "sine=duration=3", "-c:a", "aac", str(target)]
    subprocess.run(command, check=True)
    assert "只有声音" in process(add_video(author, target.read_bytes())).failure


def test_a_video_cut_off_in_the_middle_fails_in_words_or_plays_what_is_there(author: Actor) -> None:
    whole = video_bytes(seconds=8)
    material = process(add_video(author, whole[: len(whole) // 2]))
    assert material.state == MaterialState.FAILED
    assert material.failure


def test_lengths_beyond_reason_are_refused(author: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhenxue.catalogue.media.probe.LONGEST_MS", 5_000)
    assert "超过 6 小时" in process(add_video(author, video_bytes(seconds=8))).failure


def test_a_failed_video_can_be_tried_again_once_per_failure(author: Actor) -> None:
    material = process(add_video(author, b"\x00\x00\x00\x18ftypmp42" + bytes(5000)))
    again = materials.retry_material(actor=author, material_id=material.pk, now=NOW)
    assert (again.state, again.failure) == (MaterialState.UPLOADED, "")
    with pytest.raises(Conflict):
        materials.retry_material(actor=author, material_id=material.pk, now=NOW)
    storage.full_path(material.path).write_bytes(video_bytes(seconds=8))
    assert process_again(material).state == MaterialState.READY
    with pytest.raises(Conflict):
        materials.retry_material(actor=author, material_id=material.pk, now=NOW)


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs, as far as the database can tell."""


def test_a_killed_worker_leaves_a_video_that_is_picked_up_again(
    author: Actor, monkeypatch: pytest.MonkeyPatch, own_files_folder: Path
) -> None:
    material = add_video(author, video_bytes(seconds=8))

    def die(source: Path, folder: Path, *, progress: object) -> pack.Packed:
        (folder / "half.ts").write_bytes(b"half")
        raise Killed

    monkeypatch.setattr(videos, "pack_video", die)
    monkeypatch.setattr(processing.shutil, "rmtree", lambda *args, **more: None)
    with pytest.raises(Killed):
        process(material)
    monkeypatch.undo()
    material.refresh_from_db()
    assert material.state == MaterialState.PROCESSING
    assert list(own_files_folder.rglob(".work-*"))
    assert processing.rescue_materials(now=NOW + dt.timedelta(seconds=90)) == []
    assert processing.rescue_materials(now=LATER) == [material.pk]
    assert process_again(material).state == MaterialState.READY
    assert not list(own_files_folder.rglob(".work-*"))


def test_a_worker_that_was_overtaken_changes_nothing(author: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    material = add_video(author, video_bytes(seconds=8))
    real = pack.pack_video

    def slow(source: Path, folder: Path, *, progress: object) -> pack.Packed:
        packed = real(source, folder, progress=lambda _: None)
        Material.objects.filter(pk=material.pk).update(attempt=9)
        return packed

    monkeypatch.setattr(videos, "pack_video", slow)
    assert catalogue.process_video(material_id=material.pk, clock=lambda: NOW) is None
    material.refresh_from_db()
    assert (material.state, Video.objects.count()) == (MaterialState.PROCESSING, 0)
    assert not [path for path in storage.full_path("media").iterdir() if not path.name.startswith(".")]


def test_a_task_that_was_lost_is_queued_again_and_five_deaths_are_enough(author: Actor) -> None:
    material = add_video(author, video_bytes(seconds=8))
    assert processing.rescue_materials(now=LATER) == []
    assert processing.rescue_materials(now=NOW + dt.timedelta(minutes=11)) == [material.pk]
    Material.objects.filter(pk=material.pk).update(state=MaterialState.PROCESSING, attempt=5, heartbeat_at=NOW)
    assert processing.rescue_materials(now=LATER) == []
    material.refresh_from_db()
    assert material.state == MaterialState.FAILED
    assert "中断" in material.failure


def test_a_video_is_worked_on_once(author: Actor) -> None:
    material = process_again(add_video(author, video_bytes(seconds=8)))
    assert catalogue.process_video(material_id=material.pk, clock=lambda: NOW) is None
    assert catalogue.process_video(material_id=999, clock=lambda: NOW) is None
    assert Video.objects.count() == 1


def test_a_full_disk_is_said_and_can_be_tried_again(author: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    material = add_video(author, video_bytes(seconds=8))
    monkeypatch.setattr(storage, "has_room_for", lambda size: False)
    assert "存储空间不足" in process(material).failure


def test_media_names_lead_nowhere_else(author: Actor) -> None:
    video = make_ready_video(make_organisation(), 8).video
    for name in ("master.m3u8", "../../zhenxue.sqlite3", "720p/../poster.jpg", "240p/99999.ts", "poster.jpg/", ""):
        with pytest.raises(NotFound):
            catalogue.media_path(video, name)
    with pytest.raises(NotFound):
        catalogue.read_playlist(video, "../../x")
    with pytest.raises(NotFound):
        catalogue.content_key(video.material_id, "240p", 99)


def test_what_happened_to_a_material_is_in_the_log(author: Actor) -> None:
    material = process_again(add_video(author, video_bytes(seconds=8)))
    kinds = [entry.kind for entry in evidence.list_entries(refs=[f"material:{material.pk}"])]
    assert kinds == ["catalogue.material_ready", "catalogue.material_added"]


def test_an_added_video_is_queued_and_the_task_does_the_work(author: Actor) -> None:
    material = add_video(author, video_bytes(seconds=8))
    waiting = DBTaskResult.objects.get(queue_name="media")
    assert waiting.args_kwargs["args"] == [material.pk]
    assert tasks.process_material.call(material.pk) == "ready"
    assert tasks.process_material.call(material.pk) == ""
    Material.objects.filter(pk=material.pk).update(state=MaterialState.PROCESSING, heartbeat_at=NOW)
    tasks.rescue_materials(LATER)
    assert DBTaskResult.objects.filter(queue_name="media").count() == 2


def test_progress_is_written_while_the_work_goes_on(author: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    material = add_video(author, video_bytes(seconds=8))
    seen: list[int] = []
    moments = (NOW + dt.timedelta(seconds=2 * number) for number in itertools.count())
    real = processing.Reporter.__call__

    def watch(self: processing.Reporter, share: float) -> None:
        real(self, share)
        seen.append(Material.objects.get(pk=material.pk).progress)

    monkeypatch.setattr(processing.Reporter, "__call__", watch)
    assert catalogue.process_video(material_id=material.pk, clock=lambda: next(moments)) == MaterialState.READY
    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert 0 < seen[-1] < 100
