"""Materials, standards and courses for tests, made through the operations; videos through the real pipeline.

Encoding and drawing are done once a test run: what was made is kept, and later callers get a copy of the files with
the same keys.
"""

import datetime as dt
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from unittest import mock

from imageio_ffmpeg import get_ffmpeg_exe
from pypdf import PdfWriter

from tests.factories.identity import NOW, actor_for, make_account, make_operator
from tests.support.laid import laid
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import CourseFacts, PointDraft, UnitDraft
from zhenxue.catalogue.management.commands.load_occupations import OWN_FILE
from zhenxue.catalogue.media import pack
from zhenxue.catalogue.media.pages import draw_pages
from zhenxue.catalogue.models import CourseVersion, Material, Occupation, Standard, Unit
from zhenxue.catalogue.operations import documents, videos
from zhenxue.config.demo.media import make_handbook
from zhenxue.identity.data import Actor, Role
from zhenxue.identity.models import Organisation
from zhenxue.kernel import storage, uploads

OCCUPATION = "6-31-01-01"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def make_occupations() -> None:
    """The whole classification, from the project's own file, once a test."""
    if not Occupation.objects.exists():
        catalogue.load_occupations(text=_occupation_file())


def author_of(organisation: Organisation) -> Actor:
    """A manager of the organisation, who may make courses for it."""
    role = Role.ENTERPRISE_MANAGER if organisation.kind == "enterprise" else Role.PROVIDER_MANAGER
    return actor_for(make_account(role, organisation))


def upload_bytes(actor: Actor, data: bytes, file_name: str, *, now: dt.datetime = NOW) -> str:
    """A finished upload of the actor; gives its id."""
    assert actor.account_id is not None
    opened = uploads.create(
        owner_account_id=actor.account_id,
        purpose=catalogue.UPLOAD_PURPOSE,
        file_name=file_name,
        size_bytes=len(data),
        now=now,
    )
    done = uploads.append(
        upload_id=opened.pk, owner_account_id=actor.account_id, offset=0, read=io.BytesIO(data).read, now=now
    )
    return str(done.pk)


def make_material(
    data: bytes,
    file_name: str,
    *,
    actor: Actor,
    title: str = "",
    licence_note: str = "本机构原创",
    now: dt.datetime = NOW,
) -> Material:
    """A material from bytes; a video is left waiting."""
    upload_id = upload_bytes(actor, data, file_name, now=now)
    return catalogue.add_material(
        actor=actor, upload_id=upload_id, title=title or file_name, licence_note=licence_note, now=now
    )


@laid
def make_document(
    organisation: Organisation, *, pages: int = 3, actor: Actor | None = None, now: dt.datetime = NOW
) -> Material:
    """A PDF of blank pages that a worker has drawn."""
    return _drawn(
        make_material(pdf_bytes(pages=pages), "讲义.pdf", actor=actor or author_of(organisation), now=now), now
    )


@laid
def make_handbook_document(organisation: Organisation, *, now: dt.datetime = NOW) -> Material:
    """A real Chinese PDF of two pages that a worker has drawn."""
    return _drawn(make_material(handbook_bytes(), "手册.pdf", actor=author_of(organisation), now=now), now)


def _drawn(material: Material, now: dt.datetime) -> Material:
    with packed_before():
        state = catalogue.process_document(material_id=material.pk, clock=lambda: now)
    assert state == "ready", Material.objects.get(pk=material.pk).failure
    return Material.objects.select_related("document").get(pk=material.pk)


@laid
def make_image(organisation: Organisation, *, actor: Actor | None = None, now: dt.datetime = NOW) -> Material:
    return make_material(PIXEL, "图.png", actor=actor or author_of(organisation), now=now)


@laid
def make_ready_video(
    organisation: Organisation,
    seconds: int = 8,
    *,
    size: str = "320x240",
    actor: Actor | None = None,
    now: dt.datetime = NOW,
) -> Material:
    """A video that a worker has made ready."""
    film = video_bytes(seconds=seconds, size=size)
    material = make_material(film, "示范.mp4", actor=actor or author_of(organisation), now=now)
    with packed_before():
        state = catalogue.process_video(material_id=material.pk, clock=lambda: now)
    assert state == "ready", Material.objects.get(pk=material.pk).failure
    return Material.objects.select_related("video").get(pk=material.pk)


@laid
def make_standard(actor: Actor, *, points: int = 4, now: dt.datetime = NOW) -> Standard:
    """A standard of the actor's organisation with so many points."""
    standard = catalogue.create_standard(
        actor=actor,
        kind="specialised",
        code=f"ZX-{Standard.objects.count() + 1}",
        name="直播销售专项职业能力考核规范",
        occupation_code=None,
        source="机构自编",
        now=now,
    )
    drafts = [
        PointDraft(("knowledge", "skill")[n % 2], f"{n // 2 + 1}.{n % 2 + 1}", f"要点{n + 1}", "直播准备")
        for n in range(points)
    ]
    if drafts:
        catalogue.import_points(actor=actor, standard_id=standard.pk, drafts=drafts, now=now)
    return standard


