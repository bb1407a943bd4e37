"""The demo's courses: one with two real videos, a handbook, an illustrated text and a self-test; two shorter ones."""

import csv
import datetime as dt
import tempfile
from pathlib import Path

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import CourseFacts, PointDraft, PointKind, QuestionKind, UnitDraft
from zhenxue.config.demo.media import CONTENT, make_handbook, make_lesson
from zhenxue.identity.data import Actor
from zhenxue.kernel import sheets, uploads

OCCUPATION = "4-10-01-05"  # 养老护理员, national classification 2022
PRESSURE = "压力性损伤的预防"
LICENCE = "平台演示素材，由程序绘制，可自由使用"


def build_course(
    author: Actor, reviewer: Actor, now: dt.datetime, *, with_videos: bool, seconds_each: int | None = None
) -> int:
    """A published course of the author's organisation; gives the version's id."""
    standard = _standard(author, now)
    points = {point.code: point.pk for point in catalogue.list_points(standard.pk)}
    facts = CourseFacts(
        title="养老护理员（五级）线上理论" if with_videos else "养老护理基础（图文版）",
        domain="skill",
        occupation_code=OCCUPATION,
        standard_id=standard.pk,
        target_groups=("rural", "unemployed", "employee"),
        prerequisites="身体健康，能用手机看视频，会写字。",
        introduction="居家安全与手卫生、进食照护与噎食急救、生命体征测量、压力性损伤的预防。",
        features="短视频配手册和自测，学一段测一段，和线下实操一一对应。",
        organisation_form="线上自学应知内容，线下由教师示教并逐人练习。",
    )
    version = catalogue.create_course(actor=author, facts=facts, now=now)
    chapter = version.chapters.get()
    for draft in _units(author, points, now, with_videos=with_videos, seconds_each=seconds_each):
        unit = catalogue.add_unit(actor=author, chapter_id=chapter.pk, draft=draft, now=now)
        if unit.kind == "self_test":
            catalogue.import_questions(actor=author, unit_id=unit.pk, drafts=_questions()[:8])
        elif unit.title == PRESSURE:
            catalogue.import_questions(actor=author, unit_id=unit.pk, drafts=PRESSURE_QUESTIONS)
    catalogue.submit_version(actor=author, version_id=version.pk, now=now)
    catalogue.publish_version(actor=reviewer, version_id=version.pk, note="内容完整，素材有授权。", now=now)
    return version.pk


def _units(
    author: Actor, points: dict[str, int], now: dt.datetime, *, with_videos: bool, seconds_each: int | None
) -> list[UnitDraft]:
    def ids(*codes: str) -> tuple[int, ...]:
        return tuple(points[code] for code in codes)

    text = UnitDraft(
        "text",
        PRESSURE,
        minutes=3,
        body=(CONTENT / "text-unit.txt").read_text(),
        point_ids=ids("K2-2", "S2-2"),
    )
    test = UnitDraft("self_test", "自测：学会了吗", minutes=3, pass_percent=60, point_ids=ids("K3-2", "S3-2"))
    with tempfile.TemporaryDirectory() as folder:
        handbook = _material(author, make_handbook(Path(folder) / "生命体征测量手册.pdf"), "生命体征测量手册", now)
        _ready(catalogue.process_document(material_id=handbook, clock=lambda: now), "handbook")
        document = UnitDraft(
            "document", "生命体征测量手册", minutes=5, material_id=handbook, point_ids=ids("K3-1", "S3-1")
        )
        if not with_videos:
            rest = UnitDraft("text", "进食照护", minutes=3, body=FEEDING, point_ids=ids("K1-1", "K1-2", "K2-1", "S2-1"))
            return [rest, document, text, test]
        lessons = []
        for name, title, codes in (
            ("lesson-safety", "居家安全与手卫生", ("K1-1", "K1-2", "S3-1")),
            ("lesson-feeding", "进食照护与噎食急救", ("K2-1", "S2-1", "S3-2")),
        ):
            film = make_lesson(name, Path(folder) / f"{title}.mp4", seconds_each=seconds_each)
            material = _material(author, film, title, now)
            _ready(catalogue.process_video(material_id=material, clock=lambda: now), name)
            lessons.append(UnitDraft("video", title, material_id=material, point_ids=ids(*codes)))
    return [*lessons, document, text, test]


def _ready(state: str | None, name: str) -> None:
    if state != "ready":
        raise RuntimeError(f"the demo's material {name} was not processed: {state}")


#: The test below the text, which a learner does on the same page; the other reading is tested by the chapter's.
PRESSURE_QUESTIONS = [
    catalogue.QuestionDraft(
        QuestionKind.SINGLE,
        "长期卧床的老人至少多久翻一次身？",
        ("每 2 小时", "每 6 小时", "每天早晚各一次"),
        ("A",),
        "皮肤发红时要更勤。",
    ),
    catalogue.QuestionDraft(
        QuestionKind.TRUE_FALSE,
        "皮肤发红、松开手指不褪色时，应当用力按摩。",
        (),
        ("错",),
        "马上解除受压，不要按摩，并报告医护人员。",
    ),
]

FEEDING = """## 吃饭前

洗手，协助老人坐起或半卧，头稍前倾，确认老人清醒、能咽。

## 怎么喂

- 一口约一汤匙的三分之一，咽下一口再喂下一口
- 不催促，不说笑，**有呛咳马上停**
- 吃完保持半卧位 30 分钟
"""


def _standard(author: Actor, now: dt.datetime) -> catalogue.Standard:
    standard = catalogue.create_standard(
        actor=author,
        kind="post",
        code="DEMO-YLHL-5",
        name="养老护理员岗位规范（演示，五级）",
        occupation_code=OCCUPATION,
        source="演示用岗位规范，机构自编",
        now=now,
    )
    kinds = {kind.label: kind for kind in PointKind}
    with (CONTENT / "points.csv").open() as stream:
        drafts = [
            PointDraft(kinds[row["类别"]], row["编号"], row["内容"], row["职业功能"]) for row in csv.DictReader(stream)
        ]
    catalogue.import_points(actor=author, standard_id=standard.pk, drafts=drafts, now=now)
    return standard


def _questions() -> list[catalogue.QuestionDraft]:
    sheet = sheets.read_sheet((CONTENT / "questions.csv").read_bytes(), "questions.csv")
    rows = catalogue.read_question_table(sheets.table(sheet, catalogue.QUESTION_COLUMNS))
    return [row.draft for row in rows if row.draft is not None]


def _material(author: Actor, file: Path, title: str, now: dt.datetime) -> int:
    assert author.account_id is not None
    opened = uploads.create(
        owner_account_id=author.account_id,
        purpose=catalogue.UPLOAD_PURPOSE,
        file_name=file.name,
        size_bytes=file.stat().st_size,
        now=now,
    )
    offset = 0
    with file.open("rb") as stream:
        while offset < opened.size_bytes:
            done = uploads.append(
                upload_id=opened.pk, owner_account_id=author.account_id, offset=offset, read=stream.read, now=now
            )
            offset = done.received_bytes
    material = catalogue.add_material(
        actor=author, upload_id=str(opened.pk), title=title, licence_note=LICENCE, now=now
    )
    return material.pk