def make_facts(title: str = "直播销售入门", **changes: object) -> CourseFacts:
    """Complete facts."""
    words: dict[str, object] = {
        "title": title,
        "domain": "skill",
        "target_groups": ("rural", "unemployed"),
        "prerequisites": "会使用智能手机",
        "introduction": "直播前的准备、讲解与互动。",
        "features": "案例多，随学随练。",
        "organisation_form": "线上自学与线下实操结合",
    }
    return CourseFacts(**{**words, **changes})  # type: ignore[arg-type]  # a test may hand in anything


@laid
def make_draft_version(
    organisation: Organisation,
    *,
    title: str = "直播销售入门",
    units: list[UnitDraft] | None = None,
    actor: Actor | None = None,
    seconds: int = 8,
    now: dt.datetime = NOW,
) -> CourseVersion:
    """A complete draft; by default one video of ``seconds`` and one text unit of 5 minutes.

    Self-tests get a question, and so do reading units without a self-test after them.
    """
    actor = actor or author_of(organisation)
    version = catalogue.create_course(actor=actor, facts=make_facts(title), now=now)
    chapter = version.chapters.get()
    if units is None:
        video = make_ready_video(organisation, seconds, actor=actor, now=now)
        units = [
            UnitDraft("video", "认识直播间", material_id=video.pk),
            UnitDraft("text", "开播前检查", minutes=5, body="# 检查\n\n- 灯光\n- 网络"),
        ]
    tests = [number for number, draft in enumerate(units) if draft.kind == "self_test"]
    for number, draft in enumerate(units):
        unit = catalogue.add_unit(actor=actor, chapter_id=chapter.pk, draft=draft, now=now)
        if number in tests or (unit.kind != "video" and not any(number < later for later in tests)):
            add_question(actor, unit)
    return version


def add_question(actor: Actor, unit: Unit) -> None:
    """One question of a self-test (or of the test below a reading); ``right_answers`` answers it."""
    made, problems = catalogue.make_draft(kind="single", stem="先做什么？", options=["开灯", "关灯"], answer="A")
    assert made is not None, problems
    catalogue.save_question(actor=actor, unit_id=unit.pk, draft=made)


def right_answers(unit: Unit) -> dict[int, list[str]]:
    """The answers that pass a unit's self-test."""
    return {question.pk: list(question.answer) for question in catalogue.list_questions(unit.pk)}


@laid
def make_published_version(
    organisation: Organisation,
    *,
    title: str = "直播销售入门",
    units: list[UnitDraft] | None = None,
    seconds: int = 8,
    now: dt.datetime = NOW,
) -> CourseVersion:
    """A version that a reviewer has published."""
    actor = author_of(organisation)
    version = make_draft_version(organisation, title=title, units=units, actor=actor, seconds=seconds, now=now)
    catalogue.submit_version(actor=actor, version_id=version.pk, now=now)
    return catalogue.publish_version(actor=make_operator(Role.OPERATOR_REVIEWER), version_id=version.pk, now=now)


def pdf_bytes(*, pages: int = 3, password: str = "") -> bytes:
    """A PDF of blank pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=595, height=335)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


@lru_cache(maxsize=1)
def handbook_bytes() -> bytes:
    """The demo's handbook: a real PDF of two pages, Chinese, set by typst."""
    with tempfile.TemporaryDirectory() as folder:
        return make_handbook(Path(folder) / "手册.pdf").read_bytes()


@lru_cache(maxsize=32)
def video_bytes(*, seconds: int = 8, size: str = "320x240", options: tuple[str, ...] = (), sound: bool = True) -> bytes:
    """A small mp4 drawn by ffmpeg: a test picture, as few a second as a recorded screen has, and a tone."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "made.mp4"
        command = [get_ffmpeg_exe(), "-loglevel", "error", "-y"]
        command += ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=6:duration={seconds}"]
        if sound:
            command += ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}", "-c:a", "aac", "-b:a", "32k"]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p", *options, str(target)]
        subprocess.run(command, check=True)
        return target.read_bytes()


@contextmanager
def packed_before() -> Iterator[None]:
    """Within it, a source that was packed or drawn before in this run is not worked on again: its files are copied."""
    with (
        mock.patch.object(videos, "pack_video", _once(pack.pack_video)),
        mock.patch.object(documents, "draw_pages", _once(draw_pages)),
    ):
        yield


_kept: dict[tuple[str, str], tuple[Any, Path]] = {}
_folder = tempfile.TemporaryDirectory(prefix="zhenxue-packed-")


def _once[R](work: Callable[..., R]) -> Callable[..., R]:
    def copied(source: Path, folder: Path, *, progress: object) -> R:
        name, digest = work.__name__, storage.digest_of(source)
        if (name, digest) not in _kept:
            home = Path(_folder.name) / name / digest
            home.mkdir(parents=True)
            _kept[name, digest] = (work(source, home, progress=lambda _: None), home)
        made, home = _kept[name, digest]
        shutil.copytree(home, folder, dirs_exist_ok=True)
        return cast(R, made)

    return copied


@lru_cache(maxsize=1)
def _occupation_file() -> str:
    return OWN_FILE.read_text()
